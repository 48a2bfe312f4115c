"""What is known of a run that is to be resumed: in the store, in journals nobody has stored yet, or on
the server.

The store is read here with the standard library alone and read-only: a training process opens no
database of ours for writing, and does not import the store.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from diorama.errors import CommError, JournalError, NotFound, StoreError
from diorama.journal.codec import decode_entry, decode_plain
from diorama.journal.entry import Attributes, Config, Log, Start, Summary
from diorama.journal.reader import JournalReader, first_payload
from diorama.model import RunKey, StoreDir

ANSWER_SECS = 10.0
JOURNALS_LIMIT = 200
"""So many are looked through for a warning; for resuming, all."""


class PastRun(msgspec.Struct):
    """A run as it was left. `summary` by dotted path; last_step None if nothing was logged; session: the
    newest one that is known."""

    config: dict[str, Any] = {}
    summary: dict[str, Any] = {}
    last_step: int | None = None
    name: str | None = None
    notes: str | None = None
    tags: list[str] | None = None
    group: str | None = None
    job_type: str | None = None
    session: int = 0


def find_past_run(
    key: RunKey, store_dir: StoreDir, *, journal_root: Path, url: str | None, api_key: str | None
) -> PastRun | None:
    """The run `key`, or None if there is none. Raises CommError if that can't be found out."""
    if url:
        stored = _from_server(key, url, api_key)
    elif os.environ.get("DIORAMA_DATABASE_URL"):
        stored = _from_database(key, store_dir)
    else:
        stored = _from_store(key, store_dir.database)
    return _with_journals(key, journal_root, stored)


def state_of(key: RunKey, store_dir: StoreDir | None, *, journal_root: Path) -> str | None:
    """ "running" or "ended", or None if this machine knows no such run. `store_dir`: the store to look into,
    if it is SQLite's; a server or another database is not asked, because init() would have to wait for it."""
    writers = {start.pid for start, _ in _journals_of(key, journal_root, limit=JOURNALS_LIMIT)}
    if any(_is_running(pid) for pid in writers if pid != os.getpid()):
        return "running"
    if writers:
        return "ended"
    if store_dir is None or os.environ.get("DIORAMA_DATABASE_URL") or not store_dir.database.exists():
        return None
    try:
        row = _find_row(key, store_dir.database, "runs.state")
    except sqlite3.Error:
        return None  # a warning less; the sidecar will say what is wrong with the store
    return None if row is None else "running" if row["state"] == "running" else "ended"


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def _from_store(key: RunKey, database: Path) -> PastRun | None:
    if not database.exists():
        return None
    try:
        row = _find_row(key, database, "runs.*, documents.config, documents.summary")
    except sqlite3.Error as error:
        raise CommError(
            f"can't look for run {key} in {database}: {error}", hint="`diorama doctor` checks the store"
        ) from error
    if row is None:
        return None
    return PastRun(
        config=decode_plain(row["config"]) if row["config"] else {},
        summary=decode_plain(row["summary"]) if row["summary"] else {},
        last_step=row["last_step"],
        name=row["name"],
        notes=row["notes"] or None,
        tags=json.loads(row["tags"] or "[]"),
        group=row["group_name"],
        job_type=row["job_type"],
    )


def _find_row(key: RunKey, database: Path, columns: str) -> Any:
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as store:
        store.row_factory = sqlite3.Row
        return store.execute(
            f"SELECT {columns} FROM runs JOIN projects ON projects.id = runs.project_id"
            " LEFT JOIN documents ON documents.run = runs.id"
            " WHERE projects.entity = ? AND projects.name = ? AND runs.run_id = ?",
            (key.entity, key.project, key.id),
        ).fetchone()


def _from_database(key: RunKey, store_dir: StoreDir) -> PastRun | None:
    """From a store whose database is PostgreSQL."""
    # By name: the client must not depend on the store, which stands beside it.
    service_class = importlib.import_module("diorama.service").Service
    try:
        with service_class.open(store_dir) as service:
            run = service.find_run(key.entity, key.project, key.id)
            config, summary = service.documents(run.uid)
    except NotFound:
        return None
    except StoreError as error:
        raise CommError(
            f"can't look for run {key} in the database: {error.message}", hint=error.hint
        ) from error
    return PastRun(
        config=config,
        summary=summary,
        last_step=run.last_step,
        name=run.name,
        notes=run.notes or None,
        tags=run.tags,
        group=run.group,
        job_type=run.job_type,
    )


def _from_server(key: RunKey, url: str, api_key: str | None) -> PastRun | None:
    from diorama.http import NoAnswer, ServerConnection

    path = "/".join(quote(part, safe="") for part in (key.entity, key.project, key.id))
    try:
        with ServerConnection(url, api_key, connect_secs=ANSWER_SECS, idle_secs=ANSWER_SECS) as server:
            answer = server.request("GET", f"/api/runs/{path}")
    except NoAnswer as trouble:
        raise CommError(f"can't ask for run {key}: {trouble.message}", hint=trouble.hint) from trouble
    if answer.status == 404:
        return None
    if answer.status != 200:
        hint = "set DIORAMA_API_KEY to the key that `diorama key` prints on the server"
        raise CommError(
            f"{url} answered {answer.status} when asked for run {key}",
            hint=hint if answer.status == 401 else "",
        )
    try:
        run = json.loads(answer.data)["run"]
    except (ValueError, KeyError, TypeError) as error:
        raise CommError(f"{url} did not answer as a Diorama server does", hint="check the URL") from error
    return PastRun(
        config=_numbers_from_json(run.get("config") or {}),
        summary=_numbers_from_json(run.get("summary") or {}),
        last_step=run.get("last_step"),
        name=run.get("name"),
        notes=run.get("notes") or None,
        tags=run.get("tags"),
        group=run.get("group"),
        job_type=run.get("job_type"),
    )


def _numbers_from_json(value: Any) -> Any:
    """Undo the API's {"_number": "NaN"} for numbers that JSON can't carry."""
    if isinstance(value, dict):
        if set(value) == {"_number"}:
            text = str(value["_number"])
            return int(text) if text.lstrip("-").isdigit() else float(text)
        return {name: _numbers_from_json(item) for name, item in value.items()}
    return [_numbers_from_json(item) for item in value] if isinstance(value, list) else value


def _with_journals(key: RunKey, journal_root: Path, past: PastRun | None) -> PastRun | None:
    """`past` and what journals hold of the run beyond it, in the order in which they were begun."""
    found = [
        (start.session or int(start.time * 1e9), folder) for start, folder in _journals_of(key, journal_root)
    ]
    for session, folder in sorted(found):
        past = past or PastRun()
        past.session = max(past.session, session)
        try:
            with JournalReader(folder) as reader:
                while frames := reader.poll():
                    for _, payload in frames:
                        _apply(past, payload)
        except OSError:
            continue  # stored and removed while we looked
    return past


def _journals_of(key: RunKey, journal_root: Path, *, limit: int | None = None) -> list[tuple[Start, Path]]:
    """The journals on this machine that hold entries of the run, of the newest `limit` journals."""
    try:
        folders = [
            Path(entry.path) for entry in os.scandir(journal_root) if entry.is_dir() and "." in entry.name
        ]
    except OSError:
        return []
    # Their names begin with the time.
    starts = [(_start_of(folder), folder) for folder in sorted(folders, reverse=True)[:limit]]
    wanted = (key.entity, key.project, key.id)
    return [
        (start, folder)
        for start, folder in starts
        if start is not None and (start.entity, start.project, start.run) == wanted
    ]


def _start_of(folder: Path) -> Start | None:
    try:
        payload = first_payload(folder)
        entry = decode_entry(payload) if payload is not None else None
    except (OSError, JournalError):
        return None
    return entry if isinstance(entry, Start) else None


def _apply(past: PastRun, payload: bytes) -> None:
    try:
        entry = decode_entry(payload)
    except JournalError:
        return
    if isinstance(entry, Log):
        past.last_step = entry.step if past.last_step is None else max(past.last_step, entry.step)
        for name, value in entry.data.items():
            if isinstance(value, bool | int | float | str):
                past.summary[name] = value
    elif isinstance(entry, Config):
        past.config = {**past.config, **entry.data}
        for name in entry.deleted:
            past.config.pop(name, None)
    elif isinstance(entry, Summary):
        past.summary = {**past.summary, **entry.data}
        for path in entry.deleted:
            past.summary.pop(path, None)
    if isinstance(entry, Start | Attributes):
        for field in ("name", "notes", "tags", "group", "job_type"):
            value = getattr(entry, field)
            if value is not None:
                setattr(past, field, value)


class LastRun:
    """Remembers, for resume="auto", which run of a working directory did not end well. The directory is
    that of the run's start: scripts change theirs, and delete it."""

    def __init__(self, store_dir: StoreDir) -> None:
        self._path: Path | None = None
        try:
            directory = os.getcwd()
        except OSError:  # it was deleted: nobody will start a run there again
            return
        name = hashlib.sha256(directory.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        self._path = store_dir.root / "resume" / f"{name}.json"

    def read(self) -> str | None:
        """The id of the run to go on with."""
        if self._path is None:
            return None
        try:
            noted = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return None
        run_id = noted.get("run_id") if isinstance(noted, dict) else None
        return run_id if isinstance(run_id, str) else None

    def write(self, run_id: str) -> None:
        if self._path is None:
            return
        with suppress(OSError):  # only the comfort of "auto" is lost
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.write_text(json.dumps({"run_id": run_id}))

    def clear(self, run_id: str) -> None:
        """The run ended well: there is nothing to go on with, unless another run was started since."""
        if self._path is not None and self.read() == run_id:
            with suppress(OSError):
                self._path.unlink()
