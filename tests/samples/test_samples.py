"""A folder of real files, through the whole way: stored byte for byte, their facts as its README says.

Needs DIORAMA_SAMPLES, a folder whose README.md has a table `file | what | source | licence | key facts`, with
sub-folders named by kind. Without it these tests are skipped: real media are seldom free to pass on.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import diorama
from diorama.api import Api

FOLDER = Path(os.environ.get("DIORAMA_SAMPLES", "/nowhere"))
README = FOLDER / "README.md"
FACTS: dict[str, str] = {}
if README.is_file():
    for line in README.read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
        if len(cells) > 5 and cells[1].startswith("`"):
            FACTS[cells[1].strip("`")] = cells[5]

pytestmark = [
    pytest.mark.skipif(not FACTS, reason="DIORAMA_SAMPLES names no folder of sample files"),
    pytest.mark.slow,
]

MODELS = (".obj", ".gltf", ".glb", ".stl", ".babylon")
CLOUDS = (".pcd", ".ply")
SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
MOLECULES = (".pdb", ".pqr", ".mmcif", ".mcif", ".cif", ".sdf", ".sd", ".gro", ".mol2", ".mmtf")


def files(folder: str, *suffixes: str) -> list[str]:
    if not FACTS:
        return []
    found = sorted(path for path in (FOLDER / folder).rglob("*") if path.suffix.lower() in suffixes)
    assert found, f"no {suffixes} in {folder}"
    return [str(path.relative_to(FOLDER)) for path in found]


def number(pattern: str, facts: str) -> float:
    found = re.search(pattern, facts)
    assert found is not None, f"{pattern} is not in {facts}"
    return float(found.group(1))


IMAGES = files("segmentation/images", ".png") + files("boxes", ".jpg") + files("pointclouds", ".png", ".jpg")
OBJECTS = files("models3d", *MODELS) + files("pointclouds", *CLOUDS)
ARRAYS = {
    "pointclouds/kitti/000001.bin": 4,
    "pointclouds/kitti/000008_reduced.bin": 4,
    "pointclouds/scannet_scene0000_00.bin": 6,
    "pointclouds/semantickitti/000000.bin": 4,
    "pointclouds/nuscenes/LIDAR_TOP.pcd.bin": 5,
}
AUDIO = files("audio", *SOUNDS)
VIDEO = files("video", ".mp4", ".webm", ".gif", ".ogv")
MOLECULE = files("molecules", *MOLECULES)
HTML = files("html", ".html")
TABLES = files("tables", ".csv")
NOTES = {
    "models3d/Babylogo.babylon": "not found beside it: LogoCompDiffuseMap.jpg",
    "models3d/spider.obj": "not found beside it",
    "video/animalSounds.ogv": "only a sound track",
}
"""What is not whole in the folder itself, and must be said."""


def points_of(name: str) -> Any:
    points = np.fromfile(FOLDER / name, np.float32).reshape(-1, ARRAYS[name])
    return points[:, :4] if ARRAYS[name] == 5 else points


def smiles() -> list[str]:
    return (FOLDER / "molecules/fda_drugs_200.smi").read_text().split()


def digits() -> Any:
    packed = gzip.decompress((FOLDER / "fashion-mnist/sprite450-images-idx3-ubyte.gz").read_bytes())
    return np.frombuffer(packed, np.uint8, offset=16).reshape(-1, 28, 28)


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """key -> what the store holds of it, after one run has logged everything."""
    store = tmp_path_factory.mktemp("samples") / "store"
    environ = {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}
    environ |= {"DIORAMA_DIR": str(store), "DIORAMA_STRICT": "1"}
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['log_all']()"
    subprocess.run([sys.executable, "-c", code, __file__], env=environ, check=True, timeout=280)
    [run] = Api(store=store).runs("samples")
    assert run.state == "finished"
    found: dict[str, Any] = {}
    for row in run.scan_history():
        found |= {key: value for key, value in row.items() if not key.startswith("_")}
    return found


def log_all() -> None:
    classes = json.loads((FOLDER / "segmentation/classes.json").read_text())
    with diorama.init(project="samples") as run:
        for name in IMAGES:
            mask = FOLDER / name.replace("/images/", "/masks/")
            is_masked = name.startswith("segmentation")
            masks = {"truth": {"path": str(mask), "class_labels": _names(classes)}} if is_masked else None
            run.log({name: diorama.Image(FOLDER / name, masks=masks)})
        for name in OBJECTS:
            run.log({name: diorama.Object3D(FOLDER / name)})
        for name in ARRAYS:
            run.log({name: diorama.Object3D(points_of(name))})
        for name in AUDIO:
            run.log({name: diorama.Audio(FOLDER / name)})
        for name in VIDEO:
            run.log({name: diorama.Video(str(FOLDER / name))})
        for name in MOLECULE:
            run.log({name: diorama.Molecule(FOLDER / name)})
        for name in HTML:
            run.log({name: diorama.Html(str(FOLDER / name), inject=False)})
        for name in TABLES:
            run.log({name: diorama.Table(dataframe=pd.read_csv(FOLDER / name))})
        run.log({"digits": [diorama.Image(digit) for digit in digits()]})
        table = diorama.Table(columns=["smiles", "molecule"])
        for text in smiles()[:20]:
            table.add_data(text, diorama.Molecule.from_smiles(text, convert_to_3d_and_optimize=False))
        run.log({"smiles": table})
        assert run.flush(wait=True, timeout_secs=240)


def _names(classes: Any) -> dict[int, str]:
    listed = classes["classes"] if isinstance(classes, dict) else classes
    return {int(one["id"]): one["name"] for one in listed}


@pytest.mark.parametrize("name", IMAGES + OBJECTS + AUDIO + VIDEO + MOLECULE + HTML)
def test_the_file_is_stored_byte_for_byte(name: str, logged: dict[str, Any]) -> None:
    item = logged[name]
    assert item.record.blob is not None
    assert item._get_blob(item.record.blob) == (FOLDER / name).read_bytes()
    note = getattr(item.record, "note", None)
    assert NOTES[name] in note if name in NOTES else not note


def test_masks(logged: dict[str, Any]) -> None:
    expected = json.loads((FOLDER / "segmentation/facts.json").read_text())["per_frame"]
    for name in files("segmentation/images", ".png"):
        layer = logged[name].record.masks["truth"]
        areas = {layer.class_labels[id_]: area for id_, area in layer.areas.items()}
        assert areas == {
            key: value for key, value in expected[Path(name).name]["pixels_per_class"].items() if value
        }
        width, height, _ = expected[Path(name).name]["image"]
        assert (logged[name].record.width, logged[name].record.height) == (width, height)


@pytest.mark.parametrize("name", OBJECTS)
def test_shapes(name: str, logged: dict[str, Any]) -> None:
    record, facts = logged[name].record, FACTS[name]
    if name.endswith(".pcd"):
        assert record.cloud.count == number(r"POINTS (\d+)", facts)
    elif name.endswith(".ply"):
        assert record.vertex_count == number(r"vertex=(\d+)", facts)
        assert record.triangle_count == number(r"face=(\d+)", facts)
    elif name.endswith(".obj"):
        assert record.vertex_count == number(r"\bv=(\d+)", facts)
        assert record.triangle_count == number(r"faces=(\d+)", facts)
    elif name.endswith(".stl"):
        assert record.triangle_count == number(r"(\d+) (?:facets|triangles)", facts)
    elif name.endswith(".babylon"):
        assert record.vertex_count == number(r" vertices=(\d+)", facts)
        assert record.triangle_count == number(r"triangles=(\d+)", facts)
    else:
        assert record.vertex_count == number(r"position-vertices=(\d+)", facts)
        assert record.triangle_count == number(r"indexed-triangles=(\d+)", facts)


def test_companions_are_kept(logged: dict[str, Any]) -> None:
    for name, companions in {
        "models3d/gltf_BoxTextured/BoxTextured.gltf": ["BoxTextured0.bin", "CesiumLogoFlat.png"],
        "models3d/fuze.obj": ["fuze.obj.mtl", "fuze uv.jpg"],
        "models3d/AnimatedMorphSphere/AnimatedMorphSphere.gltf": ["AnimatedMorphSphere.bin"],
    }.items():
        item = logged[name]
        files = {called.removeprefix("./"): blob for called, blob in item.record.files.items()}
        for companion in companions:
            kept = item._get_blob(files[companion])
            assert kept == ((FOLDER / name).parent / companion).read_bytes()


@pytest.mark.parametrize("name", ARRAYS)
def test_clouds(name: str, logged: dict[str, Any]) -> None:
    record, points = logged[name].record, points_of(name)
    assert record.cloud.count == len(points) == number(r"N=(\d+)", FACTS[name])
    low = [float(text) for text in re.search(r"min \[([^\]]+)", FACTS[name]).group(1).split(",")]  # type: ignore[union-attr]  # the README has it
    np.testing.assert_allclose(record.cloud.low, low[:3], atol=0.006)
    np.testing.assert_array_equal(logged[name].load().points, points)


@pytest.mark.parametrize("name", AUDIO)
def test_sounds(name: str, logged: dict[str, Any]) -> None:
    record, facts = logged[name].record, FACTS[name]
    assert record.sample_rate == number(r"(\d+) Hz", facts)
    assert record.channels == number(r"(\d) ch", facts)
    # The README's durations of compressed files come from their headers, which count the codec's padding.
    assert record.duration_secs == pytest.approx(number(r"duration ([\d.]+) s", facts), abs=0.06)
    if "frames=" in facts:
        assert record.frame_count == number(r"frames=(\d+)", facts)


@pytest.mark.parametrize("name", VIDEO)
def test_videos(name: str, logged: dict[str, Any]) -> None:
    record, facts = logged[name].record, FACTS[name]
    if facts.startswith("gif"):
        assert (record.width, record.height, record.frame_count) == (200, 150, 36)
        return
    assert record.duration_secs == pytest.approx(number(r"duration ([\d.]+) s", facts), abs=0.1)
    if facts.startswith("audio"):
        assert record.width is None
        return
    assert (record.width, record.height) == (number(r" (\d+)x", facts), number(r"x(\d+) avg", facts))
    assert record.fps == pytest.approx(number(r"avg_fps=([\d.]+)", facts), rel=0.01)
    assert record.frame_count == pytest.approx(number(r"packets\(frames\)=(\d+)", facts), abs=1)
    assert record.has_audio


@pytest.mark.parametrize("name", MOLECULE)
def test_molecules(name: str, logged: dict[str, Any]) -> None:
    record, facts = logged[name].record, FACTS[name]
    if "HETATM=" in facts:
        atoms = number(r"\bATOM=(\d+)", facts) + number(r"HETATM=(\d+)", facts)
    elif "numAtoms=" in facts:
        atoms = number(r"numAtoms=(\d+)", facts)
    elif "atom_site rows=" in facts:
        atoms = number(r"atom_site rows=(\d+)", facts)
    else:
        atoms = number(r"atoms=(\d+)", facts)
    if "molecule(s)" in facts:
        assert record.molecule_count == number(r"(\d+) molecule", facts)
        if record.molecule_count > 1:
            return
    assert record.atom_count == atoms


def test_pages(logged: dict[str, Any]) -> None:
    assert logged["html/bokeh_color_scatter.html"].record.title == "Bokeh Plot"
    assert logged["html/bokeh_color_scatter.html"].record.outside == ("cdn.pydata.org",)
    assert logged["html/displacy_ents.html"].record.outside == ()


@pytest.mark.parametrize("name", TABLES)
def test_tables(name: str, logged: dict[str, Any]) -> None:
    frame = pd.read_csv(FOLDER / name)
    record = logged[name].record
    assert record.row_count == len(frame) == number(r"(\d+) rows", FACTS[name])
    assert [column.name for column in record.columns] == list(frame.columns)
    pd.testing.assert_frame_equal(logged[name].load().get_dataframe(), frame, check_dtype=False)


def test_pictures_of_arrays(logged: dict[str, Any]) -> None:
    kept = np.stack([item.array for item in logged["digits"]])
    np.testing.assert_array_equal(kept, digits())
    assert kept.mean() == pytest.approx(
        number(r"mean ([\d.]+)", FACTS["fashion-mnist/sprite450-images-idx3-ubyte.gz"]), abs=1e-4
    )


def test_smiles(logged: dict[str, Any]) -> None:
    rows = list(logged["smiles"].load().iterrows())
    assert [row[1][0] for row in rows] == smiles()[:20]
    assert all(row[1][1].kind == "molecule" for row in rows)
