"""What a signal's handler logs or raises, wherever it strikes: it costs no entry and no slot."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from journal_contents import read_all
from spooled_bytes import SIZE, SMALL, kept, view_of
from stand_in import stand_in

from diorama.client.steps import StepCounter
from diorama.journal import segments as segments_module
from diorama.journal import writer as writer_module
from diorama.journal.codec import SpoolPart, load_part
from diorama.journal.reader import JournalReader
from diorama.journal.spool import Spool
from diorama.journal.writer import LOG_HEAD_BYTES, JournalWriter


def test_a_signal_handler_that_logs_in_the_middle_of_an_append(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "w")
    from_handler = [0]

    def handle(number: int, frame: object) -> None:
        from_handler[0] += 1
        writer.append(b"handler")

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for number in range(20_000):
            writer.append(b"%d" % number)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    writer.close()
    found, lost = read_all(tmp_path / "w")
    assert lost == []
    assert from_handler[0] > 0
    assert found.count(b"handler") == from_handler[0]
    assert [payload for payload in found if payload != b"handler"] == [b"%d" % n for n in range(20_000)]


class Interrupted(BaseException):
    """Like KeyboardInterrupt, from a handler that strikes anywhere."""


def test_an_interrupted_look_at_an_interrupted_append_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(tmp_path / "w")
    writer.append(b"one")
    real_write, real_fstat = os.write, os.fstat

    def write_then_interrupt(fd: int, data: bytes) -> int:
        real_write(fd, data)
        raise Interrupted

    with monkeypatch.context() as interrupted:
        interrupted.setattr(writer_module, "_write", write_then_interrupt)
        with pytest.raises(Interrupted):
            writer.append(b"two")
    for _ in range(3):
        with monkeypatch.context() as interrupted:

            def look_then_interrupt(fd: int) -> os.stat_result:
                real_fstat(fd)
                raise Interrupted

            interrupted.setattr(segments_module, "os", stand_in(os, fstat=look_then_interrupt))
            with pytest.raises(Interrupted):
                writer.append(b"never written")
    assert writer.append(b"three") == 3
    writer.close()
    assert read_all(tmp_path / "w") == ([b"one", b"two", b"three"], [])


class TimeLimit(TimeoutError):
    """What users' time limits raise: an OSError, and yet none of the disk's."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What a signal's handler raises in a callback of the garbage collector is dropped by Python."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.slow
@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("kind", [Interrupted, TimeLimit, RuntimeError, ValueError])
@pytest.mark.parametrize("logs_first", [False, True])
@pytest.mark.parametrize("way", ["append", "append_log"])
def test_an_exception_out_of_a_signals_handler_passes_and_costs_no_entry(
    tmp_path: Path, kind: type[BaseException], logs_first: bool, way: str
) -> None:
    writer = JournalWriter(tmp_path / "w", segment_bytes=20_000)
    counter = StepCounter()
    returned: list[tuple[int, bytes]] = []
    raised = 0

    def log(text: bytes) -> None:
        if way == "append":
            returned.append((writer.append(text), text))
        else:
            returned.append((writer.append_log(counter, None, None, 0.0, text), text))

    def handle(number: int, frame: object) -> None:
        nonlocal raised
        raised += 1
        if logs_first:
            log(b"handler %d" % raised)
        raise kind("of the user")

    # A function: in Python 3.13, what strikes at the end of a loop's round passes a `try` around the loop.
    def log_the_rest() -> None:
        nonlocal number
        while number < 15_000:
            number += 1
            log(b"%d" % number)

    before = signal.signal(signal.SIGALRM, handle)
    number = passed = 0
    while number < 15_000:
        try:
            # One shot at a time: a second one would strike this loop's own handler.
            signal.setitimer(signal.ITIMER_REAL, 0.0003)
            log_the_rest()
            signal.setitimer(signal.ITIMER_REAL, 0)
        except kind:
            passed += 1
    signal.signal(signal.SIGALRM, before)
    assert passed == raised > 10
    writer.append(b"last")
    assert writer.sync()
    newest = writer.seq
    writer.close()
    with JournalReader(tmp_path / "w") as reader:
        found = dict(iter_all(reader))
        assert reader.take_lost() == []
    assert sorted(found) == list(range(1, newest + 1)), "seq counts what is in the journal"
    for seq, text in returned:
        assert found[seq].endswith(text)
    ends = [payload[LOG_HEAD_BYTES:] if way == "append_log" else payload for payload in found.values()]
    assert len(ends) == len(set(ends)), "nothing twice"


def iter_all(reader: JournalReader) -> Iterator[tuple[int, bytes]]:
    while more := reader.poll():
        yield from more


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs setitimer")
@pytest.mark.parametrize("size_bytes", [SIZE, SMALL])
def test_what_a_signals_handler_raises_passes_and_costs_no_slot(
    spool: Spool, size_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is interrupted: no bytes that an entry names are written over, no slot is lost."""
    acked = [0]
    seq = 0
    monkeypatch.setattr(spool, "_ask_acked_seq", lambda: acked[0])
    monkeypatch.setattr(spool, "_ask_newest_seq", lambda: seq)
    raised = passed = 0

    def handle(number: int, frame: object) -> None:
        nonlocal raised
        raised += 1
        raise TimeLimit

    before = signal.signal(signal.SIGALRM, handle)
    gc.disable()
    named: dict[int, tuple[int, SpoolPart]] = {}
    try:
        for round_number in range(400):
            byte = round_number % 251
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0002 + 0.00001 * (round_number % 40))
                while True:
                    found = kept(spool, byte, size_bytes)
                    placed = spool.locate(found)
                    assert placed is not None
                    # As an append that is interrupted between its write and its return.
                    seq += 1
                    named[seq] = (byte, placed[0])
                    spool.mark([found], seq)
                    del found, placed
            except TimeLimit:
                passed += 1
            for each in range(acked[0] + 1, seq + 1):
                named_byte, part = named.pop(each)
                assert load_part(part, spool.directory) == view_of(named_byte, size_bytes)
            acked[0] = seq
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.enable()
    assert passed == raised
    spool._collect_released()
    spool._collect_stored()
    used = [slot for slot in spool._slots.values() if slot not in spool._free[slot.capacity_bytes]]
    assert len(used) <= 1, "but for the one that small buffers share"
