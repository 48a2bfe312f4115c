"""Large files of 3D things: their companions are found wherever their names stand, and nothing is in memory
as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from diorama.media import Object3D
from diorama.media.object3d import files

MIB = 1 << 20


def found_in(path: Path) -> tuple[list[str], list[str]]:
    header = Object3D(path).snapshot().header
    return header["files"], header["missing"]


@pytest.mark.parametrize("shift", range(0, 24_000, 1_499))
def test_names_are_found_in_all_pieces(shift: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names move along over the edges of three pieces of the file."""
    monkeypatch.setattr(files, "_PIECE_BYTES", 10_000)
    monkeypatch.setattr(files, "_JSON_LIMIT_BYTES", 0)
    for name in ("one.mtl", "two.mtl", "a.png", "b c.png", "é.bin"):
        (tmp_path / name).write_bytes(b"map_Kd a.png\n" if name == "one.mtl" else b"x")
    filler = "v 0.125 0.25 0.5\n"
    before, after = filler * (shift // len(filler)) + "#" * (shift % len(filler)), filler * 1000
    obj = tmp_path / "thing.obj"
    obj.write_text(f"mtllib two.mtl\n{before}\nmtllib one.mtl\n# mtllib none.mtl\n{after}")
    assert found_in(obj) == (["two.mtl", "one.mtl", "a.png"], [])
    gltf = tmp_path / "thing.gltf"
    uris = {"buffers": [{"uri": "é.bin"}, {"uri": "data:x" + "A" * 9000}], "images": [{"uri": "b%20c.png"}]}
    gltf.write_text(json.dumps({"asset": before, **uris, "extras": after}))
    assert found_in(gltf) == (["é.bin", "b%20c.png"], [])
    babylon = tmp_path / "thing.babylon"
    babylon.write_text(
        json.dumps({"x": before, "textures": [{"name": "a.png"}, {"url": "n.jpg"}], "y": after})
    )
    assert found_in(babylon) == (["a.png"], ["n.jpg"])


OF_MEMORY = """
import sys
import diorama

def peak():
    return next(int(line.split()[1]) >> 10 for line in open("/proc/self/status") if line.startswith("VmHWM"))

diorama.Object3D(sys.argv[2])
before = peak()
print(len(diorama.Object3D(sys.argv[1]).snapshot().buffers), peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks of memory are read from /proc")
@pytest.mark.parametrize("name", ["large.obj", "large.gltf", "large.glb", "large.babylon", "beside.obj"])
def test_none_is_in_memory_as_a_whole(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "small.obj").write_text("mtllib small.mtl\nv 0 0 0\n")
    (tmp_path / "beside.obj").write_text("mtllib beside.mtl\nv 0 0 0\n")
    (tmp_path / "beside.mtl").write_text("map_Kd beside.png\n")
    for large in (tmp_path / "beside.png", tmp_path / name):
        with large.open("ab") as file:
            if large.suffix == ".glb":
                file.write(
                    b"glTF" + bytes(8) + (30).to_bytes(4, "little") + b'JSON{"images":[{"uri":"x.png"}]}  '
                )
            file.truncate(8 if large.name == "beside.obj" else 96 * MIB)
    if name == "beside.obj":
        (tmp_path / name).write_text("mtllib beside.mtl\n")
    done = subprocess.run(
        [sys.executable, "-c", OF_MEMORY, str(tmp_path / name), str(tmp_path / "small.obj")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    buffers, peak_mib = map(int, done.stdout.split())
    assert buffers == (3 if name == "beside.obj" else 1)
    assert peak_mib < 40
