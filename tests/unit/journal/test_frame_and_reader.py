"""Frames survive the round trip; a damaged byte costs at most one entry and is reported."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stand_in import stand_in

from diorama.journal import reader as reader_module
from diorama.journal.frame import Damaged, Frame, Incomplete, decode_frame, encode_frame, scan
from diorama.journal.reader import JournalReader, first_payload, segment_name
from diorama.journal.writer import JournalWriter

PAYLOADS = [b"first", b"", b"x" * 70, b"\xc1DJ1 is also text", bytes(range(40)), b"last one"]


def write_segment(directory: Path, number: int, data: bytes) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / segment_name(number)).write_bytes(data)


def frames_of(payloads: list[bytes], first_seq: int = 1) -> bytes:
    return b"".join(encode_frame(first_seq + i, payload) for i, payload in enumerate(payloads))


def read_all(directory: Path, after_seq: int = 0) -> tuple[list[tuple[int, bytes]], list[tuple[int, int]]]:
    found: list[tuple[int, bytes]] = []
    with JournalReader(directory, after_seq=after_seq) as reader:
        while more := reader.poll():
            found += more
        while more := reader.poll(is_final=True):
            found += more
        lost = [(each.first_seq, each.last_seq) for each in reader.take_lost()]
    return found, lost


@given(st.integers(0, 2**64 - 1), st.binary(max_size=300))
def test_a_frame_survives_the_round_trip(seq: int, payload: bytes) -> None:
    frame = encode_frame(seq, payload)
    assert decode_frame(frame, 0) == Frame(seq, payload, len(frame))
    assert isinstance(decode_frame(frame[:-1], 0), Incomplete)


@given(st.lists(st.binary(max_size=50), max_size=8), st.binary(max_size=30))
def test_scan_finds_frames_behind_noise(payloads: list[bytes], noise: bytes) -> None:
    data = noise + frames_of(payloads)
    assert [frame.payload for frame in scan(data)] == payloads


def test_a_length_out_of_range_is_damage() -> None:
    frame = bytearray(encode_frame(1, b"abc"))
    frame[8:12] = b"\xff\xff\xff\xff"
    assert isinstance(decode_frame(bytes(frame), 0), Damaged)


@pytest.mark.slow
def test_every_single_bit_flip_costs_at_most_one_entry_and_is_reported(tmp_path: Path) -> None:
    data = frames_of(PAYLOADS)
    expected = list(enumerate(PAYLOADS, 1))
    directory = tmp_path / "w"
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        write_segment(directory, 1, bytes(flipped))
        found, lost = read_all(directory)
        assert len(found) >= len(expected) - 1, f"bit {bit}"
        assert all(pair in expected for pair in found), f"bit {bit} gave a wrong value"
        missing = [seq for seq, _ in expected if seq not in dict(found)]
        assert lost == [(seq, seq) for seq in missing], f"bit {bit}"


def test_a_torn_tail_is_no_loss_and_no_error_at_any_byte(tmp_path: Path) -> None:
    data = frames_of(PAYLOADS)
    ends = [len(frames_of(PAYLOADS[:n])) for n in range(len(PAYLOADS) + 1)]
    directory = tmp_path / "w"
    for size_bytes in range(len(data) + 1):
        write_segment(directory, 1, data[:size_bytes])
        found, lost = read_all(directory)
        whole = max(n for n, end in enumerate(ends) if end <= size_bytes)
        assert [payload for _, payload in found] == PAYLOADS[:whole]
        assert lost == []


def test_a_zeroed_page_is_reported_as_a_range(tmp_path: Path) -> None:
    payloads = [b"%d" % i * 30 for i in range(300)]
    data = bytearray(frames_of(payloads))
    data[4096:8192] = bytes(4096)
    write_segment(tmp_path / "w", 1, bytes(data))
    found, lost = read_all(tmp_path / "w")
    assert len(lost) == 1
    first, last = lost[0]
    assert {seq for seq, _ in found} == set(range(1, 301)) - set(range(first, last + 1))


def test_tailing_waits_for_a_frame_that_is_being_written(tmp_path: Path) -> None:
    directory = tmp_path / "w"
    data = frames_of(PAYLOADS)
    seen: list[bytes] = []
    with JournalReader(directory) as reader:
        assert reader.poll() == []
        for size_bytes in range(0, len(data) + 1, 3):
            write_segment(directory, 1, data[:size_bytes])
            seen += [payload for _, payload in reader.poll()]
        write_segment(directory, 1, data)
        seen += [payload for _, payload in reader.poll()]
        assert seen == PAYLOADS
        assert reader.take_lost() == []


def test_segments_are_read_in_order_and_repeated_frames_once(tmp_path: Path) -> None:
    directory = tmp_path / "w"
    write_segment(directory, 1, frames_of([b"a", b"b"]) + encode_frame(3, b"torn")[:-2])
    write_segment(directory, 2, frames_of([b"b", b"c"], first_seq=2))
    write_segment(directory, 4, frames_of([b"d"], first_seq=4))
    found, lost = read_all(directory)
    assert found == [(1, b"a"), (2, b"b"), (3, b"c"), (4, b"d")]
    assert lost == []


def test_a_gap_is_reported_and_a_resumed_reader_does_not_report_what_is_stored(tmp_path: Path) -> None:
    directory = tmp_path / "w"
    write_segment(directory, 1, frames_of([b"a"]) + encode_frame(4, b"d"))
    assert read_all(directory) == ([(1, b"a"), (4, b"d")], [(2, 3)])
    assert read_all(directory, after_seq=3) == ([(4, b"d")], [])
    assert first_payload(directory) == b"a"


def test_frames_larger_than_a_chunk(tmp_path: Path) -> None:
    big = b"\xc1DJ1" * 800_000
    write_segment(tmp_path / "w", 1, frames_of([b"a", big, b"b", big, b"c"]))
    found, lost = read_all(tmp_path / "w")
    assert [payload for _, payload in found] == [b"a", big, b"b", big, b"c"]
    assert lost == []


def test_a_damaged_length_in_a_large_segment_loses_only_that_entry(tmp_path: Path) -> None:
    payloads = [b"p%06d" % i * 20 for i in range(20_000)]
    data = bytearray(frames_of(payloads))
    at = len(frames_of(payloads[:10_000])) + 8
    data[at + 2] ^= 0xFF
    write_segment(tmp_path / "w", 1, bytes(data))
    found, lost = read_all(tmp_path / "w")
    assert lost == [(10_001, 10_001)]
    assert len(found) == len(payloads) - 1


def test_an_empty_or_missing_folder_reads_as_nothing(tmp_path: Path) -> None:
    assert read_all(tmp_path / "nowhere") == ([], [])
    assert first_payload(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", ["000001.log.bak", "x.log", "ack"])
def test_other_files_are_not_segments(tmp_path: Path, name: str) -> None:
    write_segment(tmp_path, 2, frames_of([b"a"]))
    (tmp_path / name).write_bytes(b"junk")
    assert read_all(tmp_path) == ([(1, b"a")], [])


def test_a_page_that_the_disk_does_not_give_costs_its_entries_and_not_those_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First it is waited for: a fault of the moment costs nothing."""
    writer = JournalWriter(tmp_path / "w")
    payloads = [b"%d" % number * 50 for number in range(300)]
    for payload in payloads:
        writer.append(payload)
    writer.close()
    now, is_bad = [0.0], [True]

    def read(fd: int, size_bytes: int) -> bytes:
        at = os.lseek(fd, 0, os.SEEK_CUR)
        if is_bad[0] and 4096 <= at < 8192:
            raise OSError(errno.EIO, "Input/output error")
        return os.read(fd, min(size_bytes, 4096 - at) if is_bad[0] and at < 4096 else size_bytes)

    monkeypatch.setattr(reader_module, "os", stand_in(os, read=read))
    monkeypatch.setattr(reader_module, "time", stand_in(time, monotonic=lambda: now[0]))
    with JournalReader(tmp_path / "w") as patient:
        with pytest.raises(OSError, match="Input/output"):
            patient.poll()
        now[0] += reader_module.UNREADABLE_SECS - 1
        with pytest.raises(OSError, match="Input/output"):
            patient.poll()
        is_bad[0] = False
        assert [payload for _, payload in patient.poll()] == payloads
        assert patient.take_lost() == []
    is_bad[0] = True
    with JournalReader(tmp_path / "w") as reader:
        with pytest.raises(OSError, match="Input/output"):
            reader.poll()
        now[0] += reader_module.UNREADABLE_SECS + 1
        found = reader.poll()
        assert reader.poll() == reader.poll(is_final=True) == []
        [lost] = reader.take_lost()
    missing = set(range(lost.first_seq, lost.last_seq + 1))
    assert 10 < len(missing) < 60
    assert [(seq, payloads[seq - 1]) for seq in range(1, 301) if seq not in missing] == found
