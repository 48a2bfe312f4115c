"""Bits that flip, tails that tear, spool files that vanish: at most one entry each, and it is told."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from kills import Verdict, check, start_trainer
from owner import Service
from processes import HANGS_AFTER_SECS

from diorama.journal.reader import JournalReader
from diorama.model import StoreDir
from diorama.sidecar import DrainReport, drain


@pytest.fixture(scope="module")
def offline_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store that holds one finished offline run, and the record of what it logged."""
    secs = 0.1
    while True:  # as long as it takes to fill two files of the spool
        folder = tmp_path_factory.mktemp("offline")
        trainer = start_trainer(
            StoreDir(folder / "store"), folder / "record", "r", secs, DIORAMA_MODE="offline"
        )
        assert trainer.wait(HANGS_AFTER_SECS) == 0
        if len(list(folder.glob("store/journal/*/spool/*.bin"))) > 2:
            return folder
        secs *= 2
        assert secs < 30


class Copy:
    def __init__(self, original: Path, folder: Path) -> None:
        shutil.copytree(original, folder)
        self.store = StoreDir(folder / "store")
        self.record = folder / "record"
        (self.journal,) = self.store.journal.glob("*.*")
        self.segment = self.journal / "000001.log"

    def recover(self) -> tuple[DrainReport, Verdict, list[str]]:
        report = drain(self.store)
        verdict = check("damage", self.store, [self.record], "r")
        service = Service.open(self.store)
        try:
            run = service.find_run("local", "crash", "r")
            warnings = [warning.code for warning in service.run(run.uid).warnings]
        finally:
            service.close()
        return report, verdict, warnings


@pytest.mark.parametrize("seed", range(12))
def test_a_flipped_bit_costs_at_most_one_entry_and_is_told(
    offline_run: Path, tmp_path: Path, seed: int
) -> None:
    copy = Copy(offline_run, tmp_path / "copy")
    rng = random.Random(seed)
    data = bytearray(copy.segment.read_bytes())
    where = rng.randrange(len(data))
    data[where] ^= 1 << rng.randrange(8)
    copy.segment.write_bytes(data)
    report, verdict, warnings = copy.recover()
    assert verdict.lost <= 1
    assert verdict.corrupt == verdict.duplicated == verdict.phantom == verdict.disordered == 0
    assert report.lost <= 1
    assert report.failed == []
    if report.lost:
        assert "journal_damage" in warnings
    assert verdict.lost <= report.lost, "no loss without a word"


def test_damage_at_the_very_beginning(offline_run: Path, tmp_path: Path) -> None:
    copy = Copy(offline_run, tmp_path / "copy")
    data = bytearray(copy.segment.read_bytes())
    data[40] ^= 4
    copy.segment.write_bytes(data)
    report, verdict, warnings = copy.recover()
    assert (report.lost, verdict.lost, report.failed) == (1, 0, [])
    assert "journal_damage" in warnings


def test_a_torn_tail_is_dropped_without_a_word(offline_run: Path, tmp_path: Path) -> None:
    copy = Copy(offline_run, tmp_path / "copy")
    data = copy.segment.read_bytes()
    with JournalReader(copy.journal) as reader:
        last_payload = [payload for _, payload in reader.poll(limit_bytes=1 << 30)][-1]
    copy.segment.write_bytes(data[: -len(last_payload) // 2])
    report, verdict, _ = copy.recover()
    assert (report.lost, verdict.lost, report.failed) == (0, 0, [])
    assert verdict.state == "crashed", "the torn entry was the Finish"


def test_a_page_of_zeros(offline_run: Path, tmp_path: Path) -> None:
    copy = Copy(offline_run, tmp_path / "copy")
    data = bytearray(copy.segment.read_bytes())
    middle = len(data) // 8192 * 4096
    data[middle : middle + 4096] = bytes(4096)
    copy.segment.write_bytes(data)
    report, verdict, warnings = copy.recover()
    assert 0 < verdict.lost <= report.lost
    assert verdict.corrupt == 0
    assert "journal_damage" in warnings


@pytest.mark.parametrize(("how", "at_most"), [("flipped", 1), ("removed", 64), ("short", 64)])
def test_a_damaged_spool_file_costs_its_pictures_only(
    offline_run: Path, tmp_path: Path, how: str, at_most: int
) -> None:
    """Small pictures share a file of a megabyte: a flipped bit costs one of them, a lost file all of them."""
    copy = Copy(offline_run, tmp_path / "copy")
    spooled = sorted((copy.journal / "spool").glob("*.bin"))[1]
    data = bytearray(spooled.read_bytes())
    if how == "removed":
        spooled.unlink()
    else:
        data[100] ^= 1
        spooled.write_bytes(data if how == "flipped" else data[:100])
    report, verdict, warnings = copy.recover()
    assert (report.lost, verdict.lost, report.failed) == (0, 0, [])
    assert 1 <= verdict.corrupt <= at_most, "the entries are there, their pictures say that they failed"
    assert verdict.corrupt < verdict.images
    assert "media-failed" in warnings
