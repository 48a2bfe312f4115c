"""Whether a run that starts under an id that the user chose is added to an older run by mistake.

What this machine knows is looked at before the run starts. A server, or another database than SQLite, is
asked in the background, because `init()` would have to wait for it.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from diorama.client.resume import find_stored, journals_of
from diorama.errors import CommError
from diorama.journal.life import is_writer_alive
from diorama.model import RunKey, StoreDir

if TYPE_CHECKING:
    from diorama.client.run import Run

JOURNALS_LIMIT = 200
"""So many of the newest journals are looked through."""
ASK_AFTER_SECS = (0.0, 5.0, 30.0, 120.0)
"""How long to wait before each attempt to ask a store that may be away."""


def state_of(key: RunKey, store_dir: StoreDir | None, *, journal_root: Path) -> str | None:
    """ "running" or "ended", or None if this machine knows no such run. `store_dir`: the store to look into,
    if there is one on this machine."""
    found = journals_of(key, journal_root, limit=JOURNALS_LIMIT)
    if any(is_writer_alive(start, folder) for start, folder in found if start.pid != os.getpid()):
        return "running"
    if found:
        return "ended"
    if store_dir is None or _has_other_database() or not store_dir.database.exists():
        return None
    try:
        state = _stored_state(key, store_dir.database)
    except sqlite3.Error:
        return None  # then there is no warning; the sidecar will say what is wrong with the store
    return state if state in (None, "running") else "ended"


def warn_of_same_id(run: Run) -> None:
    """Say that what is logged now is added to a run that had ended."""
    run._reporter.warn("same-id", _text(run))


def ask_in_background(run: Run) -> None:
    """Ask the run's store whether the run had ended before this one started, and say so if it had."""
    settings = run.settings
    if not settings.is_remote and (settings.mode == "offline" or not _has_other_database()):
        return
    thread = threading.Thread(target=_ask, args=(run, time.time()), name="diorama-same-id", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no more threads: then there is no warning
        return


def _ask(run: Run, began: float) -> None:
    settings, channel = run.settings, run._channel
    if channel is None:
        return
    for wait_secs in ASK_AFTER_SECS:
        time.sleep(wait_secs)
        if run._is_finished:
            return
        try:
            past = find_stored(
                run._place.key,
                settings.store_dir,
                url=settings.url if settings.is_remote else None,
                api_key=settings.api_key,
                has_processes=settings.sidecar != "thread" and bool(sys.executable),
            )
        except CommError:
            continue  # away; the sidecar says so
        ends = {} if past is None else past.ends
        ended = [end is not None and end <= began for writer, end in ends.items() if writer != channel.name]
        if ended and all(ended):  # else other processes log to the run now: then this one is meant to join
            run._reporter.tell("same-id", _text(run))
        return


def _text(run: Run) -> str:
    return (
        f"there is a run {run.path} already, and what is logged now is added to it: "
        "pass resume='allow' to go on where it stopped, or another id (or none) to start anew"
    )


def _has_other_database() -> bool:
    return bool(os.environ.get("DIORAMA_DATABASE_URL"))


def _stored_state(key: RunKey, database: Path) -> str | None:
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as store:
        found = store.execute(
            "SELECT runs.state FROM runs JOIN projects ON projects.id = runs.project_id"
            " WHERE projects.entity = ? AND projects.name = ? AND runs.run_id = ?",
            (key.entity, key.project, key.id),
        ).fetchone()
    return None if found is None else str(found[0])
