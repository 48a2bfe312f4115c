"""What a store refuses is kept whole and can be offered again; what it can't take now is no refusal."""

from __future__ import annotations

import errno
from pathlib import Path

import msgspec
import pytest
from memory_store import DEAD_PID, Journal, MemoryStore

from diorama.cli.checks import check_journals
from diorama.cli.finding import Finding
from diorama.journal.codec import Encoding
from diorama.journal.entry import EXT_SNAPSHOT, Config, Finish, Log, Lost, Start, Warn
from diorama.journal.spool import Spool
from diorama.media import FileRecord, RunFile, UnknownRecord
from diorama.media.core.keep import set_keeper
from diorama.model import StoreDir
from diorama.sidecar import drain, pump, refuse
from diorama.sidecar.leftovers import DrainReport


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "FIRST_WAIT_SECS", 0.01)
    monkeypatch.setattr(pump, "LONGEST_WAIT_SECS", 0.02)
    monkeypatch.setattr(pump, "SHIP_INTERVAL_SECS", 0.0)


def drained(
    folder: Path, store: MemoryStore, *, is_refused: bool = False, patience_secs: float = 30.0
) -> DrainReport:
    return drain(
        StoreDir(folder),
        journal_root=folder,
        transport=store,
        is_refused=is_refused,
        patience_secs=patience_secs,
    )


def hundred(folder: Path) -> Journal:
    journal = Journal(folder, pid=DEAD_PID)
    for number in range(100):
        journal.log(x=number)
    journal.close()
    return journal


@pytest.mark.slow
@pytest.mark.parametrize("how", ["refuses", "breaks"])
@pytest.mark.parametrize("bad", [2, 37, 101])
def test_one_entry_is_put_aside_and_the_others_go_on(
    tmp_path: Path, store: MemoryStore, bad: int, how: str
) -> None:
    journal = hundred(tmp_path)
    setattr(store, how, {bad})
    report = drained(tmp_path, store)
    assert (report.failed, report.refused, report.entries) == ([], 1, 100)
    assert [data["x"] for data in store.logs(journal.name)] == [n for n in range(100) if n + 2 != bad]
    [warning] = store.of(journal.name, Warn)
    assert warning.code == "entry-refused"
    assert f"refused/{journal.name}.r{bad}" in warning.text
    assert store.orphans == [journal.name]
    assert not journal.directory.exists()

    assert drained(tmp_path, store).entries == 0, "what was put aside is left alone"
    setattr(store, how, set())
    again = drained(tmp_path, store, is_refused=True)
    assert again.failed == []
    assert store.logs(f"{journal.name}.r{bad}") == [{"x": bad - 2}]
    [start, *_] = store.of(f"{journal.name}.r{bad}", Start)
    assert (start.run, start.is_secondary) == ("r", True)
    assert store.of(f"{journal.name}.r{bad}", Finish)
    assert not list((tmp_path / "refused").iterdir())


def test_what_is_refused_again_stays(tmp_path: Path, store: MemoryStore) -> None:
    journal = hundred(tmp_path)
    store.refuses = {50}
    drained(tmp_path, store)
    kept = tmp_path / "refused" / f"{journal.name}.r50"
    before = (kept / "000001.log").read_bytes()
    store.refuses = {3}  # its number in the journal of its own
    report = drained(tmp_path, store, is_refused=True)
    assert len(report.failed) == 1
    assert "does not like" in report.failed[0]
    assert (kept / "000001.log").read_bytes() == before
    assert not (tmp_path / "refused" / "refused").exists()


def test_media_of_a_refused_entry_are_kept_with_it(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    spool = Spool(journal.directory / "spool")
    set_keeper(spool.keep)
    content = bytes(range(256)) * 1000
    encoding = Encoding(spool.locate)
    try:
        value = encoding.plain(RunFile("large.bin", content))
    finally:
        set_keeper(None)
    seq = journal.add(Config({"file": value}))
    spool.close()
    journal.close()
    store.refuses_configs = True
    assert drained(tmp_path, store).refused == 1
    assert not journal.directory.exists()
    store.refuses_configs = False
    store.blobs.clear()
    assert drained(tmp_path, store, is_refused=True).failed == []
    [config] = store.of(f"{journal.name}.r{seq}", Config)
    assert store.blobs[config.data["file"].blob.sha256] == content


def test_a_refused_entry_whose_media_are_lost_holds_nothing_up(tmp_path: Path, store: MemoryStore) -> None:
    """What is left of it is kept: its numbers, and the media that are there."""
    journal = Journal(tmp_path, pid=DEAD_PID)
    header = {"name": "x", "mime": "text/plain", "caption": None}
    gone = msgspec.msgpack.Ext(
        EXT_SNAPSHOT, msgspec.msgpack.encode(["file", header, [["nowhere.bin", 4, 1]]])
    )
    seq = journal.add(Log(1, 1, 0.0, {"lost": gone, "there": Encoding().plain(RunFile("a", b"a")), "x": 1}))
    journal.log(x=2)
    journal.close()
    store.refuses = {seq}
    report = drained(tmp_path, store, patience_secs=2.0)
    assert (report.failed, report.refused) == ([], 1)
    assert [data["x"] for data in store.logs(journal.name)] == [2]
    store.refuses = set()
    assert drained(tmp_path, store, is_refused=True).failed == []
    [data] = store.logs(f"{journal.name}.r{seq}")
    assert data["x"] == 1
    assert isinstance(data["lost"], UnknownRecord)
    assert type(data["there"]) is FileRecord


def test_a_refused_start_does_not_end_its_run_when_it_comes_again(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID, environment={"odd": 1})
    journal.close()
    start = journal.directory
    store_dir = refuse.keep_refused(tmp_path, start, Start(**FIELDS), 1)
    assert store_dir.name == f"{journal.name}.r1"
    drained(tmp_path, store, is_refused=True)
    starts = store.of(store_dir.name, Start)
    assert [each.is_secondary for each in starts] == [True] * 3
    assert starts[-1].environment == {"odd": 1}


def test_the_doctor_names_the_runs_of_refused_entries(tmp_path: Path, store: MemoryStore) -> None:
    store_dir = StoreDir(tmp_path)
    outbox = store_dir.outbox / "lab"
    for folder, number, run in [(store_dir.journal, 0, "a"), (outbox, 0, "b"), (store_dir.journal, 1, "b")]:
        folder.mkdir(parents=True, exist_ok=True)
        journal = Journal(folder, n=number, pid=DEAD_PID, run=run)
        for value in range(10):
            journal.log(x=value)
        journal.close()
    (outbox / "url").write_text("https://lab.example", encoding="utf-8")
    assert [finding.subject for finding in journal_warnings(store_dir)] == ["journals"], "they wait"

    store.refuses = {3, 7}
    drained(store_dir.journal, store)
    store.refuses = {5}
    drained(outbox, store)
    [finding] = journal_warnings(store_dir)
    assert finding.level == "warn"
    assert finding.text == "5 refused entries are kept: 2 of e/p/a, 3 of e/p/b"
    assert "`diorama sync --refused`" in finding.mend

    damaged = refuse.list_refused(outbox)[0]
    assert (damaged.run, damaged.writer, damaged.seq) == (("e", "p", "b"), "t.0", 5)
    (damaged.directory / "000001.log").write_bytes(b"")
    assert refuse.list_refused(outbox)[0].run is None
    [finding] = journal_warnings(store_dir)
    assert finding.text == "5 refused entries are kept: 2 of e/p/a, 2 of e/p/b, 1 of unknown run"

    (damaged.directory.parent / ".draft-t.0.r9").mkdir()
    assert len(refuse.list_refused(outbox)) == 1, "one that is being written is not there yet"
    store.refuses = set()
    drained(store_dir.journal, store, is_refused=True)
    [finding] = journal_warnings(store_dir)
    assert finding.text == "1 refused entries are kept: 1 of unknown run"


def journal_warnings(store_dir: StoreDir) -> list[Finding]:
    return [finding for finding in check_journals(store_dir) if finding.level != "ok"]


FIELDS = {"entity": "e", "project": "p", "run": "r", "writer": "w", "pid": 1, "pid_started": 0.0, "time": 1.0}

MOMENTS: list[BaseException] = [
    MemoryError(),
    RuntimeError("can't start new thread"),
    TimeoutError("QueuePool limit of size 5 overflow 10 reached"),
    OSError(errno.EMFILE, "Too many open files"),
    OSError(errno.ENOSPC, "No space left on device"),
    type("NobodyKnows", (Exception,), {})("of next year"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment", MOMENTS, ids=lambda moment: f"{type(moment).__name__}-{getattr(moment, 'errno', '')}"
)
def test_a_fault_of_the_moment_is_no_refusal(
    tmp_path: Path, store: MemoryStore, moment: BaseException
) -> None:
    journal = hundred(tmp_path)
    store.trouble = [moment] * 12  # type: ignore[list-item]
    report = drained(tmp_path, store)
    assert (report.failed, report.refused, report.entries) == ([], 0, 101)
    assert len(store.logs(journal.name)) == 100
    assert store.of(journal.name, Warn) == []


@pytest.mark.slow
def test_a_store_that_breaks_over_everything_refuses_nothing(tmp_path: Path, store: MemoryStore) -> None:
    journal = hundred(tmp_path)
    store.is_broken = True
    report = drained(tmp_path, store, patience_secs=1.0)
    assert report.refused == 0
    assert len(report.failed) == 1
    assert not (tmp_path / "refused").exists()
    store.is_broken = False
    report = drained(tmp_path, store)
    assert (report.failed, report.refused) == ([], 0)
    assert len(store.logs(journal.name)) == 100


def test_an_entry_that_cannot_be_put_aside_waits(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hundred(tmp_path)
    store.refuses = {50}
    attempts: list[int] = []

    def keep(*given: object) -> Path:
        attempts.append(1)
        if len(attempts) < 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        return refuse.keep_refused(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(pump, "keep_refused", keep)
    report = drained(tmp_path, store)
    assert (report.failed, report.refused, report.entries) == ([], 1, 100)


def test_an_entry_whose_place_was_not_synced_is_put_aside_again(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hundred(tmp_path)
    store.refuses = {50}
    seen: list[list[str]] = []

    def sync_folder(folder: Path) -> None:
        if folder.name == refuse.REFUSED:
            seen.append([path.name for path in folder.iterdir() if not path.name.startswith(".")])
            if len(seen) == 1:
                raise OSError(errno.EIO, "Input/output error")
        elif len(seen) == 1:
            raise AssertionError("nothing goes on after a sync that failed")

    monkeypatch.setattr(refuse, "sync_folder", sync_folder)
    rename = Path.rename
    renamed: list[str] = []

    def note(path: Path, target: Path) -> Path:
        renamed.append(target.name)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", note)
    assert drained(tmp_path, store).refused == 1
    [name] = seen[0]
    assert [each for each in renamed if name in each] == [name, f".draft-{name}", name]


def test_a_refused_report_of_damage_is_told_in_plainer_words(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    journal.log(x=1)
    journal.log(x=2)
    journal.close()
    segment = journal.directory / "000001.log"
    data = bytearray(segment.read_bytes())
    data[-1] ^= 1
    segment.write_bytes(data)
    store.refused_reasons = {"checksum does not match"}
    report = drained(tmp_path, store)
    assert report.failed == []
    assert report.lost == 1
    assert store.lost[journal.name] == [Lost(3, 3, "its journal", "damaged")]


def test_damage_behind_the_last_entry_is_told_although_the_batch_was_halved(
    tmp_path: Path, store: MemoryStore
) -> None:
    journal = hundred(tmp_path)
    segment = journal.directory / "000001.log"
    data = bytearray(segment.read_bytes())
    data[-1] ^= 1
    segment.write_bytes(data)
    store.refuses = {10}
    report = drained(tmp_path, store)
    assert (report.refused, report.lost) == (1, 1)
    assert [gap.first_seq for gap in store.lost[journal.name]] == [101]
