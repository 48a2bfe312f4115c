"""Bytes in a file, named by path, offset and length, and bytes in memory, handled alike."""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from pathlib import Path

import pytest

from diorama.errors import Corrupt
from diorama.media.core.extent import (
    Data,
    Extent,
    file_of,
    head_of,
    is_same,
    pieces_of,
    sha256_of,
    size_of,
    view_of,
)

CONTENT = os.urandom(300_000)


@pytest.fixture(params=["bytes", "bytearray", "memoryview", "extent"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Data:
    if request.param == "extent":
        (tmp_path / "film").mkdir()
        path = tmp_path / "film" / "film.mp4"
        path.write_bytes(b"before" + CONTENT + b"behind")
        return Extent(str(path), 6, len(CONTENT))
    made: Data = {"bytes": bytes, "bytearray": bytearray, "memoryview": memoryview}[request.param](CONTENT)
    return made


def test_all_of_it(data: Data) -> None:
    assert size_of(data) == len(CONTENT)
    assert head_of(data, 5) == CONTENT[:5]
    assert head_of(data, 1 << 20) == CONTENT
    assert view_of(data) == CONTENT
    assert sha256_of(data) == hashlib.sha256(CONTENT).hexdigest()
    for piece_bytes in (1 << 20, 65_536, 999):
        assert b"".join(map(bytes, pieces_of(data, piece_bytes))) == CONTENT


def test_what_is_the_same(data: Data) -> None:
    assert is_same(data, CONTENT)
    assert is_same(CONTENT, data)
    assert not is_same(data, CONTENT[:-1])
    assert not is_same(CONTENT[:-1] + b"?", data)


def test_as_a_file(data: Data) -> None:
    with file_of(data) as file:
        assert file.read() == CONTENT
        assert file.read(1) == b""
        assert file.seek(-3, os.SEEK_END) == len(CONTENT) - 3
        assert file.read(10) == CONTENT[-3:]
        assert file.seek(100_000) == file.tell() == 100_000
        file.seek(5, os.SEEK_CUR)
        assert file.read(200) == CONTENT[100_005:100_205]
        room = bytearray(400_000)
        file.seek(0)
        assert file.readinto(room) == len(CONTENT)
        file.seek(400_000)
        assert file.read(1) == b""
        if not isinstance(data, bytes):  # of which io.BytesIO begins at the start instead
            with pytest.raises(OSError, match="first byte"):
                file.seek(-400_000, os.SEEK_END)


def test_nothing_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for data in (b"", Extent.of_file(tmp_path / "empty")):
        assert list(pieces_of(data)) == []
        assert (size_of(data), head_of(data, 9), bytes(view_of(data))) == (0, b"", b"")


def test_a_file_that_became_shorter_is_told(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(CONTENT)
    extent = Extent.of_file(path)
    os.truncate(path, 1000)
    with pytest.raises(Corrupt, match="less"):
        sha256_of(extent)
    with pytest.raises(ValueError, match="size"):
        view_of(extent)
    path.unlink()
    for use in (sha256_of, view_of, file_of, lambda extent: head_of(extent, 1)):
        with pytest.raises(FileNotFoundError):
            use(extent)


def test_a_file_that_cannot_be_opened_leaves_nothing_to_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    with pytest.raises(FileNotFoundError):
        sha256_of(Extent(str(tmp_path / "gone"), 0, 5))
    gc.collect()
    assert unraisable == []
