"""What every kind must do, and the files that every kind must have."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, get_args

import msgspec
import numpy as np
import PIL.Image
import pytest
from av_files import sound_file, video_file
from model_files import glb_bytes, ply_bytes
from molecule_files import PDB
from stand_in import stand_in

import diorama
import diorama.media
from diorama.errors import Corrupt
from diorama.media import (
    KINDS,
    KINDS_BY_NAME,
    Audio,
    Histogram,
    Html,
    Image,
    MediaRecord,
    Molecule,
    Object3D,
    RunFile,
    UnknownRecord,
    Video,
    decode_record,
    encode_record,
    plain_record,
    record_warnings,
)
from diorama.media.core import encoding, limited
from diorama.media.core.base import Kind, Media, PutBlob, Snapshot
from diorama.media.core.encoding import encode_media
from diorama.media.core.keep import set_keeper
from diorama.model import BlobRef
from diorama.store.values import blobs_in

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
MEDIA = Path(diorama.media.__path__[0])

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
        wanted = [
            f"docs/media/{kind.name}.md",
            f"tests/golden/{kind.name}/*.json",
            f"web/src/media/{kind.name}",
        ]
        missing = [f"{path} is missing" for path in wanted if not list(ROOT.glob(path))]
        if kind.name not in SAMPLES:
            missing.append(f"tests/kinds/samples/{kind.name}.py is missing")
        assert missing == []

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


def test_every_folder_and_record_has_its_place_in_the_lists() -> None:
    folders = {path.parent.name for path in MEDIA.glob("*/*.py")} - {"core", "plot"}
    missing = [f"src/diorama/media/{name} is no row of KINDS" for name in folders - set(KINDS_BY_NAME)]
    missing += [
        f"{name!r} has a sample, and is no row of KINDS" for name in set(SAMPLES) - set(KINDS_BY_NAME)
    ]
    records = get_args(MediaRecord)
    missing += [
        f"{kind.record.__name__} is no row of MediaRecord" for kind in KINDS if kind.record not in records
    ]
    assert missing == []


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


def _picture_file(folder: Path) -> Path:
    path = folder / "picture.png"
    PIL.Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(path)
    return path


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


FILES: dict[str, Callable[[Path], Media]] = {
    "image": lambda folder: Image(_picture_file(folder)),
    "image-grey": lambda folder: Image(_picture_file(folder), mode="L"),
    "audio": lambda folder: Audio(_written(folder / "a.mp3", sound_file("mp3", "libmp3lame"))),
    "video": lambda folder: Video(_written(folder / "a.mp4", video_file("mp4", "libx264"))),
    "html": lambda folder: Html(_written(folder / "a.html", b"<title>A</title><p>text</p>")),
    "molecule": lambda folder: Molecule(_written(folder / "a.pdb", PDB.encode())),
    "object3d": lambda folder: Object3D(_written(folder / "a.glb", glb_bytes())),
    "object3d-points": lambda folder: Object3D(
        _written(folder / "a.ply", ply_bytes(np.eye(3, dtype=np.float32)))
    ),
}

TROUBLES: list[BaseException] = [
    ValueError("odd pixels"),
    ZeroDivisionError(),
    OSError(errno.EIO, "Input/output error"),
    MemoryError(),
    RuntimeError("can't start new thread"),
    RecursionError(),
    SystemExit(3),
    KeyboardInterrupt(),
    type("PanicException", (BaseException,), {})("a library in Rust"),
]


@pytest.fixture
def put_and_held() -> tuple[PutBlob, dict[str, bytes]]:
    held: dict[str, bytes] = {}

    def put(data: bytes | bytearray | memoryview, mime: str) -> BlobRef:
        sha256 = hashlib.sha256(data).hexdigest()
        held[sha256] = bytes(data)
        return BlobRef(sha256, len(held[sha256]), mime)

    return put, held


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: type(trouble).__name__)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_whatever_an_encoder_does_the_bytes_are_kept(
    kind: Kind, trouble: BaseException, put_and_held, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(snapshot: Snapshot, put_blob: PutBlob) -> NoReturn:
        raise trouble

    put, held = put_and_held
    monkeypatch.setattr(encoding, "WAITS_SECS", (0.0,))
    monkeypatch.setitem(KINDS_BY_NAME, kind.name, dataclasses.replace(kind, encode=fail))
    snapshot = SAMPLES[kind.name].snapshot()
    record = encode_media(snapshot, put)
    fields = decode_record(encode_record(record)).fields  # type: ignore[union-attr]  # it is of no known kind
    assert (fields["kind"], fields["of"]) == ("failed", kind.name)
    assert [held[ref["sha256"]] for ref in fields["buffers"]] == [
        bytes(kept.read()) for kept in snapshot.buffers
    ]
    assert msgspec.msgpack.decode(held[fields["header"]["sha256"]]) == snapshot.header
    assert {ref.sha256 for ref in blobs_in(record)} == held.keys(), "the store keeps what the record names"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_store_that_fails_is_never_taken_for_a_fault_of_the_media(kind: Kind) -> None:
    class Away(ValueError):
        """Of a class that encoders catch."""

    asked: list[str] = []

    def put(data: bytes | bytearray | memoryview, mime: str) -> NoReturn:
        asked.append(mime)
        raise Away("come again")

    try:
        encode_media(SAMPLES[kind.name].snapshot(), put)
    except Away:
        assert asked
    else:
        assert not asked, "small media need no blob"


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.ENOMEM])
def test_a_machine_that_lacks_something_now_is_asked_again_later(
    number: int, put_and_held, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(snapshot: Snapshot, put_blob: PutBlob) -> NoReturn:
        raise OSError(number, "not now")

    kind = KINDS_BY_NAME["image"]
    monkeypatch.setitem(KINDS_BY_NAME, "image", dataclasses.replace(kind, encode=fail))
    with pytest.raises(OSError, match="not now"):
        encode_media(SAMPLES["image"].snapshot(), put_and_held[0])


def test_memory_that_comes_back_costs_nothing(put_and_held, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, calls = KINDS_BY_NAME["image"], []

    def encode(snapshot: Snapshot, put_blob: PutBlob) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise MemoryError
        return kind.encode(snapshot, put_blob)

    monkeypatch.setattr(encoding, "WAITS_SECS", (0.0,))
    monkeypatch.setitem(KINDS_BY_NAME, "image", dataclasses.replace(kind, encode=encode))
    assert type(encode_media(SAMPLES["image"].snapshot(), put_and_held[0])) is kind.record


def test_a_damaged_buffer_costs_only_itself(put_and_held) -> None:
    class Damaged:
        size_bytes = 12

        def read(self) -> NoReturn:
            raise Corrupt("spool file 000001.bin does not match its checksum")

        source = read

    put, held = put_and_held
    whole = SAMPLES["image"].snapshot()
    record = encode_media(Snapshot("image", whole.header, (Damaged(), *whole.buffers)), put)
    first, *others = record.fields["buffers"]
    assert first is None
    assert [held[ref["sha256"]] for ref in others] == [bytes(kept.read()) for kept in whole.buffers]


@pytest.mark.parametrize("make", FILES.values(), ids=FILES.keys())
def test_files_are_kept_where_no_process_can_start(
    make: Callable[[Path], Media], tmp_path: Path, put_and_held, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    put, held = put_and_held
    media = make(tmp_path)
    monkeypatch.setattr(limited, "START_WAITS_SECS", ())
    monkeypatch.setattr(limited, "_pool", limited._Pool())
    monkeypatch.setattr(limited, "subprocess", stand_in(subprocess, Popen=refuse))
    snapshot = media.snapshot()
    record = encode_media(snapshot, put)
    named = {ref.sha256 for ref in blobs_in(record)}
    for kept in snapshot.buffers:
        assert hashlib.sha256(kept.read()).hexdigest() in named & held.keys()
    assert record_warnings(record) or getattr(record, "note", None) or record.kind == "failed"
