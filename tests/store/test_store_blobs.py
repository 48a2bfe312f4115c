"""Bytes by their SHA-256, in files and in a bucket."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from diorama.errors import BadRequest, Corrupt, NotFound, StoreError
from diorama.journal.lease import Lease
from diorama.media.core.extent import Extent
from diorama.store.blobs import Blobs, path_of
from diorama.store.drafts import SWEPT_AFTER_SECS
from diorama.store.local_blobs import LocalBlobs
from diorama.store.open_blobs import open_blobs
from diorama.store.pieces import PIECE_BYTES, WHOLE_BYTES
from diorama.store.remote_blobs import RemoteBlobs

DATA = bytes(range(256)) * 40
LARGE = random.Random(1).randbytes(WHOLE_BYTES + PIECE_BYTES + 12_345)
SHA256 = hashlib.sha256(DATA).hexdigest()


def drafts_in(folder: Path) -> list[str]:
    return [path.name for path in (folder / "tmp").rglob("*") if path.is_file() and path.suffix != ".lock"]


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
        assert [path.name for path in blobs.folder.glob("??/*/*")] == [SHA256]
        assert drafts_in(blobs.folder) == []


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
    assert drafts_in(tmp_path) == []


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("is_deferred", [True, False])
def test_bytes_whose_sync_failed_have_to_be_put_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, is_deferred: bool
) -> None:
    """A sync that succeeds after one that failed says nothing: the kernel may have dropped the bytes."""
    blobs = LocalBlobs(tmp_path)

    def _fail(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", _fail)
        if is_deferred:
            blobs.put(DATA, is_deferred=True)
        with pytest.raises(StoreError, match=os.strerror(code)):
            blobs.sync() if is_deferred else blobs.put(DATA)
    assert drafts_in(tmp_path) == []
    blobs.sync()
    assert blobs.missing([SHA256]) == [SHA256]
    blobs.put(DATA, is_deferred=is_deferred)
    blobs.sync()
    assert blobs.missing([SHA256]) == []
    assert blobs.get(SHA256) == DATA


def test_a_draft_that_cannot_be_opened_waits_for_the_next_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = LocalBlobs(tmp_path)
    blobs.put(DATA, is_deferred=True)

    def _refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", _refuse)
        with pytest.raises(StoreError, match="Too many"):
            blobs.sync()
    blobs.sync()
    assert blobs.get(SHA256) == DATA


def test_equal_deferred_bytes_leave_no_draft(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: blobs.put(DATA, is_deferred=True), range(40)))
    assert len(drafts_in(tmp_path)) == 1
    blobs.sync()
    blobs.put(DATA, is_deferred=True)
    blobs.sync()
    assert blobs.get(SHA256) == DATA
    assert drafts_in(tmp_path) == []


def test_who_asks_for_a_sync_waits_for_the_one_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = LocalBlobs(tmp_path)
    blobs.put(DATA, is_deferred=True)
    begun, may_end = threading.Event(), threading.Event()
    fsync = os.fsync

    def _slow(descriptor: int) -> None:
        begun.set()
        assert may_end.wait(60)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", _slow)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(blobs.sync)
        assert begun.wait(60)
        second = threads.submit(blobs.sync)
        assert not second.done()
        assert blobs._syncing.locked()
        may_end.set()
        first.result(60)
        second.result(60)
    assert blobs.get(SHA256) == DATA


@pytest.mark.parametrize("failing", range(1, 8))
def test_whichever_sync_fails_what_is_named_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """Files, then names, then folders: what was not brought to disk is missing, and put again."""
    blobs = LocalBlobs(tmp_path)
    data = {hashlib.sha256(one).hexdigest(): one for one in (b"0", b"1", b"2")}
    for one in data.values():
        blobs.put(one, is_deferred=True)
    on_disk: set[int] = set()
    calls = 0
    fsync = os.fsync

    def _failing(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(errno.EIO, "Input/output error")
        fsync(descriptor)
        on_disk.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", _failing)
    monkeypatch.setattr("diorama.journal.at_once.THREADS", 1)
    with pytest.raises(StoreError):
        blobs.sync()
    blobs.sync()
    lost = blobs.missing(data)
    assert len(lost) == (1 if failing <= len(data) else len(data))
    on_disk_before = on_disk.copy()
    for sha256 in lost:
        blobs.put(data[sha256], is_deferred=True)
    blobs.sync()
    assert blobs.missing(data) == []
    for sha256, one in data.items():
        path = tmp_path / path_of(sha256)
        assert {path.stat().st_ino, path.parent.stat().st_ino} <= on_disk
        assert (path.stat().st_ino in on_disk_before) == (sha256 not in lost), "written again, or never lost"
        assert blobs.get(sha256) == one
    assert drafts_in(tmp_path) == []


def test_a_blob_is_missing_until_its_name_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer could name it otherwise, and a power cut take it."""
    blobs = LocalBlobs(tmp_path)
    blobs.put(b"before")
    missing: list[list[str]] = []

    def _look(folder: Path) -> None:
        if (tmp_path / path_of(SHA256)).exists():
            missing.append(blobs.missing([SHA256]))

    monkeypatch.setattr("diorama.store.local_blobs.sync_folder", _look)
    blobs.put(DATA)
    assert missing
    assert all(each == [SHA256] for each in missing)
    assert blobs.missing([SHA256]) == []


def test_drafts_of_a_crash_are_swept(tmp_path: Path) -> None:
    long_ago = time.time() - 2 * SWEPT_AFTER_SECS
    tmp = tmp_path / "tmp"
    for name in ("dead", "alive", "young"):
        (tmp / name).mkdir(parents=True)
        (tmp / name / "draft").write_bytes(DATA)
    (tmp / "of_version_1").write_bytes(DATA)
    for name in ("dead", "alive", "of_version_1"):
        os.utime(tmp / name, (long_ago, long_ago))
    lease = Lease.acquire(tmp, "alive")
    assert lease is not None
    with lease:
        blobs = LocalBlobs(tmp_path)
        blobs.put(DATA)
        blobs.close()
    assert sorted(path.name for path in tmp.iterdir()) == ["alive", "young"]


def test_a_store_of_blobs_that_was_removed_is_never_said_to_have_them(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "blobs")
    blobs.put(b"before")
    blobs.put(DATA, is_deferred=True)
    shutil.rmtree(tmp_path / "blobs")
    with pytest.raises(StoreError):
        blobs.sync()
    blobs.sync()
    assert blobs.missing([SHA256]) == [SHA256]
    blobs.put(DATA, is_deferred=True)
    blobs.sync()
    assert blobs.get(SHA256) == DATA


RANGES = [(0, 1), (PIECE_BYTES - 1, PIECE_BYTES + 1), (5, 3 * PIECE_BYTES), (len(LARGE) - 7, len(LARGE))]


@pytest.mark.parametrize(("start", "end"), [*RANGES, (9, len(LARGE) + 100), (7, 7), (0, len(LARGE))])
def test_a_range_of_a_large_blob_is_right(blobs: Blobs, start: int, end: int) -> None:
    sha256 = blobs.put(LARGE)
    for _ in range(2):
        assert blobs.get_range(sha256, start, end) == LARGE[start:end]
    assert b"".join(blobs.pieces(sha256)) == LARGE


@pytest.mark.parametrize("is_known", [False, True], ids=["never read before", "read before"])
@pytest.mark.parametrize("place", [0, PIECE_BYTES + 1, len(LARGE) - 1])
def test_a_range_of_damaged_bytes_is_refused(
    blobs: Blobs, tmp_path: Path, place: int, is_known: bool
) -> None:
    sha256 = blobs.put(LARGE)
    if is_known:
        blobs.get_range(sha256, 0, 1)
    damaged = bytearray(LARGE)
    damaged[place] ^= 4
    if isinstance(blobs, RemoteBlobs):
        blobs._store.put(path_of(sha256), bytes(damaged))
        again: Blobs = open_blobs(tmp_path, blobs.url)
    else:
        (tmp_path / "blobs" / path_of(sha256)).write_bytes(damaged)
        again = LocalBlobs(tmp_path / "blobs")
    for opened in (blobs, again):
        with pytest.raises(Corrupt):
            opened.get_range(sha256, place, place + 1)
        with pytest.raises(Corrupt):
            list(opened.pieces(sha256))
    if is_known:
        assert blobs.get_range(sha256, 2 * PIECE_BYTES, 2 * PIECE_BYTES + 5) == LARGE[2 * PIECE_BYTES :][:5]


def test_damaged_hashes_of_pieces_are_made_again(tmp_path: Path) -> None:
    sha256 = LocalBlobs(tmp_path).put(LARGE)
    LocalBlobs(tmp_path).get_range(sha256, 0, 1)
    beside = tmp_path / f"{path_of(sha256)}.pieces"
    good = beside.read_bytes()
    for data in (b"", good[:-1], bytes([good[0] ^ 1]) + good[1:]):
        beside.write_bytes(data)
        assert LocalBlobs(tmp_path).get_range(sha256, 1, 9) == LARGE[1:9]
        assert beside.read_bytes() == good
    LocalBlobs(tmp_path).delete(sha256)
    assert not beside.exists()


@pytest.mark.parametrize("place", ["memory", "file"])
def test_a_bucket_is_sent_large_bytes_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    from diorama.media.core import extent as module

    pieces: list[int] = []
    readinto = module._Reading.readinto

    def count(reading: object, buffer: object) -> int:
        pieces.append(readinto(reading, buffer))  # type: ignore[arg-type]  # a wrapped method
        return pieces[-1]

    monkeypatch.setattr(module._Reading, "readinto", count)
    bucket = RemoteBlobs("memory:///", {})
    content = bytes(range(256)) * (12 << 12)
    (tmp_path / "film.mp4").write_bytes(content)
    sha256 = bucket.put(memoryview(content) if place == "memory" else Extent.of_file(tmp_path / "film.mp4"))
    assert bucket.get(sha256) == content
    assert 0 < max(pieces) < len(content)


FILM = random.Random(2).randbytes(3 << 20)
FILM_SHA256 = hashlib.sha256(FILM).hexdigest()


@pytest.fixture
def film(tmp_path: Path) -> Extent:
    """A file that is closed to change."""
    path = tmp_path / "slot.bin"
    path.write_bytes(FILM)
    path.chmod(0o400)
    return Extent(str(path), 0, len(FILM), is_closed=True)


@pytest.mark.parametrize("is_deferred", [False, True])
def test_a_file_is_stored(blobs: Blobs, film: Extent, is_deferred: bool) -> None:
    assert blobs.put(film, is_deferred=is_deferred) == FILM_SHA256
    blobs.sync()
    assert blobs.put(film) == FILM_SHA256
    Path(film.path).unlink()
    assert blobs.get(FILM_SHA256) == FILM


def test_a_part_of_a_file_is_stored(blobs: Blobs, film: Extent) -> None:
    assert blobs.get(blobs.put(Extent(film.path, 5, 100))) == FILM[5:105]


def test_a_closed_file_gets_a_second_name(tmp_path: Path, film: Extent) -> None:
    blobs = LocalBlobs(tmp_path / "blobs")
    for _ in range(2):
        blobs.put(film, is_deferred=True)
    blobs.sync()
    assert os.path.samefile(film.path, blobs.folder / path_of(FILM_SHA256))
    with blobs._lock:
        blobs._unsure.add(FILM_SHA256)
    blobs.put(film)
    assert drafts_in(blobs.folder) == []
    open_file = film._replace(is_closed=False)
    other = LocalBlobs(tmp_path / "others")
    other.put(open_file)
    assert not os.path.samefile(film.path, other.folder / path_of(FILM_SHA256))


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_without_a_second_name_there_is_a_copy(
    tmp_path: Path, film: Extent, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "no second name")

    monkeypatch.setattr(os, "link", refuse)
    blobs = LocalBlobs(tmp_path / "blobs")
    blobs.put(film)
    assert not os.path.samefile(film.path, blobs.folder / path_of(FILM_SHA256))
    assert blobs.get(FILM_SHA256) == FILM


@pytest.mark.parametrize("whose", ["ours", "its writer's"])
def test_a_file_whose_sync_failed_is_copied(
    tmp_path: Path, film: Extent, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    blobs = LocalBlobs(tmp_path / "blobs")
    blobs.put(film, is_deferred=True)
    with monkeypatch.context() as failing:
        if whose == "ours":
            failing.setattr(os, "fsync", lambda fd: (_ for _ in ()).throw(OSError(errno.EIO, "bad disk")))
        else:
            Path(film.path).chmod(0o600)
        with pytest.raises(StoreError):
            blobs.sync()
    assert blobs.missing([FILM_SHA256]) == [FILM_SHA256]
    assert drafts_in(blobs.folder) == []
    assert os.stat(film.path).st_mode & 0o200, "whoever comes next copies it, too"
    blobs.put(film._replace(is_closed=False))
    assert not os.path.samefile(film.path, blobs.folder / path_of(FILM_SHA256))


def test_bytes_come_piece_by_piece(blobs: Blobs) -> None:
    for _ in range(2):
        with blobs.receive() as incoming:
            for start in range(0, len(LARGE), 100_000):
                incoming.write(LARGE[start : start + 100_000])
            assert incoming.sha256 == hashlib.sha256(LARGE).hexdigest()
            sha256 = incoming.keep()
        assert blobs.get(sha256) == LARGE
    with blobs.receive() as incoming:
        assert blobs.get(incoming.keep()) == b""


def test_what_is_not_kept_leaves_nothing_behind(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with blobs.receive() as incoming:
        incoming.write(DATA)
    assert blobs.missing([SHA256]) == [SHA256]
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"] == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_takes_no_pieces_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(fd: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("diorama.store.incoming.SYNC_EVERY_BYTES", 1000)
    monkeypatch.setattr("diorama.store.incoming._fdatasync", refuse)
    blobs = LocalBlobs(tmp_path)
    with blobs.receive() as incoming, pytest.raises(StoreError, match=os.strerror(number)):
        incoming.write(DATA)
    assert drafts_in(tmp_path) == []
