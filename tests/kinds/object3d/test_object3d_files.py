"""Files of 3D things are kept byte for byte, with what they name beside them, and counted elsewhere."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import model_files as made
import numpy as np
import pytest

from diorama.media import Object3D, record_warnings

POINTS = np.array(made.CORNERS, "<f4")
FORMATS = ("obj", "gltf", "glb", "babylon", "stl", "pts.json", "ply", "pcd", "splat")
FACTS = {
    "obj": ("model", "y", 4, 6),
    "gltf": ("model", "y", 4, 4),
    "glb": ("model", "y", 4, 4),
    "babylon": ("model", "y", 4, 4),
    "stl": ("model", "z", 12, 4),
    "pts.json": ("cloud", "z", 2, None),
    "ply": ("mesh", "y", 4, 4),
    "pcd": ("cloud", "z", 4, None),
    "splat": ("splat", "-y", 2, None),
}


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format(trip, tmp_path: Path, file_format: str) -> None:
    path = made.every_file(tmp_path)[file_format]
    content = path.read_bytes()
    media = Object3D(path, caption="a thing")
    path.write_bytes(b"changed")
    done = trip(media)
    record = done.record
    assert (record.form, record.up, record.vertex_count, record.triangle_count) == FACTS[file_format]
    assert (record.format, record.name, record.caption) == (file_format, path.name, "a thing")
    assert record.is_right_handed == (file_format != "babylon")
    assert (record.note, record.missing, record_warnings(record)) == (None, [], [])
    assert done.loaded.file == content


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_way_to_give_a_file(trip, tmp_path: Path, file_format: str) -> None:
    path = made.every_file(tmp_path)[file_format]
    content = path.read_bytes()
    given: list[Any] = [str(path), path, content, bytearray(content), io.BytesIO(content)]
    for each in given:
        done = trip(Object3D.from_file(each, file_format))
        assert (done.record.format, done.loaded.file) == (file_format, content)
    with path.open("rb") as handle, path.open(encoding="latin-1") as text:
        handle.read()
        assert trip(Object3D(handle)).loaded.file == content
        # Even of a binary file that was opened as text.
        assert trip(Object3D(text)).loaded.file == content
    upper = tmp_path / f"THING.{file_format.upper()}"
    upper.write_bytes(content)
    assert trip(Object3D(upper)).record.format == file_format
    plain = tmp_path / "thing"
    plain.write_bytes(content)
    assert trip(Object3D(plain, file_type=f".{file_format.upper()}")).record.format == file_format


def test_text_streams(trip) -> None:
    text = made.obj_text()
    done = trip(Object3D(io.StringIO(text), file_type="obj"))
    assert done.loaded.file == text.encode()
    assert done.record.name is None


def test_what_was_just_written_is_read_from_its_start(trip, tmp_path: Path) -> None:
    stream = io.BytesIO()
    stream.write(made.stl_binary())
    assert trip(Object3D(stream, file_type="stl")).record.triangle_count == 4
    with (tmp_path / "new.obj").open("w") as handle:
        handle.write(made.obj_text())
        assert trip(Object3D(handle)).record.vertex_count == 4
    odd = tmp_path / "odd"
    odd.write_bytes(made.stl_binary())
    with odd.open("rb") as handle, pytest.raises(ValueError, match="Must pass file type"):
        Object3D(handle)


def test_the_name_of_a_file_goes_before_file_type(trip, tmp_path: Path) -> None:
    path = made.write_obj(tmp_path)
    assert trip(Object3D(path, file_type="glb")).record.format == "obj"
    assert trip(Object3D(path, file_type="nonsense")).record.format == "obj"


def test_a_pipe_can_be_read(trip) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as sink:
        sink.write(made.stl_binary())
    with os.fdopen(reading, "rb") as source:
        assert trip(Object3D(source, file_type="stl")).record.triangle_count == 4


class TestErrors:
    @pytest.mark.parametrize("name", ["thing.fbx", "thing", "scan.bin", "points.json", "obj", "a.usdz"])
    def test_unknown_types(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(ValueError, match=r"obj, gltf, glb, babylon, stl, pts.json, ply, pcd, splat"):
            Object3D(tmp_path / name)

    def test_paths(self, tmp_path: Path) -> None:
        (tmp_path / "folder.obj").mkdir()
        (tmp_path / "empty.stl").write_bytes(b"")
        os.mkfifo(tmp_path / "pipe.ply")
        with pytest.raises(FileNotFoundError):
            Object3D(tmp_path / "missing.obj")
        for name, message in (("folder.obj", "a folder"), ("empty.stl", "empty"), ("pipe.ply", "no regular")):
            with pytest.raises(ValueError, match=message):
                Object3D(tmp_path / name)
        with pytest.raises(ValueError, match="URL"):
            Object3D("https://example.org/thing.glb")

    def test_streams(self) -> None:
        with pytest.raises(ValueError, match="Must pass file type keyword argument when using io objects"):
            Object3D(io.StringIO("v 0 0 0"))
        with pytest.raises(ValueError, match="Must pass file type"):
            Object3D(b"v 0 0 0")
        with pytest.raises(ValueError, match="empty"):
            Object3D(io.BytesIO(b""), file_type="obj")
        with pytest.raises(ValueError, match="not one of them"):
            Object3D(io.BytesIO(b"x"), file_type="fbx")

    def test_companions(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            Object3D(b"v 0 0 0", file_type="obj", files={"a.mtl": tmp_path / "a.mtl"})


class TestCompanions:
    def test_obj(self, trip, tmp_path: Path) -> None:
        done = trip(Object3D(made.write_obj(tmp_path)))
        material = (tmp_path / "thing.mtl").read_bytes()
        assert done.loaded.files == {"thing.mtl": material, "skin colour.png": made.PNG}
        assert done.record.files["skin colour.png"].mime == "image/png"
        assert done.record.counts == {"materials": 1}

    def test_several_materials_and_folders(self, trip, tmp_path: Path) -> None:
        (tmp_path / "look").mkdir()
        (tmp_path / "a.mtl").write_text("bump -bm 0.2 .\\look\\a.png\nmap_Ks C:\\work\\far.png\n")
        (tmp_path / "look" / "b b.mtl").write_text("map_Kd near.png\r\nmap_d -o 0.5 -clamp on gone.png\r\n")
        for name in ("look/a.png", "far.png", "look/near.png"):
            (tmp_path / name).write_bytes(name.encode())
        (tmp_path / "thing.obj").write_text(
            "mtllib a.mtl none.mtl\nmtllib look/b b.mtl\nv 0 0 0\n#mtllib no.mtl"
        )
        done = trip(Object3D(tmp_path / "thing.obj"))
        assert sorted(done.loaded.files) == sorted(
            ["a.mtl", ".\\look\\a.png", "C:\\work\\far.png", "look/b b.mtl", "near.png"]
        )
        assert done.loaded.files["near.png"] == b"look/near.png"
        assert done.record.missing == ["none.mtl", "gone.png"]
        assert done.record.note == "not found beside it: none.mtl, gone.png"
        assert record_warnings(done.record) == [
            ("object3d.missing", "a file that a 3D model names was not found beside it", 2)
        ]

    def test_gltf(self, trip, tmp_path: Path) -> None:
        done = trip(Object3D(made.write_gltf(tmp_path)))
        assert done.loaded.files == {"parts/thing.bin": made.gltf_parts()[1], "skin%20colour.png": made.PNG}
        assert done.record.counts == {"meshes": 1, "nodes": 2, "materials": 1, "textures": 1}

    def test_glb_with_a_texture_beside_it(self, trip, tmp_path: Path) -> None:
        (tmp_path / "t.png").write_bytes(made.PNG)
        (tmp_path / "thing.glb").write_bytes(made.glb_bytes(images=[{"uri": "t.png"}]))
        assert trip(Object3D(tmp_path / "thing.glb")).loaded.files == {"t.png": made.PNG}

    def test_babylon(self, trip, tmp_path: Path) -> None:
        path = made.every_file(tmp_path)["babylon"]
        assert list(trip(Object3D(path)).loaded.files) == ["wood.jpg"]
        (tmp_path / "wood.jpg").unlink()
        assert trip(Object3D(path)).record.missing == ["wood.jpg"]

    def test_given_by_hand(self, trip, tmp_path: Path) -> None:
        (tmp_path / "elsewhere.png").write_bytes(made.PNG)
        files = {"thing.mtl": b"map_Kd a.png\nmap_Ks b.png", "a.png": tmp_path / "elsewhere.png"}
        done = trip(Object3D(made.obj_text("thing.mtl").encode(), file_type="obj", files=files))
        assert done.loaded.files == {"thing.mtl": b"map_Kd a.png\nmap_Ks b.png", "a.png": made.PNG}
        assert done.record.missing == ["b.png"]

    def test_streams_have_nothing_beside_them(self, trip) -> None:
        done = trip(Object3D(io.StringIO(made.obj_text("thing.mtl")), file_type="obj"))
        assert done.record.missing == ["thing.mtl"]

    @pytest.mark.parametrize(
        "uri",
        [
            "../secret.bin",
            "parts/../../secret.bin",
            "..\\secret.bin",
            "%2e%2e/secret.bin",
            "http://169.254.169.254/latest",
            "file:///etc/passwd",
            "//host/secret.bin",
            "link.bin",
            "linked/secret.bin",
            "pipe.bin",
            "parts",
            "a\0b",
            "",
        ],
    )
    def test_nothing_else_is_read(self, trip, tmp_path: Path, uri: str) -> None:
        home = tmp_path / "home"
        home.mkdir()
        (tmp_path / "secret.bin").write_bytes(b"secret")
        (home / "link.bin").symlink_to(tmp_path / "secret.bin")
        (home / "linked").symlink_to(tmp_path)
        os.mkfifo(home / "pipe.bin")
        path = made.write_gltf(home, buffers=[{"byteLength": 1, "uri": uri}], images=[])
        done = trip(Object3D(path))
        assert done.loaded.files == {}
        assert done.record.missing == ([uri] if uri else [])

    def test_absolute_paths_are_not_followed(self, trip, tmp_path: Path) -> None:
        (tmp_path / "home").mkdir()
        secret = tmp_path / "secret.png"
        secret.write_bytes(b"secret")
        path = made.write_obj(tmp_path / "home", texture="a.png")
        (tmp_path / "home" / "thing.mtl").write_text(f"map_Kd {secret}\n")
        assert trip(Object3D(path)).record.missing == [str(secret)]

    def test_data_uris_are_left_alone(self, trip, tmp_path: Path) -> None:
        buffers = [{"byteLength": 72, "uri": "data:application/octet-stream;base64," + "A" * 96}]
        record = trip(Object3D(made.write_gltf(tmp_path, buffers=buffers, images=[]))).record
        assert (record.files, record.missing, record.note) == ({}, [], None)

    def test_a_flood_of_names(self, trip, tmp_path: Path) -> None:
        images = [{"uri": f"{number}.png"} for number in range(5000)]
        record = trip(Object3D(made.write_gltf(tmp_path, images=images))).record
        assert len(record.missing) == 1000
        assert "and 995 more" in record.note


def test_options_for_files(trip, tmp_path: Path) -> None:
    path = made.every_file(tmp_path)["pcd"]
    box = {"corners": [[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]}
    record = trip(Object3D(path, boxes=[box], up="y", is_right_handed=False, sample_id="s")).record
    assert (len(record.boxes), record.up, record.is_right_handed, record.sample_id) == (1, "y", False, "s")
    assert repr(Object3D(path)) == "Object3D('thing.pcd', caption=None)"
    assert repr(Object3D(b"x", file_type="obj")) == "Object3D('obj', caption=None)"


def test_odd_names(trip, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/thing \xff.obj"))
    path.write_text(made.obj_text("lost\n.mtl"))
    assert trip(Object3D(path)).record.name == "thing \\udcff.obj"
