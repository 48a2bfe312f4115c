"""What `sync` says is on disk: also after faults, each thing once, and without holding `append` up."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from journal_contents import read_all
from stand_in import stand_in

from diorama.journal import segment_copy
from diorama.journal import segments as segments_module
from diorama.journal.reader import list_segments
from diorama.journal.writer import JournalWriter


def test_a_segment_that_cannot_be_synced_is_replaced_by_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(tmp_path / "w")
    writer.append(b"synced")
    assert writer.sync()
    writer.append(b"unsynced")
    before = (tmp_path / "w" / "000001.log").stat().st_ino

    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(segments_module, "_fdatasync", fail)
        assert writer.sync(), "the copy is synced"
    assert (tmp_path / "w" / "000001.log").stat().st_ino != before
    writer.append(b"later")
    assert writer.sync()
    writer.close()
    assert read_all(tmp_path / "w") == ([b"synced", b"unsynced", b"later"], [])


@pytest.mark.parametrize("segment_bytes", [10, 1 << 20], ids=["rotated", "open"])
def test_a_segment_whose_sync_failed_is_safe_only_as_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, segment_bytes: int
) -> None:
    """A sync that succeeds after one that failed says nothing: the kernel tells of lost pages once."""
    writer = JournalWriter(tmp_path / "w", segment_bytes=segment_bytes)
    writer.append(b"long enough to be rotated")
    before = (tmp_path / "w" / "000001.log").stat().st_ino

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(segments_module, "_fdatasync", fail)
        failing.setattr(segment_copy, "os", stand_in(os, fsync=fail))
        assert not writer.sync()
    with monkeypatch.context() as failing:
        failing.setattr(segment_copy, "os", stand_in(os, fsync=fail))
        for _ in range(3):
            assert not writer.sync(), "no copy can be brought to disk"
    assert writer.sync()
    assert (tmp_path / "w" / "000001.log").stat().st_ino != before
    writer.close()
    assert read_all(tmp_path / "w")[0] == [b"long enough to be rotated"]


def test_entries_that_a_failed_sync_has_cost_are_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    news: list[str] = []
    writer = JournalWriter(tmp_path / "w", on_trouble=lambda code, text: news.append(text))
    for number in range(3):
        writer.append(b"entry %d" % number)

    def drop(fd: int) -> None:
        at = os.pread(fd, 1000, 0).index(b"entry 1")
        with open(tmp_path / "w" / "000001.log", "r+b") as file:
            file.seek(at)
            file.write(bytes(7))
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(segments_module, "_fdatasync", drop)
        assert not writer.sync()
    assert [text for text in news if "has lost" in text] == ["the disk has lost 1 entries that it had taken"]
    assert writer.sync()
    writer.close()
    payloads, damage = read_all(tmp_path / "w")
    assert payloads == [b"entry 0", b"entry 2"]
    assert len(damage) == 1


def test_what_is_on_disk_is_not_synced_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow disk each sync takes seconds, and the end of a run asks for two."""
    writer = JournalWriter(tmp_path / "w")
    writer.append(b"x")
    assert writer.sync()
    synced: list[int] = []
    monkeypatch.setattr(segments_module, "_fdatasync", synced.append)
    assert writer.sync()
    writer.close()
    assert synced == []


def test_segments_and_names_are_synced_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = JournalWriter(tmp_path / "journal" / "w")
    all_under_way = threading.Barrier(4)

    def wait(*_: object) -> None:
        all_under_way.wait(60)

    with monkeypatch.context() as patched:
        patched.setattr(segments_module, "_fdatasync", wait)
        patched.setattr(segments_module, "sync_folder", wait)
        writer.append(b"x")
        assert writer.sync()
    writer.close()


def test_media_that_cannot_be_synced_leave_the_journal_alone(tmp_path: Path) -> None:
    class Broken:
        is_dirty = True

        def sync(self) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

        def restore(self) -> None: ...

    news: list[str] = []
    writer = JournalWriter(tmp_path / "w", on_trouble=lambda code, text: news.append(text))
    writer.buffers = Broken()
    for _ in range(5):
        writer.append(b"x")
        assert not writer.sync()
    assert list_segments(tmp_path / "w") == [1]
    assert len(news) == 1, "told once"
    writer.buffers = None
    assert writer.sync()
    writer.close()


def test_new_files_and_folders_are_synced_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(segments_module, "sync_folder", synced.append)
    writer = JournalWriter(tmp_path / "journal" / "w", segment_bytes=10)
    writer.append(b"a segment's worth")
    assert synced == [], "never while something is logged"
    writer.sync()
    assert set(synced) == {tmp_path, tmp_path / "journal", tmp_path / "journal" / "w"}
    synced.clear()
    writer.append(b"x")
    writer.sync()
    assert synced in ([], [tmp_path / "journal" / "w"]), "once for each new file"
    writer.close()


def test_no_disk_is_waited_for_while_something_is_appended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Segments are rotated and synced without the lock that append takes."""
    is_syncing, may_end = threading.Event(), threading.Event()

    def sync(fd: int) -> None:
        is_syncing.set()
        assert may_end.wait(60)

    writer = JournalWriter(tmp_path / "w", segment_bytes=1000)
    monkeypatch.setattr(segments_module, "_fdatasync", sync)
    writer.append(b"x" * 2000)
    syncing = threading.Thread(target=writer.sync)
    syncing.start()
    assert is_syncing.wait(60)
    for _ in range(1000):
        writer.append(b"y" * 2000)  # hangs if the lock is held
    may_end.set()
    syncing.join()
    writer.close()
    assert len(read_all(tmp_path / "w")[0]) == 1001
