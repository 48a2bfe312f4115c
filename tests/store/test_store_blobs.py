"""Bytes by their SHA-256, in files and in a bucket."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from diorama.errors import BadRequest, Corrupt, NotFound, StoreError
from diorama.store.blobs import Blobs, LocalBlobs, open_blobs, path_of

DATA = bytes(range(256)) * 40
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(params=["files", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    url = request.getfixturevalue("s3_url") if request.param == "s3" else None
    return open_blobs(tmp_path / "blobs", url)


def test_bytes_come_back(blobs: Blobs) -> None:
    assert blobs.put(DATA) == SHA256
    assert blobs.get(SHA256) == DATA
    assert blobs.size_bytes(SHA256) == len(DATA)


@pytest.mark.parametrize("data", [b"", b"x", bytearray(b"abc"), memoryview(b"abcdef")[1:3]])
def test_every_kind_of_bytes_is_taken(blobs: Blobs, data: bytes | bytearray | memoryview) -> None:
    assert blobs.get(blobs.put(data)) == bytes(data)


def test_the_same_bytes_are_stored_once(blobs: Blobs) -> None:
    assert blobs.put(DATA) == blobs.put(DATA)
    if isinstance(blobs, LocalBlobs):
        assert [path.name for path in blobs.folder.rglob("*") if path.is_file()] == [SHA256]


def test_a_range_is_read(blobs: Blobs) -> None:
    blobs.put(DATA)
    assert blobs.get_range(SHA256, 10, 300) == DATA[10:300]


def test_what_is_not_there_is_missing(blobs: Blobs) -> None:
    absent = "0" * 64
    blobs.put(DATA)
    assert blobs.missing([absent, SHA256]) == [absent]
    assert blobs.size_bytes(absent) is None
    with pytest.raises(NotFound):
        blobs.get(absent)
    with pytest.raises(NotFound):
        blobs.get_range(absent, 0, 1)


def test_deleting_twice_is_fine(blobs: Blobs) -> None:
    blobs.put(DATA)
    blobs.delete(SHA256)
    blobs.delete(SHA256)
    assert blobs.missing([SHA256]) == [SHA256]


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "../" + "0" * 61]
)
def test_only_a_sha256_names_a_blob(blobs: Blobs, name: str) -> None:
    with pytest.raises(BadRequest):
        blobs.get(name)


@pytest.mark.parametrize("bit", [0, 12_345, len(DATA) * 8 - 1])
def test_a_flipped_bit_is_detected(tmp_path: Path, bit: int) -> None:
    blobs = LocalBlobs(tmp_path)
    blobs.put(DATA)
    path = tmp_path / path_of(SHA256)
    damaged = bytearray(DATA)
    damaged[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(damaged)
    with pytest.raises(Corrupt):
        blobs.get(SHA256)


def test_a_torn_blob_is_written_again(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    blobs.put(DATA)
    (tmp_path / path_of(SHA256)).write_bytes(DATA[:100])
    blobs.put(DATA)
    assert blobs.get(SHA256) == DATA


def test_bytes_are_synced_before_they_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def _fsync(descriptor: int) -> None:
        happened.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        fsync(descriptor)

    def _replace(path: Path, target: Path) -> Path:
        happened.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", _fsync)
    monkeypatch.setattr(Path, "replace", _replace)
    LocalBlobs(tmp_path).put(DATA)
    assert happened.index("file") < happened.index("rename") < len(happened) - 1
    assert happened[-1] == "folder"


def test_deferred_bytes_have_no_name_until_they_are_synced(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    for number in range(20):
        blobs.put(b"%d" % number, is_deferred=True)
    blobs.put(DATA, is_deferred=True)
    assert blobs.missing([SHA256]) == [SHA256]
    blobs.sync()
    assert blobs.get(SHA256) == DATA
    assert not list((tmp_path / "tmp").iterdir())


def test_a_failed_sync_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = LocalBlobs(tmp_path)
    blobs.put(DATA, is_deferred=True)

    def _full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", _full)
        with pytest.raises(StoreError, match="No space left"):
            blobs.sync()
    assert blobs.missing([SHA256]) == [SHA256]
    blobs.sync()
    assert blobs.get(SHA256) == DATA
