"""What is known of a run that is to be resumed: in the store, in journals nobody has stored yet, or on
the server.

The store is asked by a process of its own, which may import and open what a training process should not;
where processes are forbidden, in this one.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from diorama.errors import CommError, DioramaError, JournalError
from diorama.interpreter import command_for, python_path_from
from diorama.journal.codec import SnapshotRef, decode_entry
from diorama.journal.entry import Attributes, Config, Define, Log, Start, Summary
from diorama.journal.reader import JournalReader, first_payload
from diorama.model import RunKey, StoreDir
from diorama.summaries.fold import ABSENT, SessionSummary
from diorama.summaries.paths import path_from_exact
from diorama.summaries.rules import Aggregate

ANSWER_SECS = 10.0
AGAIN_SECS = 10.0
"""How long a server that does not answer, or only with an error of its own, is asked again."""
PAUSE_SECS = 0.5
STORE_SECS = 60.0
"""For a process to start, and to bring a store of an older version up to date."""


@dataclass
class PastRun:
    """A run as it was left.

    summaries: of its sessions, the oldest first; those that are stored are one. last_step: None if nothing
    was logged. session: the newest that is known. stored: up to which entry of each writer the store has it.
    ends: when the processes that started or resumed it ended, by writer; None for one that still runs.
    """

    config: dict[str, Any] = field(default_factory=dict)
    summaries: list[SessionSummary] = field(default_factory=list)
    last_step: int | None = None
    name: str | None = None
    notes: str | None = None
    tags: list[str] | None = None
    group: str | None = None
    job_type: str | None = None
    session: int = 0
    stored: dict[str, int] = field(default_factory=dict)
    ends: dict[str, float | None] = field(default_factory=dict)


def find_past_run(
    key: RunKey,
    store_dir: StoreDir,
    *,
    journal_root: Path,
    url: str | None,
    api_key: str | None,
    has_processes: bool = True,
) -> PastRun | None:
    """The run `key`, or None if there is none. Raises CommError if that can't be found out."""
    stored = find_stored(key, store_dir, url=url, api_key=api_key, has_processes=has_processes)
    return _with_journals(key, journal_root, stored)


def find_stored(
    key: RunKey, store_dir: StoreDir, *, url: str | None, api_key: str | None, has_processes: bool = True
) -> PastRun | None:
    """As `find_past_run`, without what only lies in journals."""
    return _from_server(key, url, api_key) if url else _from_store(key, store_dir, has_processes)


def _from_store(key: RunKey, store_dir: StoreDir, has_processes: bool) -> PastRun | None:
    if not store_dir.database.exists() and not os.environ.get("DIORAMA_DATABASE_URL"):
        return None
    try:
        answer = _ask_process(key, store_dir) if has_processes else _ask_here(key, store_dir)
        found = json.loads(answer)
    except (DioramaError, OSError, ValueError, subprocess.SubprocessError) as error:
        raise CommError(
            f"can't look for run {key} in {store_dir.root}: {error}", hint="`diorama doctor` checks the store"
        ) from error
    return None if found is None else _past_from_json(found)


def _ask_here(key: RunKey, store_dir: StoreDir) -> bytes:
    service = importlib.import_module("diorama.service.service")
    answer: bytes = service.ask_past_run(store_dir, key)
    return answer


def _ask_process(key: RunKey, store_dir: StoreDir) -> bytes:
    done = subprocess.run(
        command_for("diorama.service", str(store_dir.root), key.entity, key.project, key.id),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=STORE_SECS,
        env={**os.environ, **python_path_from(os.environ)},
    )
    if done.returncode != 0:
        raise OSError(done.stderr.decode("utf-8", "replace").strip()[-500:] or f"exit code {done.returncode}")
    return done.stdout


def _from_server(key: RunKey, url: str, api_key: str | None) -> PastRun | None:
    from diorama.http import NoAnswer, ServerConnection

    path = "/".join(quote(part, safe="") for part in (key.entity, key.project, key.id))
    give_up = time.monotonic() + AGAIN_SECS
    with ServerConnection(url, api_key, connect_secs=ANSWER_SECS, idle_secs=ANSWER_SECS) as server:
        while True:  # a server that is being restarted is there again in a moment
            may_ask_again = time.monotonic() < give_up
            try:
                answer = server.request("GET", f"/api/runs/{path}/past")
                if answer.status < 500 or not may_ask_again:
                    break
            except NoAnswer as trouble:
                if trouble.needs_mending or not may_ask_again:
                    raise CommError(
                        f"can't ask for run {key}: {trouble.message}", hint=trouble.hint
                    ) from trouble
            time.sleep(PAUSE_SECS)
    if answer.status == 404:
        return None
    if answer.status != 200:
        hint = "set DIORAMA_API_KEY to the key that `diorama key` prints on the server"
        raise CommError(
            f"{url} answered {answer.status} when asked for run {key}",
            hint=hint if answer.status == 401 else "",
        )
    try:
        return _past_from_json(json.loads(answer.data))
    except (ValueError, KeyError, TypeError) as error:
        raise CommError(f"{url} did not answer as a Diorama server does", hint="check the URL") from error


def _past_from_json(found: dict[str, Any]) -> PastRun:
    summary = SessionSummary()
    summary.written.update(_numbers_from_json(found["summary"]))
    for path, aggregate in _numbers_from_json(found["aggregates"]):
        summary.aggregates[tuple(path)] = Aggregate(*aggregate)
    return PastRun(
        config=_numbers_from_json(found["config"]),
        summaries=[summary],
        last_step=found["last_step"],
        name=found["name"],
        notes=found["notes"] or None,
        tags=found["tags"],
        group=found["group"],
        job_type=found["job_type"],
        session=int(found["session"]),
        stored=found["stored"],
        ends=found["ends"],
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
    """`past` and what journals hold of the run beyond it, session by session."""
    found = [
        (start.session or int(start.time * 1e9), folder) for start, folder in journals_of(key, journal_root)
    ]
    summaries: dict[int, SessionSummary] = {}
    for session, folder in sorted(found):
        past = past or PastRun()
        past.session = max(past.session, session)
        summary = summaries.setdefault(session, SessionSummary())
        stored_seq = past.stored.get(folder.name, 0)
        try:
            with JournalReader(folder) as reader:
                while frames := reader.poll():
                    for seq, payload in frames:
                        _apply(past, summary, payload, is_stored=seq <= stored_seq)
        except OSError:
            continue  # stored and removed while we looked
    if past is not None:
        past.summaries += summaries.values()
    return past


def journals_of(key: RunKey, journal_root: Path, *, limit: int | None = None) -> list[tuple[Start, Path]]:
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


def _apply(past: PastRun, summary: SessionSummary, payload: bytes, *, is_stored: bool) -> None:
    try:
        entry = decode_entry(payload)
    except JournalError:
        return
    if isinstance(entry, Define):
        summary.define(entry)  # stored definitions hold for values that are not stored yet, too
    if is_stored:
        return
    if isinstance(entry, Log):
        past.last_step = entry.step if past.last_step is None else max(past.last_step, entry.step)
        summary.log(_without_media(entry.data))
    elif isinstance(entry, Config):
        past.config = {**past.config, **entry.data}
        for name in entry.deleted:
            past.config.pop(name, None)
    elif isinstance(entry, Summary):
        for path, value in _without_media(entry.data).items():
            summary.set_value(path_from_exact(path), value)
        for path in entry.deleted:
            summary.delete(path_from_exact(path))
    elif isinstance(entry, Start | Attributes):
        for name in ("name", "notes", "tags", "group", "job_type"):
            value = getattr(entry, name)
            if value is not None:
                setattr(past, name, value)


def _without_media(value: Any) -> Any:
    if type(value) is dict:
        return {name: _without_media(item) for name, item in value.items()}
    is_media = isinstance(value, SnapshotRef) or (
        type(value) is list and any(isinstance(item, SnapshotRef) for item in value)
    )
    return ABSENT if is_media else value


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
        with suppress(OSError):  # then resume="auto" starts a new run
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.write_text(json.dumps({"run_id": run_id}))

    def clear(self, run_id: str) -> None:
        """The run ended well: there is nothing to go on with, unless another run was started since."""
        if self._path is not None and self.read() == run_id:
            with suppress(OSError):
                self._path.unlink()
