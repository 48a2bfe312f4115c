"""Large files in the spool: shared with their source where the disk can, closed to change, never written to
again."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diorama.errors import Corrupt
from diorama.journal import clone as clone_module
from diorama.journal import slot as slot_module
from diorama.journal import slot_sync
from diorama.journal.attic import ATTIC, HELD_LIMIT
from diorama.journal.clone import BLOCK_BYTES
from diorama.journal.codec import IN_FILE_FROM_BYTES, find_part
from diorama.journal.slot import Spooled
from diorama.journal.spool import Spool
from diorama.media import Video
from diorama.media.core.extent import Extent
from diorama.media.core.keep import FilePieces, set_keeper

FILM = os.urandom(1 << 20) * 9 + b"the end"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(FILM)
    return path


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return make_spool(tmp_path / "w")


def make_spool(folder: Path) -> Spool:
    folder.mkdir()
    return Spool(folder / "spool", limit_bytes=1 << 30)


def keep(spool: Spool, path: Path, skipped_bytes: int = 0) -> Spooled:
    with path.open("rb") as file:
        file.seek(skipped_bytes)
        found = spool.keep(FilePieces(file, path.stat().st_size - skipped_bytes))
    assert found is not None
    return found


def path_of(spool: Spool, kept: Spooled) -> Path:
    return spool.directory / kept.part.file


def acknowledge(spool: Spool, seq: int) -> None:
    (spool.directory.parent / "ack").write_bytes(struct.pack("<Q", seq))


def cloning(shared: list[int]) -> Callable[[int, int, bytes], None]:
    """What an ioctl does on a file system that can share blocks."""

    def ioctl(target_fd: int, request: int, asked: bytes) -> None:
        assert request == 0x4020940D
        source_fd, source_start, size_bytes, target_start = struct.unpack("qQQQ", asked)
        if source_start % BLOCK_BYTES or size_bytes % BLOCK_BYTES or target_start % BLOCK_BYTES:
            raise OSError(errno.EINVAL, "blocks only")
        os.pwrite(target_fd, os.pread(source_fd, size_bytes, source_start), target_start)
        shared.append(size_bytes)

    return ioctl


def test_blocks_are_shared_where_the_disk_can(
    spool: Spool, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared: list[int] = []
    monkeypatch.setattr(clone_module, "_ioctl", cloning(shared))
    kept = keep(spool, film)
    assert shared == [len(FILM) - len(FILM) % BLOCK_BYTES]
    assert kept.read() == FILM
    assert find_part(kept.part, spool.directory) == Extent(
        str(path_of(spool, kept)), 0, len(FILM), is_closed=True
    )
    assert keep(spool, film, 3).read() == FILM[3:], "what does not begin with a block is copied"


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.EPERM, errno.ENOTTY])
def test_elsewhere_a_file_is_copied(
    spool: Spool, film: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(number, "not here")

    monkeypatch.setattr(clone_module, "_ioctl", refuse)
    kept = keep(spool, film)
    assert path_of(spool, kept).read_bytes() == FILM
    assert kept.read() == FILM


def test_what_changes_after_it_was_shared_does_not_matter(
    spool: Spool, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checksum is of our own file, also if the source is written to at that very moment."""
    share = cloning([])

    def ioctl(*asked: Any) -> None:
        share(*asked)
        film.write_bytes(bytes(len(FILM)))

    monkeypatch.setattr(clone_module, "_ioctl", ioctl)
    kept = keep(spool, film)
    assert bytes(kept.read()[:BLOCK_BYTES]) == FILM[:BLOCK_BYTES]
    find_part(kept.part, spool.directory)


def test_a_large_file_is_closed_to_change_and_never_used_again(spool: Spool, film: Path) -> None:
    kept = keep(spool, film)
    first = path_of(spool, kept)
    assert stat.S_IMODE(first.stat().st_mode) == 0o400
    os.link(first, film.with_name("second name"))
    spool.mark([kept], 1)
    acknowledge(spool, 1)
    del kept
    again = keep(spool, film)
    array = spool.keep(memoryview(bytes(len(FILM))))
    assert array is not None
    assert not {again.part.file, array.part.file} & {first.name}
    assert not first.exists(), "nobody needs it any more"
    assert film.with_name("second name").read_bytes() == FILM


def test_a_slot_of_an_array_that_gets_a_file_is_closed(spool: Spool, film: Path) -> None:
    array = spool.keep(memoryview(bytes(len(FILM) + 99)))
    assert array is not None
    name = array.part.file
    del array
    kept = keep(spool, film)
    assert kept.part.file == name
    found = find_part(kept.part, spool.directory)
    assert isinstance(found, Extent)
    assert found.is_closed
    assert path_of(spool, kept).stat().st_size == len(FILM)


def test_a_file_whose_sync_failed_is_no_longer_closed(
    spool: Spool, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep(spool, film)
    linked = film.with_name("second name")
    os.link(path_of(spool, kept), linked)

    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "bad disk")

    with monkeypatch.context() as failing:
        failing.setattr(slot_sync, "_fdatasync", fail)
        with pytest.raises(OSError, match="bad disk"):
            spool.sync()
    assert linked.stat().st_mode & stat.S_IWUSR
    spool.sync()
    assert not os.path.samefile(linked, path_of(spool, kept)), "a copy took its place"
    found = find_part(kept.part, spool.directory)
    assert isinstance(found, Extent)
    assert not found.is_closed
    assert kept.read() == FILM


def test_a_full_disk_leaves_nothing_behind(spool: Spool, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pwrite = slot_module._pwrite

    def fill(fd: int, piece: bytes, offset: int) -> int:
        if offset > 5 << 20:
            raise OSError(errno.ENOSPC, "no space left")
        return int(pwrite(fd, piece, offset))

    with monkeypatch.context() as full:
        full.setattr(slot_module, "_pwrite", fill)
        with film.open("rb") as file:
            assert spool.keep(FilePieces(file, len(FILM))) is None
    assert list(spool.directory.iterdir()) == []
    assert spool.size_bytes == 0
    assert keep(spool, film).read() == FILM


def test_short_writes_and_a_file_that_is_too_short(
    spool: Spool, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite = slot_module._pwrite
    with monkeypatch.context() as slow:
        slow.setattr(slot_module, "_pwrite", lambda fd, piece, offset: pwrite(fd, piece[:50_000], offset))
        assert keep(spool, film).read() == FILM
    with film.open("rb") as file, pytest.raises(ValueError, match="shorter"):
        spool.keep(FilePieces(file, len(FILM) + 1))


def test_an_object_outlives_its_run_without_a_copy(tmp_path: Path, film: Path) -> None:
    first, second = make_spool(tmp_path / "first"), make_spool(tmp_path / "second")
    alive = [keep(first, film) for _ in range(HELD_LIMIT + 1)]
    before = os.dup(0)
    os.close(before)
    first.close()
    shutil.rmtree(tmp_path / "first")
    assert len(ATTIC._held) == HELD_LIMIT
    for kept in (alive[0], alive[-1]):
        placed = second.locate(kept)
        assert placed is not None
        part, _ = placed
        assert second.directory.joinpath(part.file).read_bytes() == FILM
        assert kept.head(7) == FILM[:7]
    del alive, kept
    second.close()
    assert ATTIC._held == []


def test_a_damaged_file_of_another_spool_is_no_source(tmp_path: Path, film: Path) -> None:
    first, second = make_spool(tmp_path / "first"), make_spool(tmp_path / "second")
    kept = keep(first, film)
    with open(path_of(first, kept), "r+b") as file:
        file.write(b"\0\0\0")
    with pytest.raises(Corrupt, match="checksum"):
        second.locate(kept)


@pytest.mark.parametrize("size_bytes", [100, 50_000, IN_FILE_FROM_BYTES + 5])
@pytest.mark.parametrize("form", ["path", "stream"])
def test_a_file_that_changes_while_it_is_copied_is_told(
    spool: Spool, film: Path, monkeypatch: pytest.MonkeyPatch, size_bytes: int, form: str
) -> None:
    os.truncate(film, size_bytes)
    os.utime(film, (1, 1))
    read = FilePieces.__getitem__

    def write_meanwhile(pieces: FilePieces, part: slice) -> memoryview:
        with film.open("r+b") as file:
            file.write(b"new")
        return read(pieces, part)

    set_keeper(spool.keep)
    try:
        with monkeypatch.context() as busy:
            busy.setattr(FilePieces, "__getitem__", write_meanwhile)
            with film.open("rb") as file, pytest.warns(UserWarning, match="while it was copied") as told:
                Video(film if form == "path" else file, format="mp4")
        assert told[0].filename == __file__
        assert Video(film).format == "mp4"
    finally:
        set_keeper(None)


def test_films_are_equal_if_their_bytes_are(
    spool: Spool, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Spooled, "read", None)
    set_keeper(spool.keep)
    try:
        one, same = Video(film), Video(film)
        film.write_bytes(FILM[:-1] + b"?")
        other = Video(film)
    finally:
        set_keeper(None)
    assert one == same
    assert one != other


def test_an_open_file_is_copied_from_where_it_stands(spool: Spool, film: Path) -> None:
    from diorama.media.core.user_file import keep_stream

    set_keeper(spool.keep)
    try:
        with film.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            file.write(b"!")
            file.seek(11)
            kept = keep_stream(file, subject="the film")
            assert file.read() == b""
        assert kept.name == "film.mp4"
        assert kept.kept.read() == FILM[11:] + b"!"
        with film.open("rb", buffering=0) as file:
            assert keep_stream(file, subject="the film").kept.read() == FILM + b"!"
    finally:
        set_keeper(None)
