"""What `append` has taken is in the file, whatever the disk, threads and a kill do."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from journal_contents import read_all
from stand_in import stand_in

from diorama.errors import UsageError
from diorama.journal import segments as segments_module
from diorama.journal import writer as writer_module
from diorama.journal.folder import read_ack
from diorama.journal.reader import JournalReader, list_segments
from diorama.journal.writer import JournalWriter


def test_an_entry_is_readable_by_others_when_append_returns(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "w")
    with JournalReader(tmp_path / "w") as reader:
        for number in range(1, 50):
            assert writer.append(b"%d" % number) == number
            assert reader.poll() == [(number, b"%d" % number)]
    writer.close()


@pytest.mark.parametrize("is_well", [True, False], ids=["in the file", "in memory"])
def test_what_no_reader_would_take_for_a_frame_is_refused_and_costs_no_other_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_well: bool
) -> None:
    monkeypatch.setattr(writer_module, "PAYLOAD_LIMIT_BYTES", 100)
    writer = JournalWriter(tmp_path / "w")
    with monkeypatch.context() as full:
        if not is_well:
            full.setattr(writer_module, "os", stand_in(os, write=lambda *_: 0))
            full.setattr(writer_module, "RETRY_SECS", 0.0)
        assert writer.append(b"a" * 100) == 1
        with pytest.raises(UsageError, match="too large for a journal"):
            writer.append(b"b" * 101)
        assert writer.seq == 1
        assert writer.append(b"c") == 2
    assert writer.sync()
    writer.close()
    assert read_all(tmp_path / "w") == ([b"a" * 100, b"c"], [])


def test_files_and_folders_are_private(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal" / "w")
    assert (tmp_path / "journal" / "w").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "journal" / "w" / "000001.log").stat().st_mode & 0o777 == 0o600
    writer.close()


def test_two_writers_never_share_a_folder(tmp_path: Path) -> None:
    JournalWriter(tmp_path / "w").close()
    with pytest.raises(FileExistsError):
        JournalWriter(tmp_path / "w")


def test_segments_rotate_and_stored_ones_are_deleted(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "w", segment_bytes=2000)
    for number in range(300):
        writer.append(b"%d" % number * 10)
        if number % 50 == 0:
            assert writer.sync()
    assert len(list_segments(tmp_path / "w")) > 1
    assert read_all(tmp_path / "w")[0] == [b"%d" % number * 10 for number in range(300)]
    (tmp_path / "w" / "ack").write_bytes(struct.pack("<Q", writer.seq))
    assert read_ack(tmp_path / "w") == 300
    for number in range(300, 500):
        writer.append(b"%d" % number * 10)
        if number % 50 == 0:
            assert writer.sync()
    left = list_segments(tmp_path / "w")
    assert left[0] == 1, "the first segment says whose journal this is"
    assert 2 not in left
    with JournalReader(tmp_path / "w", after_seq=300) as reader:
        assert [seq for seq, _ in reader.poll()] == list(range(301, 501))
        assert reader.take_lost() == []
    writer.close()


def test_threads_keep_the_order_of_seq(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "w", segment_bytes=20_000)

    def log(name: int) -> None:
        for number in range(500):
            writer.append(b"%d/%d" % (name, number))

    threads = [threading.Thread(target=log, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    found, lost = read_all(tmp_path / "w")
    assert lost == []
    assert len(found) == 4000
    for name in range(8):
        own = [payload for payload in found if payload.startswith(b"%d/" % name)]
        assert own == [b"%d/%d" % (name, number) for number in range(500)]


def test_a_full_disk_holds_entries_in_memory_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    news: list[str] = []
    writer = JournalWriter(tmp_path / "w", on_trouble=lambda code, text: news.append(code))
    writer.append(b"before")
    is_full = True
    real_write = os.write

    def write(fd: int, data: bytes) -> int:
        if is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_write(fd, data)

    monkeypatch.setattr(writer_module, "os", stand_in(os, write=write))
    monkeypatch.setattr(writer_module, "_write", write)
    monkeypatch.setattr(writer_module, "RETRY_SECS", 0.0)
    for number in range(10):
        writer.append(b"during %d" % number)
    assert writer.waiting_entries == 10
    assert not writer.sync()
    is_full = False
    writer.append(b"after")
    assert writer.sync()
    assert writer.waiting_entries == 0
    writer.close()
    assert read_all(tmp_path / "w") == ([b"before", *(b"during %d" % n for n in range(10)), b"after"], [])
    assert news == ["disk", "disk-recovered"]


def test_a_frame_that_was_half_written_is_completed_or_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(tmp_path / "w")
    real_write = os.write
    budget = [0]

    def write(fd: int, data: bytes) -> int:
        if budget[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        size_bytes = min(len(data), budget[0])
        budget[0] -= size_bytes
        return real_write(fd, data[:size_bytes])

    monkeypatch.setattr(writer_module, "os", stand_in(os, write=write))
    monkeypatch.setattr(writer_module, "_write", write)
    monkeypatch.setattr(writer_module, "RETRY_SECS", 0.0)
    expected = []
    for number in range(60):
        budget[0] += 37  # a frame needs more than one of these
        payload = b"payload %d" % number
        expected.append(payload)
        writer.append(payload)
    budget[0] = 1 << 20
    assert writer.sync()
    writer.close()
    assert read_all(tmp_path / "w") == (expected, [])


def test_what_the_ring_cannot_hold_is_counted_and_shows_as_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    news: list[str] = []
    writer = JournalWriter(tmp_path / "w", ring_bytes=300, on_trouble=lambda code, text: news.append(code))
    writer.append(b"first")
    monkeypatch.setattr(writer_module, "RETRY_SECS", 0.0)
    with monkeypatch.context() as full:

        def refuse(fd: int, data: bytes) -> int:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

        full.setattr(writer_module, "os", stand_in(os, write=refuse))
        full.setattr(writer_module, "_write", refuse)
        for _ in range(20):
            writer.append(b"x" * 80)
    assert writer.dropped == 17
    assert not writer.sync(), "not all that was appended is there"
    assert writer.sync()
    writer.append(b"last")
    writer.close()
    found, lost = read_all(tmp_path / "w")
    assert found == [b"first", *[b"x" * 80] * 3, b"last"]
    assert lost == [(5, 21)]
    assert "dropped" in news


def test_a_deleted_folder_is_written_again_from_the_open_file(tmp_path: Path) -> None:
    news: list[str] = []
    writer = JournalWriter(tmp_path / "w", on_trouble=lambda code, text: news.append(text))
    writer.append(b"one")
    writer.append(b"two")
    with JournalReader(tmp_path / "w") as reader:
        assert len(reader.poll()) == 2
        shutil.rmtree(tmp_path / "w")
        assert writer.sync(), "it is there again"
        writer.append(b"three")
        assert reader.poll() == [(3, b"three")], "who reads it goes on reading"
    assert "deleted" in news[0]
    writer.close()
    assert read_all(tmp_path / "w") == ([b"one", b"two", b"three"], [])


def test_a_moved_folder_is_written_again_where_it_was(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "w")
    writer.append(b"one")
    (tmp_path / "w").rename(tmp_path / "elsewhere")
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "000001.log").write_bytes(b"somebody else's")
    assert writer.sync()
    writer.close()
    assert read_all(tmp_path / "w") == ([b"one"], [])


def test_a_deleted_journal_that_cannot_be_written_again_is_never_said_to_be_synced(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "folder" / "w")
    writer.append(b"one")
    shutil.rmtree(tmp_path / "folder")
    (tmp_path / "folder").write_text("a file stands in the way")
    assert not writer.sync()
    writer.append(b"two")
    assert not writer.sync()
    (tmp_path / "folder").unlink()
    assert writer.sync()
    writer.close()
    assert read_all(tmp_path / "folder" / "w") == ([b"one", b"two"], [])


def test_segments_that_were_deleted_before_they_were_stored_are_told(tmp_path: Path) -> None:
    news: list[tuple[str, str]] = []
    writer = JournalWriter(
        tmp_path / "w", segment_bytes=100, on_trouble=lambda code, text: news.append((code, text))
    )
    for _ in range(3):
        for number in range(10):
            writer.append(b"%d" % number * 10)
        assert writer.sync()
    shutil.rmtree(tmp_path / "w")
    writer.append(b"last")
    writer.sync()
    assert [text for code, text in news if code == "deleted"] == [
        "30 entries went with the journal; those not stored yet are lost"
    ]
    writer.close()
    found, lost = read_all(tmp_path / "w")
    assert found == [b"0" * 10, b"1" * 10, b"last"], "its beginning says whose it is"
    assert lost == [(3, 30)]


def test_where_no_segment_can_be_made_the_open_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    news: list[str] = []
    writer = JournalWriter(tmp_path / "w", segment_bytes=100, on_trouble=lambda code, text: news.append(text))
    real_open = os.open

    def refuse(path: object, flags: int, *more: int) -> int:
        if flags & os.O_EXCL:
            raise OSError(errno.EMFILE, "Too many open files")
        return real_open(str(path), flags, *more)

    with monkeypatch.context() as broken:
        broken.setattr(segments_module, "os", stand_in(os, open=refuse))
        for number in range(100):
            writer.append(b"%d" % number * 10)
            assert writer.sync(), "what is there is on disk"
    assert writer.waiting_entries == 0
    assert list_segments(tmp_path / "w") == [1]
    assert len(news) <= 100
    assert writer.sync()
    assert len(list_segments(tmp_path / "w")) == 2
    writer.close()
    assert len(read_all(tmp_path / "w")[0]) == 100


def test_an_unwritable_place_does_not_raise(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    news: list[str] = []
    writer = JournalWriter(tmp_path / "file" / "w", on_trouble=lambda code, text: news.append(code))
    for _ in range(5):
        writer.append(b"x")
    assert writer.waiting_entries == 5
    assert news[0] == "disk"
    writer.close()


FULL_DISK_SCRIPT = """
import resource, signal, sys
from pathlib import Path
from diorama.journal.writer import JournalWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = JournalWriter(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))
for number in range(200):
    writer.append(b"entry %03d " % number * 5)
assert writer.waiting_entries > 0
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert writer.sync(), "it drains when there is room"
writer.close()
print(writer.dropped)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on file sizes")
def test_a_real_limit_on_file_size(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK_SCRIPT, str(tmp_path / "w")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "0"
    found, lost = read_all(tmp_path / "w")
    assert found == [b"entry %03d " % number * 5 for number in range(200)]
    assert lost == []


KILL_SCRIPT = """
import os, sys
from pathlib import Path
from diorama.journal.writer import JournalWriter
writer = JournalWriter(Path(sys.argv[1]), segment_bytes=100_000)
for number in range(10**9):
    writer.append(b"%d " % number * 40)
    os.write(1, b"%d\\n" % number)
"""


@pytest.mark.parametrize("after_lines", [1, 37, 900, 3000])
def test_kill_9_loses_nothing_that_was_returned(tmp_path: Path, after_lines: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILL_SCRIPT, str(tmp_path / "w")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    returned = [process.stdout.readline() for _ in range(after_lines)]
    process.kill()
    returned += process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    found, lost = read_all(tmp_path / "w")
    assert lost == []
    assert len(found) >= len([line for line in returned if line.strip()])
    assert found == [b"%d " % number * 40 for number in range(len(found))]
