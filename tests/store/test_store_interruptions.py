"""A thread is interrupted, at each line in turn: nobody else notices, and nobody waits for ever."""

from __future__ import annotations

import contextlib
import gc
import linecache
import sys
import time
from collections.abc import Callable, Iterator, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import sqlalchemy as sa
from commits import Do, behind_another, names_in

from diorama.store import database as databases
from diorama.store import driver_errors, schema, shared_commits
from diorama.store.database import Database

MODULES = (shared_commits, databases, driver_errors, contextlib)
FILES = {module.__file__ for module in MODULES}
PATIENCE_SECS = 20


class Alarm(Exception):
    """What a signal's handler may raise."""


class Interruption:
    """A trace function that raises an error at one line of FILES, as the handler of a signal would.

    Not at the end of `with`: Python looks for no signals between the last line in it and its `__exit__`.
    """

    def __init__(self, at: int, error: BaseException) -> None:
        self.error = error
        self.to_come = at
        self._entered: set[tuple[int, int]] = set()

    def __call__(self, frame: FrameType, event: str, _: object) -> Interruption | None:
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line" and not self._leaves_with(frame):
            self.to_come -= 1
            if self.to_come == 0:
                raise self.error
        return self

    def _leaves_with(self, frame: FrameType) -> bool:
        if not linecache.getline(frame.f_code.co_filename, frame.f_lineno).lstrip().startswith("with "):
            return False
        place = (id(frame), frame.f_lineno)
        self._entered ^= {place}
        return place not in self._entered


def adding_once(name: str) -> Do:
    """Work that may be done twice, as all must that is interrupted after its commit."""

    def do(connection: sa.Connection) -> str:
        row = {"entity": "e", "name": name, "created_at": 1.0}
        connection.execute(sa.insert(schema.projects).prefix_with("OR IGNORE"), row)
        return name

    return do


@pytest.fixture(autouse=True)
def small_collections() -> Iterator[None]:
    """The collector looks only at what comes from now on: it is called for each line."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def run_traced(trace: Interruption, do: Callable[[], object]) -> object:
    # An interruption leaves `with` blocks open, which the collector ends: what is raised then is lost.
    gc.collect()
    gc.disable()
    sys.settrace(trace)
    try:
        return do()
    finally:
        sys.settrace(None)
        gc.enable()


def _is_in_or_done(row: Sized, count: int, work: Future[Any]) -> bool:
    return len(row) > count or work.done()


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECS
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Alarm])
def test_who_writes_for_all_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    monkeypatch.setattr(shared_commits, "LOOK_SECS", 0.01)
    database = Database.open(tmp_path / "diorama.db")
    waiting = database._shared_commits._waiting
    at, expected, others = 0, list[str](), list[Future[Any]]()
    joined: set[int] = set()
    with ThreadPoolExecutor(3) as threads:

        def join(_connection: object = None) -> None:
            """Two others join the row, once, while a transaction begins."""
            if at not in joined:
                joined.add(at)  # before they begin: each of them comes here, too
                count = len(waiting)
                others.extend(threads.submit(database.transact, adding_once(f"{at} {who}")) for who in "ab")
                until(lambda: len(waiting) == count + 2 or all(one.done() for one in others))

        sa.event.listen(database._engine, "begin", join)
        while True:
            at += 1
            others.clear()
            trace = Interruption(at, kind())
            own = threads.submit(run_traced, trace, partial(database.transact, adding_once(f"{at} own")))
            ended = own.exception(PATIENCE_SECS)
            join()
            assert [other.result(PATIENCE_SECS) for other in others] == [f"{at} a", f"{at} b"]
            if ended is None:
                break
            assert ended is trace.error
            expected += [f"{at} a", f"{at} b"]
    assert at > 50
    assert trace.to_come > 0
    stored = set(names_in(database))
    assert stored >= {*expected, f"{at} own"}
    assert all(work.is_over for work in waiting)
    database.close()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Alarm])
def test_who_waits_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    monkeypatch.setattr(shared_commits, "LOOK_SECS", 0.01)
    database = Database.open(tmp_path / "diorama.db")
    waiting = database._shared_commits._waiting
    at, ended = 0, False
    while not ended:
        at += 1
        trace = Interruption(at, kind())
        with ThreadPoolExecutor(1) as thread, behind_another(database) as queue:
            count = len(waiting)
            own = partial(database.transact, adding_once(f"{at} own"))
            interrupted = thread.submit(run_traced, trace, own)
            until(partial(_is_in_or_done, waiting, count, interrupted))
            other = queue(adding_once(f"{at} other"))
        assert other.result(PATIENCE_SECS) == f"{at} other"
        assert interrupted.exception(PATIENCE_SECS) in (None, trace.error)
        ended = interrupted.exception() is None
    assert at > 10
    assert all(work.is_over for work in waiting)
    database.close()
