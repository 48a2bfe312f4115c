"""What the spool's `sync` says is on disk: also after faults and deletions, and never too early."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from pathlib import Path

import pytest
from spooled_bytes import SIZE, SMALL, acknowledge, kept, view_of
from stand_in import stand_in

from diorama.errors import Corrupt
from diorama.journal import slot_sync
from diorama.journal import spool as spool_module
from diorama.journal.codec import load_part
from diorama.journal.open_slots import OPEN_FILES_LIMIT
from diorama.journal.slot import Spooled
from diorama.journal.spool import Spool


def test_of_two_threads_that_sync_neither_returns_too_early(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = kept(spool, 1)
    is_syncing, may_end = threading.Event(), threading.Event()
    synced: list[int] = []

    def sync(fd: int) -> None:
        is_syncing.set()
        assert may_end.wait(60)
        synced.append(fd)

    monkeypatch.setattr(slot_sync, "_fdatasync", sync)
    first = threading.Thread(target=spool.sync)
    first.start()
    assert is_syncing.wait(60)
    second_is_done = threading.Event()
    second = threading.Thread(target=lambda: (spool.sync(), second_is_done.set()))
    second.start()
    assert not second_is_done.wait(0.1)
    may_end.set()
    first.join()
    second.join()
    assert synced
    assert one.read() == view_of(1)


def test_a_slot_whose_sync_failed_is_safe_only_as_a_copy(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync that succeeds after one that failed says nothing: the kernel tells of lost pages once."""
    alive = [kept(spool, byte) for byte in range(3)]
    inodes = {each.part.file: (spool.directory / each.part.file).stat().st_ino for each in alive}
    bad = alive[1].part.file
    synced: list[int] = []

    def sync(fd: int) -> None:
        synced.append(os.fstat(fd).st_ino)
        if synced[-1] == inodes[bad]:
            raise OSError(errno.EIO, "bad disk")

    monkeypatch.setattr(slot_sync, "_fdatasync", sync)
    with pytest.raises(OSError, match="bad disk"):
        spool.sync()
    assert sorted(synced) == sorted(inodes.values()), "the others are not passed over"
    spool.sync()
    copy = (spool.directory / bad).stat().st_ino
    assert synced[len(alive) :] == [copy]
    assert copy != inodes[bad]
    assert not list(spool.directory.glob("*.new"))
    spool.sync()
    assert len(synced) == len(alive) + 1
    for number, each in enumerate(alive):
        assert each.read() == view_of(number)
        assert load_part(each.part, spool.directory) == view_of(number)


class SlowDisk:
    """Its syncs fail at first, and then take as long as `may_end` says."""

    def __init__(self) -> None:
        self.is_failing = True
        self.is_syncing, self.may_end = threading.Event(), threading.Event()

    def sync(self, fd: int) -> None:
        if self.is_failing:
            raise OSError(errno.EIO, "bad disk")
        self.is_syncing.set()
        assert self.may_end.wait(60)


def syncing(spool: Spool, disk: SlowDisk) -> tuple[threading.Thread, list[OSError]]:
    """A thread that syncs, once it waits for the disk; and what went wrong in it."""
    disk.is_failing = False
    failures: list[OSError] = []

    def sync() -> None:
        try:
            spool.sync()
        except OSError as error:
            failures.append(error)

    thread = threading.Thread(target=sync)
    thread.start()
    assert disk.is_syncing.wait(60)
    return thread, failures


@pytest.mark.parametrize("trouble", ["failed", "deleted"])
def test_nobody_waits_for_the_copy_of_a_slot(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    disk = SlowDisk()
    before = [kept(spool, 1), kept(spool, 2, SMALL)]
    monkeypatch.setattr(slot_sync, "_fdatasync", disk.sync)
    if trouble == "deleted":
        shutil.rmtree(spool.directory)
    else:
        with pytest.raises(OSError, match="bad disk"):
            spool.sync()
    thread, failures = syncing(spool, disk)
    meanwhile: list[Spooled] = []
    training = threading.Thread(
        target=lambda: meanwhile.extend(kept(spool, byte, size) for byte, size in [(3, SIZE), (4, SMALL)])
    )
    training.start()
    training.join(30)
    is_done_meanwhile = len(meanwhile) == 2
    disk.may_end.set()
    thread.join()
    training.join()
    assert is_done_meanwhile
    assert [error.errno for error in failures] == ([errno.ENOENT] if trouble == "deleted" else [])
    spool.sync()
    for byte, each in enumerate([*before, *meanwhile], 1):
        assert load_part(each.part, spool.directory) == view_of(byte, each.size_bytes)


def test_what_is_written_to_a_slot_while_it_is_copied_is_not_lost(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk()
    one = kept(spool, 1)
    spool.mark([one], 1)
    name = one.part.file
    monkeypatch.setattr(slot_sync, "_fdatasync", disk.sync)
    with pytest.raises(OSError, match="bad disk"):
        spool.sync()
    thread, failures = syncing(spool, disk)
    del one
    acknowledge(spool, 1)
    two = kept(spool, 2)
    assert two.part.file == name, "it is used again"
    disk.may_end.set()
    thread.join()
    assert [error.errno for error in failures] == [errno.EAGAIN], "nothing is said to be on disk"
    assert load_part(two.part, spool.directory) == view_of(2)
    inode = (spool.directory / name).stat().st_ino
    spool.sync()
    assert (spool.directory / name).stat().st_ino != inode, "still safe only as a copy"
    assert load_part(two.part, spool.directory) == two.read() == view_of(2)
    assert [path.name for path in spool.directory.iterdir()] == [name]


def test_of_two_threads_that_copy_a_slot_neither_fails(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk()
    one = kept(spool, 1)
    monkeypatch.setattr(slot_sync, "_fdatasync", disk.sync)
    with pytest.raises(OSError, match="bad disk"):
        spool.sync()
    threads = []
    for _ in range(2):
        disk.is_syncing.clear()
        threads.append(syncing(spool, disk))
    disk.may_end.set()
    for thread, failures in threads:
        thread.join()
        assert failures == []
    assert load_part(one.part, spool.directory) == one.read() == view_of(1)
    assert [path.name for path in spool.directory.iterdir()] == [one.part.file]


def test_a_copy_that_cannot_be_synced_is_no_copy(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    one = kept(spool, 1)

    def fail(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as failing:
        failing.setattr(slot_sync, "_fdatasync", fail)
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                spool.sync()
        assert [path.name for path in spool.directory.iterdir()] == [one.part.file]
    spool.sync()
    assert load_part(one.part, spool.directory) == view_of(1)


def test_media_that_a_failed_sync_has_cost_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "w").mkdir()
    told: list[str] = []
    spool = Spool(
        tmp_path / "w" / "spool", limit_bytes=1 << 30, on_trouble=lambda code, text: told.append(code)
    )
    one, other = kept(spool, 1), kept(spool, 2)

    def drop(fd: int) -> None:
        if os.path.samestat(os.fstat(fd), os.stat(spool.directory / one.part.file)):
            os.pwrite(fd, bytes(4096), 0)
            raise OSError(errno.EIO, "bad disk")

    with monkeypatch.context() as failing:
        failing.setattr(slot_sync, "_fdatasync", drop)
        with pytest.raises(OSError, match="bad disk"):
            spool.sync()
    with pytest.raises(OSError, match="lost"):
        spool.sync()
    assert told == ["damaged"]
    spool.sync()
    with pytest.raises(Corrupt):
        load_part(one.part, spool.directory)
    assert load_part(other.part, spool.directory) == view_of(2)


def test_slots_and_names_are_synced_at_once(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    alive = [kept(spool, byte) for byte in range(3)]
    folders = len(spool._names.waiting())
    all_under_way = threading.Barrier(len(alive) + folders)

    def wait(*_: object) -> None:
        all_under_way.wait(60)

    monkeypatch.setattr(slot_sync, "_fdatasync", wait)
    monkeypatch.setattr(spool_module, "sync_folder", wait)
    assert spool.is_dirty
    spool.sync()
    assert not spool.is_dirty


def test_a_slot_that_cannot_be_opened_for_syncing_goes_on_being_used(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = kept(spool, 1)

    def refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as broken:
        broken.setattr(slot_sync, "os", stand_in(os, open=refuse))
        with pytest.raises(OSError, match="Too many"):
            spool.sync()
    assert one.read() == view_of(1)
    spool.sync()


def test_deleted_slots_are_written_again_and_what_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    told: list[str] = []
    spool = Spool(
        tmp_path / "w" / "spool", limit_bytes=1 << 30, on_trouble=lambda code, text: told.append(text)
    )
    alive = [kept(spool, byte) for byte in range(OPEN_FILES_LIMIT + 3)]
    shutil.rmtree(spool.directory)
    with pytest.raises(OSError, match="deleted"):
        spool.sync()
    assert told == ["3 files of media were deleted before they were stored"]
    spool.sync()
    assert all(load_part(each.part, spool.directory) == each.read() for each in alive[3:])


def test_new_slots_are_synced_by_name(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(spool_module, "sync_folder", synced.append)
    one = kept(spool, 1)
    spool.sync()
    assert set(synced) == {spool.directory, spool.directory.parent}
    spool.sync()
    assert len(synced) == 2
    del one


def test_many_slots_are_synced_and_a_fault_is_told(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    alive = [kept(spool, byte) for byte in range(30)]
    synced: list[int] = []
    monkeypatch.setattr(slot_sync, "_fdatasync", synced.append)
    spool.sync()
    assert len(synced) == len(alive)
    spool.sync()
    assert len(synced) == len(alive), "nothing new"

    def refuse(fd: int) -> None:
        raise OSError(errno.EIO, "bad disk")

    more = [kept(spool, byte) for byte in range(30)]
    monkeypatch.setattr(slot_sync, "_fdatasync", refuse)
    with pytest.raises(OSError, match="bad disk"):
        spool.sync()
    assert len(more) == 30
