"""T19, T20, T22: picture files that lie, explode or are none: kept byte for byte, or refused in words."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from diorama.media import KINDS_BY_NAME, Image
from diorama.media.image.header import read_header
from diorama.media.image.record import ImageRecord
from diorama.model import BlobRef

NOISE = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *chunks: bytes, bits: int = 8, kind: int = 0, pixels: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    body = chunk(b"IDAT", pixels or zlib.compress(b"\x00" * 100))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + body + chunk(b"IEND", b"")


def zeros(count: int) -> bytes:
    """zlib data of so many zero bytes, a thousandth as long."""
    deflater = zlib.compressobj(9)
    block = bytes(1 << 20)
    parts = [deflater.compress(block) for _ in range(count >> 20)]
    return b"".join([*parts, deflater.compress(bytes(count & 0xFFFFF)), deflater.flush()])


def saved(image: Pillow.Image, file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def kept(source: Any) -> ImageRecord:
    """The record of a picture, after checking that its bytes were stored as they are."""
    stored: dict[str, bytes] = {}

    def put(data: Any, mime: str) -> BlobRef:
        name = str(len(stored))
        stored[name] = bytes(data)
        return BlobRef(sha256=name, size_bytes=len(data), mime=mime)

    record = KINDS_BY_NAME["image"].encode(Image(source).snapshot(), put)
    assert isinstance(record, ImageRecord)
    assert stored[record.blob.sha256] == (source if isinstance(source, bytes) else Path(source).read_bytes())
    return record


BOMBS = {
    "60,000 x 60,000 of one bit": (
        lambda: png(60_000, 60_000, bits=1, pixels=zeros(60_000 * 7501)),
        "too large to preview",
    ),
    "more pixels than its bytes hold": (lambda: png(12_000, 12_000), "can't be decoded"),
    "a text chunk of 200 MB": (
        lambda: png(64, 2, chunk(b"zTXt", b"a\x00\x00" + zeros(200 << 20))),
        "can't be decoded",
    ),
    "a colour profile of 200 MB": (
        lambda: png(64, 2, chunk(b"iCCP", b"a\x00\x00" + zeros(200 << 20))),
        "can't be decoded",
    ),
    "rows that unpack to 1 GB": (lambda: png(64, 2, pixels=zeros(1 << 30)), None),
    "a jpeg of 65,500 squared": (
        lambda: b"\xff\xd8\xff\xc0\x00\x0b\x08\xff\xdc\xff\xdc\x01\x01\x11\x00\xff\xd9",
        "too large to preview",
    ),
    "a gif canvas of 65,000 squared": (
        lambda: b"GIF89a" + struct.pack("<HH", 65_000, 65_000) + b"\x00\x00\x00;",
        "too large to preview",
    ),
    "a webp of 16,383 squared without pixels": (
        lambda: (
            b"RIFF\x20\x00\x00\x00WEBPVP8X"
            + struct.pack("<I", 10)
            + b"\x00" * 4
            + b"\xfe\x3f\x00\xfe\x3f\x00"
        ),
        "too large to preview",
    ),
    "a tiff whose directory points at itself": (
        lambda: (
            b"II*\x00\x08\x00\x00\x00\x02\x00"
            + struct.pack("<HHII", 256, 4, 1, 5)
            + struct.pack("<HHII", 257, 4, 1, 5)
            + struct.pack("<I", 8)
        ),
        "can't be decoded",
    ),
    "a torn png": (lambda: saved(Pillow.fromarray(NOISE), "PNG")[:3000], "can't be decoded"),
    "a torn jpeg": (lambda: saved(Pillow.fromarray(NOISE), "JPEG")[:1500], "can't be decoded"),
    "a torn webp": (lambda: saved(Pillow.fromarray(NOISE), "WEBP", lossless=True)[:3000], "can't be decoded"),
    "a torn tiff": (lambda: saved(Pillow.fromarray(NOISE), "TIFF")[:-9000], "can't be decoded"),
    "flipped bits": (
        lambda: bytes(
            byte ^ (0x55 if at > 200 and at % 97 == 0 else 0)
            for at, byte in enumerate(saved(Pillow.fromarray(NOISE), "PNG"))
        ),
        "can't be decoded",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_files_that_explode_are_kept_and_say_why_they_are_not_shown(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, note = BOMBS[name]
    data = make()
    # Decoding happens elsewhere: nothing of it may run here.
    monkeypatch.setattr("PIL.ImageFile.ImageFile.__init__", None)
    record = kept(data)
    assert (note is None and record.note == "") or (note is not None and note in record.note)
    assert "Traceback" not in record.note
    if record.note:
        assert record.thumbnail is None
        [(code, text, _)] = KINDS_BY_NAME["image"].warnings(record)
        assert code == "image.note"
        assert "kept" in text


def test_many_frames_cost_one() -> None:
    frame = b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00"
    palette = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    assert kept(palette + frame * 200_000 + b";").note == ""
    control = chunk(b"acTL", struct.pack(">II", 100_000, 0))
    more = b"".join(chunk(b"fdAT", struct.pack(">I", at)) for at in range(50_000))
    small = png(1, 1, control, more)
    assert kept(small).width == 1


NOT_PICTURES = {
    "nothing": b"",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) print\n",
    "a page": b"<html><script>alert(1)</script></html>",
    "a drawing": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "photoshop": b"8BPS\x00\x01" + bytes(40),
    "an icon": b"\x00\x00\x01\x00\x01\x00" + bytes(40),
    "jpeg 2000": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(40),
    "a signature alone": b"\x89PNG\r\n\x1a\n",
    "no pixels": png(0, 5),
    "a side of 2^31 - 1": png(2**31 - 1, 1),
    "pickled numbers": (
        b"\x93NUMPY\x01\x00\x76\x00{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }".ljust(128)
    ),
    "a npy header that is code": b"\x93NUMPY\x01\x00\x76\x00__import__('os').system('true')".ljust(128),
    "a npy header that does not end": (
        b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4), (".ljust(128)
    ),
    "a npy with a shape below zero": (
        b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4), }".ljust(128)
    ),
}


@pytest.mark.parametrize("name", NOT_PICTURES)
@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_what_is_no_picture_is_refused_in_words(name: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture.{ending}"
    path.write_bytes(NOT_PICTURES[name])
    with pytest.raises(ValueError, match=r"picture|pixel|empty|limit"):
        Image(path)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path, tmp_path / "pipe.png", Path("/dev/zero")):
        with pytest.raises(ValueError, match=r"is a folder|no regular file"):
            Image(path)
        with pytest.raises(ValueError, match=r"is a folder|no regular file"):
            Image(NOISE, masks={"m": {"path": path}})
    with pytest.raises(FileNotFoundError):
        Image(tmp_path / "none.png")


def test_a_huge_npy_that_is_short_is_kept_with_a_note() -> None:
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (60000, 60000), }"
    data = b"\x93NUMPY\x01\x00\x76\x00" + head.ljust(117) + b"\n" + bytes(64)
    assert "too large to preview" in kept(data).note
    small = data.replace(b"60000, 60000", b"600, 600    ")
    assert "cut short" in kept(small).note


def test_polyglots_are_pictures_and_nothing_else() -> None:
    data = png(2, 2, chunk(b"tEXt", b"a\x00<script>alert(1)</script>"), pixels=zlib.compress(bytes(6)))
    record = kept(data)
    assert (record.format, record.blob.mime, record.note) == ("png", "image/png", "")


SEEDS = {
    "png": saved(Pillow.fromarray(NOISE[:5, :7]), "PNG"),
    "deep png": png(3, 2, bits=16, kind=2, pixels=zlib.compress(bytes(2 * 19))),
    "jpg": saved(
        Pillow.fromarray(NOISE[:5, :7]), "JPEG", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00"
    ),
    "gif": saved(Pillow.fromarray(NOISE[:5, :7]), "GIF"),
    "bmp": saved(Pillow.fromarray(NOISE[:5, :7]), "BMP"),
    "webp": saved(Pillow.fromarray(NOISE[:5, :7]), "WEBP", lossless=True),
    "tiff": saved(Pillow.fromarray(NOISE[:5, :7]), "TIFF"),
    "npy": b"\x93NUMPY\x01\x00\x76\x00"
    + b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".ljust(117)
    + b"\n"
    + bytes(24),
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    st.integers(0, 400),
)
def test_any_damage_is_a_header_or_a_value_error(name: str, damage: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(SEEDS[name])
    for at, byte in damage:
        data[at % min(len(data), 200)] = byte
    damaged = bytes(data[: len(data) - cut] if cut < len(data) else data)
    try:
        header = read_header(damaged, "the picture")
    except ValueError:
        return
    assert 1 <= header.width <= 65_500
    assert 1 <= header.height <= 65_500


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4),
)
def test_any_damage_is_kept_or_refused(name: str, damage: list[tuple[int, int]]) -> None:
    data = bytearray(SEEDS[name])
    for at, byte in damage:
        data[at % len(data)] = byte
    try:
        Image(bytes(data))
    except ValueError:
        return
    record = kept(bytes(data))
    assert 1 <= record.width <= 65_500
    assert 1 <= record.height <= 65_500
    assert record.blob.size_bytes > 0


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_what_the_damaged_ones_are_made_of_is_kept_without_a_note(name: str) -> None:
    assert kept(SEEDS[name]).note == ""
