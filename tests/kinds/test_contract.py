"""What every kind must do, and the files that every kind must have."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

import diorama
import diorama.media
from diorama.media import (
    KINDS,
    KINDS_BY_NAME,
    Histogram,
    Image,
    MediaRecord,
    RunFile,
    UnknownRecord,
    decode_record,
    encode_record,
    plain_record,
)
from diorama.media.base import Kind, Media, Snapshot
from diorama.media.keep import set_keeper

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"

SAMPLES: dict[str, Media] = {
    "image": Image(np.arange(12, dtype=np.uint8).reshape(2, 2, 3), caption="four pixels", sample_id="a"),
    "histogram": Histogram([1, 2, 2, 3], num_bins=3, caption="four numbers", sample_id="a"),
    "file": RunFile("notes.txt", "short", caption="a note"),
}
for module in sorted(Path(__file__).with_name("samples").glob("*.py")):
    SAMPLES[module.stem] = runpy.run_path(str(module))["SAMPLE"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
class TestEveryKind:
    def test_has_its_place_everywhere(self, kind: Kind) -> None:
        assert (ROOT / "docs" / "media" / f"{kind.name}.md").is_file()
        assert list((GOLDEN / kind.name).glob("*.json"))
        view = ROOT / "web" / "src" / "media" / kind.name
        assert view.is_dir() or view.with_suffix(".tsx").is_file()

    def test_names_agree(self, kind: Kind) -> None:
        assert kind.name == kind.cls.KIND
        assert kind.record.__struct_config__.tag == kind.name
        assert KINDS_BY_NAME[kind.name] is kind

    def test_record_travels(self, kind, trip) -> None:
        record = trip(SAMPLES[kind.name]).record
        assert type(record) is kind.record
        assert record.caption == SAMPLES[kind.name].caption
        assert plain_record(record)["kind"] == kind.name
        as_json = msgspec.json.decode(msgspec.json.encode(record), type=MediaRecord)
        assert as_json == record

    def test_snapshot_is_plain(self, kind: Kind) -> None:
        snapshot = SAMPLES[kind.name].snapshot()
        assert isinstance(snapshot, Snapshot)
        assert snapshot.kind == kind.name
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(snapshot.header)) == snapshot.header

    def test_docstring_says_what_users_need(self, kind: Kind) -> None:
        assert kind.cls.__doc__ is not None
        for word in ("Accepts", "Raises", ">>>"):
            assert word in kind.cls.__doc__


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.glob("*/*.json")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_golden_records_decode_for_ever(path: Path) -> None:
    written = json.loads(path.read_text())
    record = decode_record(path.with_suffix(".msgpack").read_bytes())
    assert record == msgspec.json.decode(path.read_bytes(), type=MediaRecord)
    assert record == msgspec.convert(written, MediaRecord, strict=False)
    assert json.loads(json.dumps(plain_record(record))) == written
    assert decode_record(encode_record(record)) == record


def test_unknown_kinds_survive_verbatim() -> None:
    written = {"kind": "hologram", "blob": {"sha256": "ab"}, "caption": "soon", "n": [1, 2.5, None, True]}
    data = msgspec.msgpack.encode(written)
    record = decode_record(data)
    assert isinstance(record, UnknownRecord)
    assert (record.kind, record.caption, plain_record(record)) == ("hologram", "soon", written)
    assert encode_record(record) == data


@pytest.mark.parametrize("data", [b"", b"\xc0", msgspec.msgpack.encode({"no": "kind"}), b"\x81\xa4kind"])
def test_records_without_kind_are_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_record(data)


def test_known_kind_with_wrong_fields_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="bins"):
        decode_record(msgspec.msgpack.encode({"kind": "histogram", "values": [1]}))


def test_importing_media_imports_no_heavy_library() -> None:
    code = "import sys, diorama.media; print(sorted({'numpy', 'PIL', 'matplotlib'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "name", ["Image", "Histogram", "Classes", "ImageMask", "BoundingBoxes2D", "Polygons2D", "Keypoints2D"]
)
def test_users_find_them_at_the_top(name: str) -> None:
    assert getattr(diorama, name) is getattr(diorama.media, name)


def test_large_buffers_go_to_the_keeper_once() -> None:
    taken: list[bytes] = []

    class Spooled:
        def __init__(self, data: bytes) -> None:
            self.data = data
            self.size_bytes = len(data)

        def read(self) -> bytes:
            return self.data

    def keeper(view: memoryview) -> Spooled:
        taken.append(bytes(view))
        return Spooled(taken[-1])

    pixels = np.arange(200 * 200 * 3, dtype=np.uint8).reshape(200, 200, 3)
    set_keeper(keeper)
    try:
        image = Image(pixels)
        small = Image(pixels[:8, :8])
    finally:
        set_keeper(None)
    assert taken == [pixels.tobytes()]
    assert bytes(image.snapshot().buffers[0].read()) == pixels.tobytes()
    assert bytes(small.snapshot().buffers[0].read()) == pixels[:8, :8].tobytes()


def test_text_that_utf8_cannot_hold(trip) -> None:
    image = Image(
        [[1, 2]],
        caption="photo\udcff.png",
        sample_id="\ud800",
        masks={"m\udcff": {"mask_data": [[0, 1]], "class_labels": {1: "\udcff"}}},
        boxes={
            "b": {
                "box_data": [{"position": dict.fromkeys(("minX", "maxX", "minY", "maxY"), 0), "class_id": 1}],
                "class_labels": {1: "é\udcff"},
            }
        },
    )
    record = trip(image).record
    assert (record.caption, record.sample_id) == ("photo\\udcff.png", "\\ud800")
    assert record.masks["m\\udcff"].class_labels[1] == "\\udcff"
    assert record.boxes["b"].class_labels[1] == "é\\udcff"
    assert trip(Histogram([1], caption="\udcff")).record.caption == "\\udcff"
    assert trip(RunFile("\udcff", "\udcff")).loaded == b"\\udcff"


def test_run_files(trip) -> None:
    assert trip(RunFile("a/b.json", b"{}")).record.blob.mime == "application/json"
    assert (
        trip(RunFile("weights.zzz", memoryview(b"\x00\x01"))).record.blob.mime == "application/octet-stream"
    )
    assert trip(RunFile("x", "é", mime="text/x-own")).loaded == "é".encode()
    with pytest.raises(ValueError, match="name"):
        RunFile(" ", b"")
    with pytest.raises(TypeError, match="bytes or text"):
        RunFile("x", 5)  # type: ignore[arg-type]  # that is the test
