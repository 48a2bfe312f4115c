"""Files that are not what they say: refused with words, or kept byte for byte with a visible note."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diorama.media import Audio, Html, Image, Molecule, Object3D, Video
from diorama.media.core.base import Media

MAKERS: dict[str, Callable[[Any], Media]] = {
    **dict.fromkeys(("png", "jpg", "gif", "webp", "bmp", "tiff"), Image),
    **dict.fromkeys(("mp4", "webm", "ogv", "avi", "mov", "mkv"), Video),
    **dict.fromkeys(("wav", "flac", "ogg", "mp3", "m4a", "aiff"), Audio),
    **dict.fromkeys(("obj", "gltf", "glb", "babylon", "stl", "pts.json", "ply", "pcd", "splat"), Object3D),
    **dict.fromkeys(("pdb", "pqr", "mmcif", "mcif", "cif", "sdf", "sd", "gro", "mol2", "mmtf"), Molecule),
    "html": Html,
}
REFUSALS = (ValueError, TypeError, OSError)

HEADS = {
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xea`\x00\x00\xea`\x01\x00\x00\x00\x00",
    "jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc0\x00\x0b\x08",
    "gif": b"GIF89a\xff\xff\xff\xff\xf7\x00\x00",
    "webp": b"RIFF\xff\xff\xff\xffWEBPVP8 ",
    "bmp": b"BM\xff\xff\xff\x7f\x00\x00\x00\x006\x00\x00\x00(\x00\x00\x00",
    "tiff": b"II*\x00\x08\x00\x00\x00\xff\xff",
    "mp4": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\xff\xff\xff\xffmoov",
    "webm": b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04",
    "ogv": b"OggS\x00\x02" + b"\x00" * 20 + b"\x01\x2a\x80theora",
    "avi": b"RIFF\xff\xff\xff\xffAVI LIST",
    "wav": b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00\x01\x00\x00\x00\x00\xca\x9a;\x00\x00\x00\x00",
    "flac": b"fLaC\x00\x00\x00\x22" + b"\xff" * 34,
    "ogg": b"OggS\x00\x02" + b"\xff" * 22,
    "mp3": b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f",
    "glb": b"glTF\x02\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\x7fJSON",
    "gltf": b'{"asset":{"version":"2.0"},"buffers":[{"uri":"../../etc/passwd","byteLength":1e99}]}',
    "babylon": b'{"meshes":[{"positions":[0,0],"indices":[4000000000]}]}',
    "stl": b"\x00" * 80 + b"\xff\xff\xff\xff",
    "ply": b"ply\nformat binary_little_endian 1.0\nelement vertex 1000000000000\n"
    b"property float x\nproperty float y\nproperty float z\nend_header\n",
    "pcd": b"VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 1000000000\nHEIGHT 1\n"
    b"POINTS 1000000000\nDATA binary_compressed\n\xff\xff\xff\xff\xff\xff\xff\xff",
    "pts.json": b'{"type":"lidar/beta","points":[[NaN,1e999,"x"],[1]],"boxes":"none"}',
    "mmtf": b"\xdf\xff\xff\xff\xff",
}


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write(suffix: str, data: bytes) -> Path:
        path = tmp_path / f"bad.{suffix}"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("suffix", MAKERS)
@pytest.mark.parametrize("content", ["noise", "zeros", "text", "head"])
def test_kept_with_a_note_or_refused(suffix: str, content: str, file, trip) -> None:
    data = {
        "noise": bytes((i * 7919 + i * i * 31) % 256 for i in range(5000)),
        "zeros": bytes(5000),
        "text": b"this is no file of that kind\n" * 20,
        "head": HEADS.get(suffix, b"\x00") + b"\x01" * 200,
    }[content]
    path = file(suffix, data)
    try:
        media = MAKERS[suffix](path)
    except REFUSALS:
        return
    record = trip(media).record
    assert trip(media).blobs.held[record.blob.sha256] == data
    if suffix not in ("html", "obj"):  # any text is an HTML page, and an .obj without faces is still one
        assert record.note or content == "text"


@pytest.mark.parametrize("suffix", MAKERS)
def test_what_is_no_file_is_refused_at_once(suffix: str, tmp_path: Path) -> None:
    make = MAKERS[suffix]
    empty, folder, pipe = (tmp_path / f"{name}.{suffix}" for name in ("empty", "folder", "pipe"))
    empty.write_bytes(b"")
    folder.mkdir()
    os.mkfifo(pipe)
    for path in (folder, pipe, tmp_path / f"missing.{suffix}"):
        with pytest.raises(REFUSALS):
            make(path)
    if suffix != "html":
        with pytest.raises(REFUSALS):
            make(empty)
        with pytest.raises(REFUSALS):
            make(f"https://example.org/x.{suffix}")


GOOD_FILES = """
import sys
from pathlib import Path
import diorama

folder = Path(sys.argv[1])
makers = {"Image": ["png"], "Video": ["mp4", "gif"], "Audio": ["wav", "mp3"], "Html": ["html"],
          "Molecule": ["pdb", "sdf", "cif"],
          "Object3D": ["obj", "glb", "stl", "ply", "pcd", "pts.json"]}
with diorama.init(project="p", mode="offline") as run:
    for name, suffixes in makers.items():
        for suffix in suffixes:
            path = folder / f"x.{suffix}"
            run.log({suffix: getattr(diorama, name)(path)})
    table = diorama.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])
    table.add_data(3, "z")
    run.log({"table": table, "plot": diorama.plot.line(table, "a", "a"), "text": diorama.Text("hello")})
decoders = {"av", "soundfile", "rdkit", "pyarrow", "duckdb", "plotly", "pandas", "polars"}
print(sorted(decoders & set(sys.modules)))
"""


def test_the_training_process_loads_no_decoder(tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image as Pillow

    Pillow.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "x.png")
    for suffix in ("mp4", "gif", "wav", "mp3", "glb", "stl", "ply", "pcd"):
        (tmp_path / f"x.{suffix}").write_bytes(HEADS.get(suffix, b"\x01") + b"\x01" * 400)
    (tmp_path / "x.pdb").write_text(
        "ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00           C\n"
    )
    (tmp_path / "x.sdf").write_text("x\n\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n$$$$\n")
    (tmp_path / "x.cif").write_text("data_x\n_cell_length_a 1\n")
    (tmp_path / "x.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    (tmp_path / "x.pts.json").write_text('{"points": [[0, 0, 0]], "type": "lidar/beta"}')
    (tmp_path / "x.html").write_text("<p>hello</p>")
    environ = os.environ | {"DIORAMA_DIR": str(tmp_path / "store"), "DIORAMA_STRICT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", GOOD_FILES, str(tmp_path)],
        env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
