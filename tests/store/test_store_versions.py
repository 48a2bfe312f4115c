"""Versions of changes: none is skipped, whatever the order in which transactions end."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
import sqlalchemy as sa
from batches import batch, ingest, log, start
from owner import Service

from diorama.journal.entry import Batch, Config, Entry
from diorama.model import OWNER, RunKey, StoreDir
from diorama.server.lanes import Lanes
from diorama.server.live import POLL_SECS, LiveHub
from diorama.service.ingest import _Target
from diorama.store import schema, versions
from diorama.store.versions import Seen, next_version


@pytest.fixture
def team(postgres_url: str, tmp_path: Path) -> Iterator[Service]:
    """An empty store on PostgreSQL, with files for blobs."""
    with Service.open(
        StoreDir(tmp_path / "store"), environ={"DIORAMA_DATABASE_URL": postgres_url}
    ) as service:
        yield service


class Change:
    """A change of a run in a transaction that is open until `commit` or `undo`."""

    def __init__(self, service: Service, uid: int) -> None:
        self.uid = uid
        self._transaction: AbstractContextManager[sa.Connection] = service._database.write()
        connection = self._transaction.__enter__()
        self.version = next_version(connection)
        connection.execute(sa.update(schema.runs).where(schema.runs.c.id == uid).values(version=self.version))

    def commit(self) -> None:
        self._transaction.__exit__(None, None, None)

    def undo(self) -> None:
        assert not self._transaction.__exit__(RuntimeError, RuntimeError("undone"), None)


HELD = """SELECT relation::regclass::text FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE datname = current_database() AND pid <> pg_backend_pid()
AND relation IN ('runs'::regclass, 'meta'::regclass)
AND (granted OR mode = 'AccessShareLock') AND mode <> 'AccessExclusiveLock'"""


@pytest.mark.parametrize("ask", [versions.settled_version, versions.are_behind])
def test_who_asks_for_versions_takes_meta_before_runs(
    team: Service, ask: Callable[[sa.Connection], object]
) -> None:
    """As writers do: else a migration, which wants both, would wait for one who waits for it."""
    engine = team._database._engine
    with engine.connect() as asking, ThreadPoolExecutor(1) as thread:
        for _ in range(10):  # the driver prepares a statement that comes often
            ask(asking)
        asking.rollback()
        with engine.begin() as migrating:
            migrating.exec_driver_sql("LOCK TABLE meta IN ACCESS EXCLUSIVE MODE")
            asked = thread.submit(ask, asking)
            while not (held := [row[0] for row in migrating.exec_driver_sql(HELD)]):
                assert not wait([asked], timeout=0.01).done
            assert held == ["meta"]
        asked.result(10)


def make_runs(service: Service, count: int) -> list[int]:
    return [ingest(service, run=("local", "digits", f"run{number}")) for number in range(count)]


def told(service: Service, since: Seen) -> tuple[Seen, list[int]]:
    seen, event = service.news(since)
    assert event.version == seen.version
    return seen, [run.uid for run in event.runs]


def test_transactions_that_end_out_of_order_are_told_once_and_never_skipped(team: Service) -> None:
    one, other = make_runs(team, 2)
    seen = Seen(team.version())
    early, late = Change(team, one), Change(team, other)
    assert early.version < late.version
    late.commit()
    between, uids = told(team, seen)
    assert uids == [other]
    assert between.version < early.version
    assert between.ahead == {late.version}
    assert told(team, between) == (between, [])
    early.commit()
    after, uids = told(team, between)
    assert uids == [one]
    assert after == Seen(late.version)
    assert told(team, after) == (after, [])
    # A page that comes back says a number only: it hears of the later one once more.
    assert [run.uid for run in team.changes(between.version).runs] == [one, other]
    assert team.version() == late.version
    assert team.changes(late.version).runs == []


def test_a_change_that_is_undone_holds_nobody_up(team: Service) -> None:
    one, other = make_runs(team, 2)
    seen = Seen(team.version())
    early, late = Change(team, one), Change(team, other)
    late.commit()
    early.undo()
    assert told(team, seen) == (Seen(late.version), [other])


@pytest.mark.parametrize("seed", range(12))
def test_no_order_of_transactions_and_readers_skips_a_change(service: Service, seed: int) -> None:
    """A stream is told each change once, a page that comes back at random each change at least once."""
    chance = random.Random(seed)
    uids = make_runs(service, 5)
    most_open = 1 if service.commits_in_order else 4
    is_open: dict[int, Change] = {}
    stream = Seen(service.version())
    page = stream.version
    for_stream, for_page = set[int](), set[int]()
    """Runs with a change that is committed and not told."""

    def read(*, is_stream: bool) -> None:
        nonlocal stream, page
        if is_stream:
            stream, found = told(service, stream)
            assert sorted(found) == sorted(for_stream)
            for_stream.clear()
        else:
            event = service.changes(page)
            assert for_page <= {run.uid for run in event.runs}
            page = event.version
            for_page.clear()

    for _ in range(60):
        what = chance.random()
        if what < 0.4 and len(is_open) < most_open:
            uid = chance.choice([uid for uid in uids if uid not in is_open])
            is_open[uid] = Change(service, uid)
        elif what < 0.7 and is_open:
            change = is_open.pop(chance.choice(list(is_open)))
            if chance.random() < 0.2:
                change.undo()
                continue
            change.commit()
            for_stream.add(change.uid)
            for_page.add(change.uid)
        else:
            read(is_stream=chance.random() < 0.5)
    for change in is_open.values():
        change.commit()
        for_stream.add(change.uid)
        for_page.add(change.uid)
    read(is_stream=True)
    read(is_stream=False)
    assert stream == Seen(service.version())
    assert service.changes(page).runs == []


def test_readers_beside_writers_hear_of_every_batch(service: Service) -> None:
    """Real batches from many threads: whoever is told of a run is told again after its last batch."""
    runs = [("local", "digits", f"run{number}") for number in range(6)]
    is_over = threading.Event()
    seen = Seen(service.version())
    last: dict[int, int | None] = {}

    def follow() -> None:
        nonlocal seen
        while True:
            was_over = is_over.is_set()
            seen, event = service.news(seen)
            last.update((run.uid, run.last_step) for run in event.runs)
            if was_over:
                return

    def write(run: tuple[str, str, str]) -> None:
        service.ingest(batch([start(run)], run=run))
        for step in range(15):
            service.ingest(batch([log(step, {"x": step})], first_seq=step + 2, run=run))

    with ThreadPoolExecutor(len(runs) + 1) as threads:
        following = threads.submit(follow)
        try:
            for writing in [threads.submit(write, run) for run in runs]:
                writing.result()
        finally:
            is_over.set()
        following.result()
    assert last == {service.find_run(*run).uid: 14 for run in runs}
    assert seen == Seen(service.version())


@contextmanager
def open_elsewhere(url: str) -> Iterator[None]:
    """A transaction in another database of the same server."""
    engine = sa.create_engine(sa.make_url(url).set(database="postgres"))
    with engine.begin() as connection:
        connection.execute(sa.text("SELECT pg_current_xact_id()"))
        yield
    engine.dispose()


def test_a_long_transaction_elsewhere_delays_nothing(team: Service, postgres_url: str) -> None:
    (uid,) = make_runs(team, 1)
    run = ("local", "digits", "run0")
    seen = first = Seen(team.version())
    with open_elsewhere(postgres_url):
        for step in range(3):
            team.ingest(batch([log(step, {f"key{step}": 1})], first_seq=2 + step, run=run))
            seen, event = team.news(seen)
            assert [(one.uid, one.last_step) for one in event.runs] == [(uid, step)]
            assert f"key{step}" in event.runs[0].keys
            assert told(team, seen) == (seen, [])
        assert team.version() <= first.version
        assert [one.uid for one in team.changes(first.version).runs] == [uid]
    after, uids = told(team, seen)
    assert uids == []
    assert after == Seen(max(seen.ahead))
    assert team.changes(after.version).runs == []


def test_live_updates_come_while_a_transaction_stays_open(
    team: Service, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, soon, and without asking the store more often than usual."""
    run = ("local", "digits", "run0")
    uid = ingest(team, run=run)
    asked: list[float] = []
    owner = team.for_(OWNER)
    news = owner.news
    monkeypatch.setattr(owner, "news", lambda since: (asked.append(time.monotonic()), news(since))[1])

    async def listen() -> None:
        hub = LiveHub(owner, Lanes(), limit=3)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hub.watch)
            stream = hub.stream(owner, None, "local/digits", lambda: True)
            assert b'"runs":[]' in await anext(stream)
            for step in range(3):
                await anyio.to_thread.run_sync(
                    lambda step=step: team.ingest(
                        batch([log(step, {"x": step})], first_seq=2 + step, run=run)
                    )
                )
                with anyio.fail_after(5):
                    event = json.loads((await anext(stream)).partition(b"data: ")[2])
                assert [(one["uid"], one["last_step"]) for one in event["runs"]] == [(uid, step)]
            asked.clear()
            with anyio.move_on_after(8 * POLL_SECS) as waiting:
                await anext(stream)
            assert waiting.cancelled_caught
            assert len(asked) <= 9
            tasks.cancel_scope.cancel()

    with open_elsewhere(postgres_url):
        anyio.run(listen)


def restore_elsewhere(service: Service) -> int:
    """What a dump looks like in a cluster that has had fewer transactions; returns the newest version."""
    with service._database.write() as connection:
        connection.execute(sa.update(schema.runs).values(version=schema.runs.c.version + 10**9))
        newest = connection.execute(sa.select(sa.func.max(schema.runs.c.version))).scalar_one()
    service._database.close()  # to restore it, everybody is disconnected
    return int(newest)


def test_a_restored_store_goes_on_above_its_versions(team: Service) -> None:
    make_runs(team, 2)
    newest = restore_elsewhere(team)
    page = team.changes(0).version
    uid = ingest(team, run=("local", "digits", "new"))
    assert [run.uid for run in team.changes(newest).runs] == [uid]
    assert uid in [run.uid for run in team.changes(page).runs]
    assert team.version() > newest
    before = team.version()
    team.ingest(batch([log(0, {"x": 1})], first_seq=2, run=("local", "digits", "new")))
    assert [run.uid for run in team.changes(before).runs] == [uid]


def test_many_may_find_a_restored_store_at_once(team: Service) -> None:
    make_runs(team, 8)
    newest = restore_elsewhere(team)

    def write(number: int) -> None:
        run = ("local", "digits", f"run{number}")
        team.ingest(batch([log(0, {"x": 1})], first_seq=2, run=run))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    assert len(team.changes(newest).runs) == 8
    with team._database.read() as connection:
        base = connection.execute(
            sa.select(schema.meta.c.number).where(schema.meta.c.name == "version")
        ).scalar_one()
    assert base < newest  # raised once, by what was missing


def test_the_base_is_raised_when_nobody_writes(team: Service) -> None:
    (uid,) = make_runs(team, 1)
    change = Change(team, uid)

    def raise_base() -> None:
        with team._database._engine.begin() as connection:
            versions.raise_base(connection)

    with ThreadPoolExecutor(1) as threads:
        raising = threads.submit(raise_base)
        assert wait([raising], 0.3).not_done
        change.commit()
        raising.result(10)


def test_runs_of_one_project_are_made_side_by_side(team: Service) -> None:
    """While runs are being made, none of which is committed, others are, with the same columns."""
    config = Config({"lr": 0.1, "net": {"depth": 18}})

    def batch_of(number: int) -> Batch:
        run = ("local", "digits", f"run{number}")
        entries: list[Entry] = [start(run), config, log(0, {"loss": float(number)})]
        return batch(entries, run=run)

    team.ingest(batch_of(0))
    with ExitStack() as opened:
        for number in range(1, 5):
            one = batch_of(number)
            connection = opened.enter_context(team._database.write())
            target = _Target(connection, team._database, RunKey(*one.run), one, now=1.0)
            target.apply(*team._ingest._prepare(one, 0))
        with ThreadPoolExecutor(1) as threads:
            threads.submit(team.ingest, batch_of(5)).result(20)
    counts = {view.path: view.run_count for view in team.runs("local", "digits").columns}
    assert counts == {"config.lr": 6, "config.net.depth": 6, "summary.loss": 6}
