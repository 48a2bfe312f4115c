"""Spool slots are recycled when, and only when, nobody can need their bytes any more."""

from __future__ import annotations

import errno
import gc
import itertools
import os
import shutil
import threading
import time
import warnings
from pathlib import Path

import pytest
from spooled_bytes import SIZE, SMALL, acknowledge, kept, view_of
from stand_in import stand_in

from diorama.errors import Corrupt
from diorama.journal import slot as slot_module
from diorama.journal import spool as spool_module
from diorama.journal import spool_limit
from diorama.journal.attic import Attic
from diorama.journal.codec import load_part
from diorama.journal.spool import Spool
from diorama.media.core.keep import FilePieces, InMemory


def test_bytes_come_back_and_are_checked(spool: Spool) -> None:
    one = kept(spool, 1, 1_000_001)
    assert one.size_bytes == 1_000_001
    assert one.read() == view_of(1, 1_000_001)
    assert load_part(one.part, spool.directory) == view_of(1, 1_000_001)
    with open(spool.directory / one.part.file, "r+b") as file:
        file.seek(700_000)
        file.write(b"\x00")
    with pytest.raises(Corrupt, match="checksum"):
        one.read()


def test_a_slot_is_recycled_when_stored_and_dropped(spool: Spool) -> None:
    one = kept(spool, 1)
    spool.mark([one], 5)
    name = one.part.file
    del one
    assert kept(spool, 2).part.file != name, "seq 5 is not stored yet"
    acknowledge(spool, 5)
    assert kept(spool, 3).part.file == name


def test_a_slot_is_not_recycled_while_an_object_refers_to_it(spool: Spool) -> None:
    one = kept(spool, 1)
    spool.mark([one], 1)
    acknowledge(spool, 1)
    others = [kept(spool, byte) for byte in range(2, 6)]
    assert one.part.file not in {each.part.file for each in others}
    assert one.read() == view_of(1)


def test_what_was_never_logged_is_free_at_once(spool: Spool) -> None:
    for byte in range(100):
        kept(spool, byte)
        gc.collect(0)
    assert len(os.listdir(spool.directory)) <= 2


def test_a_slot_that_two_entries_name_waits_for_the_later(spool: Spool) -> None:
    one = kept(spool, 1)
    spool.mark([one], 3)
    spool.mark([one], 9)
    name = one.part.file
    del one
    acknowledge(spool, 3)
    assert kept(spool, 2).part.file != name


def test_bytes_of_another_spool_are_copied(spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Spool(tmp_path / "other" / "spool", limit_bytes=1 << 30)
    foreign = kept(other, 7)
    placed = spool.locate(foreign)
    assert placed is not None
    part, own = placed
    assert load_part(part, spool.directory) == view_of(7)
    assert spool.locate(own) == (part, own)


def test_small_buffers_travel_in_the_frame_and_large_ones_in_memory_are_spooled(spool: Spool) -> None:
    assert spool.locate(InMemory(b"x" * 100)) is None
    placed = spool.locate(InMemory(bytes(view_of(3))))
    assert placed is not None
    assert load_part(placed[0], spool.directory) == view_of(3)


def test_alive_objects_stay_readable_after_the_folder_is_gone(spool: Spool, tmp_path: Path) -> None:
    alive = [kept(spool, byte) for byte in range(100)]
    spool.close()
    shutil.rmtree(spool.directory)
    assert [each.read()[0] for each in alive] == list(range(100))
    assert spool.keep(view_of(1)) is None


def test_a_full_disk_falls_back_to_memory(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    kept(spool, 1)
    monkeypatch.setattr(slot_module, "_pwrite", refuse)
    assert spool.keep(view_of(2)) is None


def test_at_the_bound_logging_waits_for_the_sidecar_with_one_warning(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    told: list[str] = []
    spool = Spool(
        tmp_path / "w" / "spool",
        limit_bytes=4 * SIZE + 80_000,
        is_draining=lambda: True,
        on_trouble=lambda code, text: told.append(code),
    )
    for seq in range(1, 5):
        spool.mark([kept(spool, seq)], seq)
    threading.Timer(0.2, acknowledge, (spool, 2)).start()
    began = time.monotonic()
    fifth = kept(spool, 5)
    assert time.monotonic() - began > 0.15
    assert fifth.part.file in {"000001.bin", "000002.bin"}
    kept(spool, 6)
    assert told == ["spool-full"]
    assert spool.size_bytes <= 4 * SIZE + 80_000


def test_at_the_bound_nobody_waits_for_a_dead_sidecar(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    told: list[str] = []
    spool = Spool(
        tmp_path / "w" / "spool", limit_bytes=2 * SIZE, on_trouble=lambda code, text: told.append(code)
    )
    for seq in range(1, 20):
        spool.mark([kept(spool, seq)], seq)
    assert told == ["spool-stuck"]


def test_a_stalled_sidecar_is_waited_for_once_until_it_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "BLOCK_LIMIT_SECS", 0.1)
    waits: list[float] = []
    real_sleep = time.sleep

    def sleep(secs: float) -> None:
        waits.append(secs)
        real_sleep(secs)

    monkeypatch.setattr(spool_module, "time", stand_in(time, sleep=sleep))
    (tmp_path / "w").mkdir()
    told: list[str] = []
    spool = Spool(
        tmp_path / "w" / "spool",
        limit_bytes=2 * SIZE,
        is_draining=lambda: True,
        on_trouble=lambda code, text: told.append(code),
    )
    spool.mark([kept(spool, 1)], 1)
    assert kept(spool, 2), "the disk has room"
    assert waits, "once it is waited for"
    waits.clear()
    for seq in range(2, 9):
        spool.mark([kept(spool, seq)], seq)
    assert waits == []
    assert told == ["spool-full", "spool-stuck"]
    acknowledge(spool, 1)
    spool.mark([kept(spool, 9)], 9)
    spool.mark([kept(spool, 10)], 10)
    assert waits, "it moved, so it is waited for again"


def test_a_sidecar_that_moves_but_frees_nothing_is_waited_for_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stores entries of numbers, slowly, and the pictures lie behind them."""
    now = [0.0]

    def sleep(secs: float) -> None:
        now[0] += secs
        assert now[0] < 60, "one call waits for ever"

    monkeypatch.setattr(spool_module, "time", stand_in(time, sleep=sleep, monotonic=lambda: now[0]))
    (tmp_path / "w").mkdir()
    told: list[str] = []
    acked = itertools.count(1)
    spool = Spool(
        tmp_path / "w" / "spool",
        limit_bytes=2 * SIZE,
        is_draining=lambda: True,
        on_trouble=lambda code, text: told.append(code),
        acked_seq=lambda: next(acked),
    )
    spool.mark([kept(spool, 1)], 1_000_000)
    assert kept(spool, 2), "the disk has room"
    assert now[0] == pytest.approx(spool_module.BLOCK_LIMIT_SECS, abs=0.1)
    assert told == ["spool-full", "spool-stuck"]


def test_where_nothing_more_can_be_kept_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "BLOCK_LIMIT_SECS", 0.05)
    monkeypatch.setattr(spool_limit, "_free_disk_bytes", lambda directory: 0)
    (tmp_path / "w").mkdir()
    spool = Spool(tmp_path / "w" / "spool", limit_bytes=2 * SIZE, is_draining=lambda: True)
    spool.mark([kept(spool, 1)], 1)
    assert spool.keep(view_of(2)) is None
    monkeypatch.setattr(spool_module, "time", stand_in(time, sleep=lambda secs: pytest.fail("waited again")))
    assert spool.keep(view_of(3)) is None


def test_bytes_that_outlive_all_runs_are_no_forgotten_file(tmp_path: Path) -> None:
    attic = Attic()
    for number in range(3):
        (tmp_path / "slot").write_bytes(view_of(number))
        fd, start = attic.take_in(tmp_path / "slot", tmp_path, is_closed=False, is_needed=lambda: True)
        assert start == number * SIZE
    attic.tidy()
    assert attic.read(fd, SIZE, SIZE) == view_of(1)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        del attic  # as at the end of the process
        gc.collect()
    os.close(fd)
    assert [str(each.message) for each in warned] == []


def test_ended_runs_hold_no_descriptors(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    alive = []
    for number in range(30):
        (tmp_path / str(number)).mkdir()
        spool = Spool(tmp_path / str(number) / "spool", limit_bytes=1 << 30)
        alive += [kept(spool, number) for _ in range(10)]
        spool.close()
        shutil.rmtree(spool.directory.parent)
    assert len(os.listdir("/proc/self/fd")) <= before + 1
    assert [each.read()[0] for each in alive] == [number for number in range(30) for _ in range(10)]
    del alive
    spool = Spool(tmp_path / "spool", limit_bytes=1 << 30)
    spool.close()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_many_threads_get_their_own_bytes_back(spool: Spool) -> None:
    wrong: list[int] = []

    def use(byte: int) -> None:
        for number in range(60):
            one = kept(spool, byte)
            if one.read() != view_of(byte):
                wrong.append(number)

    threads = [threading.Thread(target=use, args=(byte,)) for byte in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_source_that_changes_while_it_is_copied_is_torn_but_not_corrupt(spool: Spool) -> None:
    source = bytearray(2_000_000)
    is_over = threading.Event()

    def scribble() -> None:
        value = 0
        while not is_over.is_set():
            value = (value + 1) % 256
            source[:] = bytes([value]) * len(source)

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        for _ in range(30):
            found = spool.keep(memoryview(source))
            assert found is not None
            assert len(found.read()) == len(source)
    finally:
        is_over.set()
        thread.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_reads_the_parents_bytes_and_the_parent_keeps_them(spool: Spool) -> None:
    one = kept(spool, 9)
    spool.mark([one], 1)
    acknowledge(spool, 1)
    spool.pin()
    pid = os.fork()
    if pid == 0:
        time.sleep(0.2)
        os._exit(0 if one.read() == view_of(9) and spool.keep(view_of(1)) is None else 1)
    name = one.part.file
    del one
    assert all(kept(spool, byte).part.file != name for byte in range(10))
    assert os.waitpid(pid, 0)[1] == 0


def test_a_file_is_kept_piece_by_piece(spool: Spool, tmp_path: Path) -> None:
    data = bytes(range(251)) * 5000
    path = tmp_path / "video.mp4"
    path.write_bytes(data)
    with open(path, "rb") as file:
        kept = spool.keep(FilePieces(file, len(data)))
    assert kept is not None
    assert kept.read() == data
    with open(path, "rb") as file, pytest.raises(ValueError, match="shorter"):
        spool.keep(FilePieces(file, len(data) + 1))
    assert len(list(spool.directory.iterdir())) == 1


def test_small_buffers_share_a_slot(spool: Spool) -> None:
    alive = [kept(spool, byte, SMALL) for byte in range(120)]
    assert len({each.part.file for each in alive}) == 3
    assert all(each.read() == view_of(byte, SMALL) for byte, each in enumerate(alive))
    assert all(load_part(each.part, spool.directory) == each.read() for each in alive)


def test_a_shared_slot_is_recycled_when_all_of_it_is_stored_and_dropped(spool: Spool) -> None:
    alive = [kept(spool, byte, SMALL) for byte in range(60)]
    name = alive[0].part.file
    for seq, each in enumerate(alive, 1):
        spool.mark([each], seq)
    last = [each for each in alive if each.part.file == name][-1]
    del alive, each
    acknowledge(spool, 60)
    more = [kept(spool, 7, SMALL) for _ in range(60)]
    assert name not in {one.part.file for one in more}, "one object still refers to it"
    del last
    more += [kept(spool, 7, SMALL) for _ in range(60)]
    assert name in {one.part.file for one in more}


def test_a_shared_slot_that_cannot_be_written_is_left(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    first = kept(spool, 1, SMALL)
    with monkeypatch.context() as broken:
        broken.setattr(slot_module, "_pwrite", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
        assert spool.keep(view_of(2, SMALL)) is None
    second = kept(spool, 3, SMALL)
    assert second.part.file != first.part.file
    assert (first.read(), second.read()) == (view_of(1, SMALL), view_of(3, SMALL))
