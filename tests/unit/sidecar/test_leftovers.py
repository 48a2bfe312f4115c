from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from memory_store import DEAD_PID, Journal, MemoryStore

from diorama.journal.entry import Finish, Log, Start, Warn
from diorama.journal.folder import read_ack
from diorama.journal.lease import Lease
from diorama.media import RunFile, UnknownRecord
from diorama.model import StoreDir
from diorama.sidecar import drain, pump
from diorama.sidecar.transport import BlobsGone, Unavailable


@pytest.mark.slow
def test_a_dead_writers_entries_are_stored_in_order_and_its_journal_goes(
    tmp_path: Path, store: MemoryStore
) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    for number in range(12_000):
        journal.log(x=number)
    journal.close()
    report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert [data["x"] for data in store.logs(journal.name)] == list(range(12_000))
    assert (report.entries, report.lost, report.failed) == (12_001, 0, [])
    assert report.runs == {("e", "p", "r")}
    assert store.orphans == [journal.name]
    assert not journal.directory.exists()
    again = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert again.entries == 0


def test_a_finished_run_is_not_marked_crashed(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    journal.finish()
    journal.close()
    drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert store.of(journal.name, Finish)
    assert store.orphans == []


def test_a_secondary_writer_crashes_no_run(tmp_path: Path, store: MemoryStore) -> None:
    Journal(tmp_path, pid=DEAD_PID, is_secondary=True).close()
    drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert store.orphans == []
    assert not list(tmp_path.glob("t.*"))


def test_a_living_writer_without_sidecar_is_drained_and_kept(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path)
    journal.log(x=1)
    drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert store.logs(journal.name) == [{"x": 1}]
    assert read_ack(journal.directory) == 2
    journal.log(x=2)
    drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert store.logs(journal.name) == [{"x": 1}, {"x": 2}]
    assert store.orphans == []
    journal.close()


def test_only_dead_leaves_living_writers_alone(tmp_path: Path, store: MemoryStore) -> None:
    living, dead = Journal(tmp_path, "living"), Journal(tmp_path, "dead", pid=DEAD_PID)
    report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store, only_dead=True)
    assert set(store.entries) == {dead.name}
    assert report.skipped_live == 1
    living.close()
    dead.close()


def test_a_served_token_is_skipped(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    journal.close()
    lease = Lease.acquire(tmp_path, "t")
    assert lease is not None
    with lease:
        report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert report.skipped_live == 1
    assert not store.entries
    assert journal.directory.exists()


def test_one_unreadable_journal_does_not_stop_the_others(tmp_path: Path, store: MemoryStore) -> None:
    for number in range(5):
        Journal(tmp_path, f"t{number}", pid=DEAD_PID).close()
    segment = next((tmp_path / "t2.0").glob("*.log"))
    journal = Journal(tmp_path, "t9", pid=DEAD_PID)
    journal.log(x=1)
    journal.close()
    segment.write_bytes(b"\0" * 100 + (journal.directory / segment.name).read_bytes()[60:])
    report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert len(report.failed) == 1
    assert "t2.0" in report.failed[0]
    assert segment.exists(), "what can't be read is left for a person"
    assert len(store.entries) == 5


def test_a_flipped_byte_costs_one_entry_which_is_reported(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    for number in range(50):
        journal.log(x=number, notes=RunFile("n.txt", f"{number}"))
    journal.close()
    segment = journal.directory / "000001.log"
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 0x10
    segment.write_bytes(data)
    report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert report.lost == 1
    assert len(store.logs(journal.name)) == 49
    (gap,) = store.lost[journal.name]
    assert gap.first_seq == gap.last_seq
    assert not journal.directory.exists()


def test_a_damaged_last_entry_is_reported(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    journal.log(x=1)
    journal.log(x=2)
    journal.close()
    segment = journal.directory / "000001.log"
    data = bytearray(segment.read_bytes())
    data[-1] ^= 1
    segment.write_bytes(data)
    report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert report.lost == 1
    assert store.logs(journal.name) == [{"x": 1}]
    assert [gap.last_seq for gap in store.lost[journal.name]] == [3]


def test_a_torn_tail_is_no_loss(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    journal.log(x=1)
    journal.log(x=2)
    journal.close()
    segment = journal.directory / "000001.log"
    segment.write_bytes(segment.read_bytes()[:-3])
    report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert report.lost == 0
    assert store.logs(journal.name) == [{"x": 1}]


def test_a_damaged_start_costs_no_more_than_itself(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID, start_copies=2)
    journal.log(x=1)
    journal.close()
    segment = journal.directory / "000001.log"
    data = bytearray(segment.read_bytes())
    data[30] ^= 1
    segment.write_bytes(data)
    report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert (report.failed, report.lost) == ([], 1)
    assert isinstance(store.entries[journal.name][0][1], Start)
    assert store.logs(journal.name) == [{"x": 1}]


def test_media_that_cannot_be_encoded_fails_alone(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    journal.log(a=RunFile("good.txt", "good"), b=1)
    bad = media_with_a_lost_spool_file()
    journal.add(Log(7, 7, 0.0, {"pic": bad, "x": 3}))
    journal.log(a=RunFile("also.txt", "good"))
    journal.close()
    report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert report.failed == []
    logs = store.logs(journal.name)
    assert len(logs) == 3
    failed = logs[1]["pic"]
    assert isinstance(failed, UnknownRecord)
    assert (failed.kind, failed.fields["of"]) == ("failed", "file")
    assert logs[1]["x"] == 3
    (warning,) = store.of(journal.name, Warn)
    assert warning.code == "media-failed"
    assert "step 7" in warning.text
    assert "some of its bytes are lost" in warning.text
    assert b"good" in store.blobs.values()


def media_with_a_lost_spool_file() -> object:
    import msgspec

    from diorama.journal.entry import EXT_SNAPSHOT

    header = {"name": "x", "mime": "text/plain", "caption": None}
    return msgspec.msgpack.Ext(
        EXT_SNAPSHOT, msgspec.msgpack.encode(["file", header, [["nowhere.bin", 4, 1]]])
    )


def test_a_store_that_is_away_keeps_the_journal(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    journal.close()
    store.trouble = [Unavailable("the server sleeps") for _ in range(100)]
    report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store, patience_secs=0.3)
    assert len(report.failed) == 1
    assert "sleeps" in report.failed[0]
    assert (journal.directory / "parked").read_text() == "the server sleeps\n"
    store.trouble = []
    assert drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store).entries == 1
    assert not journal.directory.exists()


@pytest.mark.slow
def test_a_short_absence_is_waited_for(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    journal.close()
    store.trouble = [Unavailable("busy"), Unavailable("busy")]
    report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert (report.entries, report.failed) == (1, [])


def test_an_empty_folder_of_a_killed_process_is_tidied_up_later(tmp_path: Path, store: MemoryStore) -> None:
    empty = tmp_path / "t.0"
    empty.mkdir()
    (empty / "000001.log").touch()
    drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert empty.exists(), "its process may be about to write"
    os.utime(empty, (1, 1))
    drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert not empty.exists()


def test_interrupted_removals_are_finished(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    journal.close()
    gone = tmp_path / ".gone-t.0"
    journal.directory.rename(gone)
    drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert not gone.exists()
    assert not store.entries


@pytest.mark.slow
def test_blobs_that_the_store_has_lost_are_made_anew(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    for number in range(3):
        journal.log(a=RunFile("a.txt", f"content {number}"))
    journal.close()
    store.trouble = [BlobsGone("gone")]
    store.forgets_blobs_on_trouble = True
    report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert (report.entries, report.failed) == (4, [])
    assert {b"content 0", b"content 1", b"content 2"} <= set(store.blobs.values())
    assert [type(data["a"]).__name__ for data in store.logs(journal.name)] == ["FileRecord"] * 3


@pytest.mark.slow
def test_a_store_that_is_away_when_the_run_is_to_be_marked(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    journal.close()
    store.refuses_orphans = 2
    report = drain(StoreDir(tmp_path), journal_root=tmp_path, transport=store)
    assert report.failed == []
    assert store.orphans == [journal.name]
    assert not journal.directory.exists()


def test_media_whose_blobs_the_disk_refused_are_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is named whose sync has failed, although the same sync succeeds the next time."""
    monkeypatch.setattr(pump, "FIRST_WAIT_SECS", 0.01)
    journal = Journal(tmp_path, pid=DEAD_PID)
    for number in range(3):
        journal.log(a=RunFile("a.txt", f"content {number}"))
    journal.close()
    failed: list[int] = []
    fsync = os.fsync

    def fail_once(descriptor: int) -> None:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and len(failed) < 2:
            failed.append(os.dup(descriptor))  # so that nobody gets its number
            raise OSError(errno.EIO, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_once)
    report = drain(StoreDir(tmp_path), journal_root=tmp_path)
    assert (report.entries, report.failed) == (4, [])
    blobs = [path for path in StoreDir(tmp_path).blobs.glob("??/??/*") if path.is_file()]
    assert sorted(path.read_bytes() for path in blobs) == [b"content 0", b"content 1", b"content 2"]
    assert len(failed) == 2
    assert not {path.stat().st_ino for path in blobs} & {os.fstat(descriptor).st_ino for descriptor in failed}
    for descriptor in failed:
        os.close(descriptor)
