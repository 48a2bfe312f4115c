"""Deleted runs: nothing finds them, late batches reach them, their names are free, they come back whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from batches import BEGAN, RUN, batch, columns_of, ingest, log, rows_of, start, to_plain
from owner import Service

from diorama.errors import BadRequest, NotFound
from diorama.journal.entry import Batch, Config, Console, ConsoleLine, File, Finish, Summary
from diorama.media import KINDS_BY_NAME, FileRecord, HistogramRecord, ImageRecord, Table
from diorama.service import Access
from diorama.service.views import (
    HistogramRequest,
    MediaRequest,
    MediaWanted,
    RunPatch,
    SeriesRequest,
    TableRequest,
    TrackRequest,
)
from diorama.store import schema

ENTITY, PROJECT, RUN_ID = RUN
OTHER = (ENTITY, PROJECT, "other")
FIRST, SECOND, THIRD = (int((BEGAN + day * 86_400) * 1e9) for day in range(3))
"""Sessions, a day after one another."""


def fill(service: Service, run: tuple[str, str, str] = RUN, writer: str = "w.0") -> int:
    """A run that has something of everything; returns its uid."""
    picture = service.put_blob(b"pixels of " + run[2].encode(), "image/png")
    text = service.put_blob(b"text of " + run[2].encode(), "text/plain")
    snapshot = Table(columns=["a"], data=[[run[2]]]).snapshot()
    table = KINDS_BY_NAME["table"].encode(snapshot, service.put_blob)
    return ingest(
        service,
        Config({"lr": 0.1, "of": {run[2]: 1}}, []),
        log(0, {"loss": 1.0, "picture": ImageRecord(blob=picture, width=1, height=1)}),
        log(1, {"loss": 0.5, "h": HistogramRecord(bins=[0, 1], values=[1]), "table": table}),
        Summary({"best": 0.5}, []),
        Console([ConsoleLine(1, BEGAN, "stdout", "hello")]),
        File("notes.txt", FileRecord(blob=text, name="notes.txt")),
        run=run,
        writer=writer,
    )


def session_start(session: int, writer: str, *, is_secondary: bool = False) -> Any:
    return start(writer=writer, session=session, time=session / 1e9, is_secondary=is_secondary)


def state_of(service: Service, run: tuple[str, str, str] = RUN) -> Any:
    """All that is said of a run and its project, versions left out."""
    uid = service.find_run(*run).uid
    detail = to_plain(service.run(uid))
    detail["run"].pop("version")
    listed = service.runs(*run[:2])
    return {
        "detail": detail,
        "rows": rows_of(service, uid),
        "keys": to_plain(service.keys([uid])),
        "console": to_plain(service.console(uid)),
        "files": to_plain(service.files(uid)),
        "columns": to_plain(listed.columns),
        "listed": [view.uid for view in listed.runs],
        "projects": to_plain(service.projects()),
    }


def asked(service: Service, uid: int, run: tuple[str, str, str], blob: str) -> dict[str, Callable[[], Any]]:
    """Each method of an Access that answers for a run: what it answers for one."""
    entity, project, run_id = run
    return {
        "run": lambda: service.run(uid),
        "find_run": lambda: service.find_run(entity, project, run_id),
        "past_run": lambda: service.past_run(entity, project, run_id),
        "documents": lambda: service.documents(uid),
        "patch_run": lambda: service.patch_run(uid, RunPatch(notes="")),
        "runs": lambda: [view.uid for view in service.runs(entity, project).runs if view.uid == uid],
        "keys": lambda: service.keys([uid]).keys,
        "series": lambda: columns_of(service.series(SeriesRequest(runs=[uid], keys=["loss"]))),
        "tracks": lambda: columns_of(service.tracks(TrackRequest(runs=[uid], keys=["picture"]))),
        "media": lambda: [
            cell
            for cell in service.media(MediaRequest([MediaWanted(uid, "picture", 0)])).cells
            if cell.state != "missing"
        ],
        "histograms": lambda: service.histograms(HistogramRequest(run=uid, key="h")),
        "console": lambda: service.console(uid),
        "files": lambda: service.files(uid),
        "file": lambda: service.file(uid, "notes.txt"),
        "scan_history": lambda: list(service.scan_history(uid)),
        "table_page": lambda: service.table_page(TableRequest(run=uid, key="table")),
        "table_csv": lambda: list(service.table_csv([], run=uid, key="table")),
        "blob": lambda: service.blob(blob),
        "get_blob": lambda: service.get_blob(blob),
        "changes": lambda: service.changes(0, runs={uid}).runs,
    }


ASKED_FOR_NO_RUN = {
    *("version", "check", "projects", "commits_in_order"),
    # What is written goes to deleted runs as well, and bytes are known by what they are.
    *("ingest", "acked_seq", "put_blob", "receive_blob", "missing_blobs"),
    *("delete_runs", "restore_runs", "projects_of", "news"),
}


def is_absent(ask: Callable[[], Any]) -> bool:
    try:
        return not ask()
    except NotFound:
        return True


def test_no_question_finds_a_deleted_run(service: Service) -> None:
    fill(service, OTHER)
    uid = fill(service)
    blob = service.file(uid, "notes.txt").sha256
    ask = asked(service, uid, RUN, blob)
    methods = {name for name in dir(Access) if name[0] != "_"}
    assert methods == ask.keys() | ASKED_FOR_NO_RUN, "each says how it answers for a deleted run"
    assert [name for name in ask if is_absent(ask[name])] == []
    assert service.delete_runs([uid]) == [uid]
    assert [name for name in ask if not is_absent(ask[name])] == []
    assert service.delete_runs([uid]) == [], "it is not there any more"
    assert service.check() == [], "its bytes are kept"


def test_others_do_not_notice(service: Service) -> None:
    fill(service, OTHER)
    before = state_of(service, OTHER)
    uid = fill(service)
    assert service.projects().projects[0].run_count == 2
    service.delete_runs([uid])
    assert state_of(service, OTHER) == before


def test_a_blob_is_there_while_a_run_that_is_there_names_it(service: Service) -> None:
    blob = service.put_blob(b"the same", "image/png")
    picture = log(0, {"picture": ImageRecord(blob=blob, width=1, height=1)})
    one, other = ingest(service, picture), ingest(service, picture, run=OTHER, writer="w.other")
    service.delete_runs([one])
    assert service.blob(blob.sha256).ref == blob
    service.delete_runs([other])
    with pytest.raises(NotFound):
        service.blob(blob.sha256)
    service.restore_runs([one])
    assert service.blob(blob.sha256).ref == blob


def test_a_table_of_blobs_is_there_while_its_run_is(service: Service) -> None:
    uid = fill(service)
    cell = service.media(MediaRequest([MediaWanted(uid, "table", 1)])).cells[0]
    tables = [cell.items[0]["blob"]["sha256"]]
    assert service.table_page(TableRequest(tables=tables)).rows == [[RUN_ID]]
    service.delete_runs([uid])
    with pytest.raises(NotFound):
        service.table_page(TableRequest(tables=tables))
    with pytest.raises(NotFound):
        service.table_csv(tables)


def test_changes_tell_of_deletions_once(service: Service) -> None:
    one, other = fill(service), fill(service, OTHER, "w.other")
    before = service.version()
    service.delete_runs([other, one, 10**6])
    event = service.changes(before)
    assert (event.version, event.runs, event.deleted) == (service.version(), [], [one, other])
    assert service.changes(before, runs={other}).deleted == [other]
    assert service.changes(event.version).deleted == []
    assert service.projects_of([one, 10**6]) == {one: f"{ENTITY}/{PROJECT}"}
    service.ingest(batch([log(2, {"loss": 0.1})], first_seq=8))
    late = service.changes(event.version)
    assert (late.runs, late.deleted) == ([], []), "what comes late is no change that anybody sees"
    service.restore_runs([one])
    back = service.changes(event.version)
    assert ([run.uid for run in back.runs], back.deleted) == ([one], [])


def test_late_batches_are_stored_and_bring_nothing_back(service: Service) -> None:
    uid = fill(service)
    before = state_of(service)
    late = [
        log(2, {"loss": 0.25, "new": 1}),
        Config({"late": 1}, []),
        Finish(time=BEGAN + 9, exit_code=0, state="finished"),
    ]
    service.delete_runs([uid])
    assert service.acked_seq(RUN, "w.0") == 7
    assert service.ingest(batch(late, first_seq=8)) == 10
    assert service.ingest(batch(late, first_seq=8)) == 10, "twice is the same as once"
    assert service.ingest(Batch(RUN, "w.0", [])) == 10, "a heartbeat"
    assert service.acked_seq(RUN, "w.0") == 10
    with pytest.raises(NotFound):
        service.find_run(*RUN)
    assert service.runs(ENTITY, PROJECT).total == 0
    assert service.runs(ENTITY, PROJECT).columns == []
    assert service.restore_runs([uid]) == [uid]
    assert service.restore_runs([uid]) == []
    after = state_of(service)
    assert after["rows"] == [*before["rows"], {"_step": 2, "loss": 0.25, "new": 1}]
    assert after["detail"]["run"]["state"] == "finished"
    columns = {column["path"] for column in before["columns"]} | {"config.late", "summary.new"}
    assert {column["path"] for column in after["columns"]} == columns
    assert {column["run_count"] for column in after["columns"]} == {1}


def test_what_was_restored_is_as_it_was(service: Service) -> None:
    fill(service, OTHER, "w.other")
    uid = fill(service)
    before = state_of(service)
    for _ in range(2):
        assert service.delete_runs([uid]) == [uid]
        assert service.restore_runs([uid]) == [uid]
    assert state_of(service) == before


class TestTheSameNameAgain:
    """A name's runs follow one another by the sessions that are in them."""

    def begin(self, service: Service, session: int, writer: str, **fields: Any) -> None:
        service.ingest(batch([session_start(session, writer, **fields), log(0, {writer: 1})], writer=writer))

    def keys_by_run(self, service: Service) -> dict[int, list[str]]:
        """run -> keys, deleted runs too."""
        table = schema.keys.c
        with service._database.read() as connection:
            rows = connection.execute(sa.select(table.run, table.key).order_by(table.run, table.key)).all()
        return {run: [key for of, key in rows if of == run] for run, _ in rows}

    def test_a_newer_init_makes_another_run(self, service: Service) -> None:
        self.begin(service, FIRST, "w.1")
        old = service.find_run(*RUN).uid
        service.delete_runs([old])
        self.begin(service, SECOND, "w.2")
        new = service.find_run(*RUN).uid
        assert new > old
        service.ingest(batch([log(1, {"more": 1})], first_seq=3, writer="w.2"))
        service.ingest(batch([log(1, {"late": 1})], first_seq=3, writer="w.1"))
        assert self.keys_by_run(service) == {old: ["late", "w.1"], new: ["more", "w.2"]}
        with pytest.raises(BadRequest, match="another run"):
            service.restore_runs([old])
        assert service.delete_runs([new]) == [new]
        assert service.restore_runs([old]) == [old]
        assert service.find_run(*RUN).uid == old

    def test_others_of_the_deleted_sessions_stay_with_them(self, service: Service) -> None:
        self.begin(service, SECOND, "w.2")
        old = service.find_run(*RUN).uid
        service.delete_runs([old])
        self.begin(service, SECOND, "w.2.child", is_secondary=True)
        self.begin(service, FIRST, "w.1")
        service.ingest(Batch(RUN, "w.unknown", []))
        with pytest.raises(NotFound):
            service.find_run(*RUN)
        assert self.keys_by_run(service) == {old: ["w.1", "w.2", "w.2.child"]}

    def test_a_heartbeat_before_the_first_batch_binds_nothing(self, service: Service) -> None:
        self.begin(service, FIRST, "w.1")
        service.delete_runs([service.find_run(*RUN).uid])
        assert service.ingest(Batch(RUN, "w.2", [])) == 0
        self.begin(service, SECOND, "w.2")
        assert rows_of(service, service.find_run(*RUN).uid) == [{"_step": 0, "w.2": 1}]

    def test_three_in_a_row(self, service: Service) -> None:
        uids = []
        for session, writer in ((FIRST, "w.1"), (SECOND, "w.2"), (THIRD, "w.3")):
            self.begin(service, session, writer)
            uids.append(service.find_run(*RUN).uid)
            service.delete_runs([uids[-1]])
        for session, writer in ((FIRST, "late.1"), (SECOND, "late.2"), (THIRD - 1, "late.3")):
            self.begin(service, session, writer)
        assert self.keys_by_run(service) == {
            uid: [f"late.{number}", f"w.{number}"] for number, uid in enumerate(uids, 1)
        }

    def test_writers_without_sessions_go_by_their_times(self, service: Service) -> None:
        service.ingest(batch([start(time=BEGAN), log(0, {"a": 1})]))
        old = service.find_run(*RUN).uid
        service.delete_runs([old])
        service.ingest(batch([start(writer="w.c", is_secondary=True, time=BEGAN + 5)], writer="w.c"))
        service.ingest(batch([log(7, {"lost start": 1})], writer="w.d"))
        with pytest.raises(NotFound):
            service.find_run(*RUN)
        service.ingest(batch([start(writer="w.1", time=BEGAN + 9)], writer="w.1"))
        assert service.find_run(*RUN).uid > old

    def test_a_clock_that_stands_still_deletes_twice(self, service: Service) -> None:
        service._face._now = lambda: BEGAN
        for session, writer in ((FIRST, "w.1"), (SECOND, "w.2"), (THIRD, "w.3")):
            self.begin(service, session, writer)
            assert len(service.delete_runs([service.find_run(*RUN).uid])) == 1


def test_nothing_of_what_many_delete_and_log_at_once_is_lost(open_store: Callable[[], Service]) -> None:
    service, deleting = open_store(), open_store()
    ingest(service, log(0, {"x": 0}))
    uids: set[int] = set()
    is_over = threading.Event()

    def delete_often() -> None:
        while not is_over.is_set():
            found = deleting.runs(ENTITY, PROJECT).runs
            uids.update(deleting.delete_runs([run.uid for run in found]))

    thread = threading.Thread(target=delete_often)
    thread.start()
    try:
        for number in range(30):
            time.sleep(0.01)  # SQLite's lock is not handed over in turn
            writer = f"w.{number + 1}"
            head = session_start(FIRST + number * 10**9, writer)
            service.ingest(batch([head, log(0, {"x": number})], writer=writer))
            service.ingest(batch([log(1, {"x": number})], first_seq=3, writer=writer))
    finally:
        is_over.set()
        thread.join()
    uids.update(deleting.delete_runs([run.uid for run in service.runs(ENTITY, PROJECT).runs]))
    with service._database.read() as connection:
        total = connection.execute(sa.select(sa.func.sum(schema.keys.c.count))).scalar_one()
        columns = connection.execute(sa.select(sa.func.sum(schema.run_columns.c.run_count))).scalar_one()
    assert (total, columns) == (1 + 30 * 2, 0)
    assert service.check() == []
    assert len(uids) > 1
