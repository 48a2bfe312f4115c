"""What a journal says: one closed union of entries, written by `log()` and replayed by ingest.

Media inside `data` travels as a msgpack extension: EXT_SNAPSHOT in the journal (raw, with its spool
files), EXT_RECORD once the sidecar has encoded it (`media.extension`, as for large integers). Everything
else is plain msgpack.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Union

import msgspec

EXT_SNAPSHOT = 1
"""msgpack of [kind, header, buffers]; a buffer is bytes, or [spool file name, size_bytes, crc32c]."""

RunState = Literal["running", "finished", "failed", "crashed", "killed"]


class Start(msgspec.Struct, tag="start", array_like=True, kw_only=True):
    """First entry of every journal: which run, and who writes."""

    entity: str
    project: str
    run: str
    writer: str
    pid: int
    pid_started: float
    time: float
    resume: Literal["allow", "must", "never", "auto"] | None = None
    name: str | None = None
    notes: str | None = None
    tags: list[str] | None = None
    group: str | None = None
    job_type: str | None = None
    unused: dict[str, Any] = {}
    """Not used. Entries are stored as arrays, so a field can't be taken out."""
    environment: dict[str, Any] = {}
    is_secondary: bool = False
    """True for forked children and for the sidecar's own system-metric journal: such a writer does
    not decide whether the run has finished."""
    session: int = 0
    """Which `init()` the writer belongs to: Unix time in nanoseconds, made greater than the run's earlier
    sessions. What sessions say is ordered by it. 0: of a version that had no sessions."""


class Log(msgspec.Struct, tag="log", array_like=True):
    """One `log()` call. Calls that build one history row share `row`, which only grows."""

    step: int
    row: int
    time: float
    data: dict[str, Any]


class System(msgspec.Struct, tag="system", array_like=True):
    """One sample of the machine; keys without prefix, e.g. "cpu", "gpu.0.memory_percent"."""

    time: float
    data: dict[str, float]


class Config(msgspec.Struct, tag="config", array_like=True):
    """Top-level config keys that changed (whole values) and keys that went."""

    data: dict[str, Any]
    deleted: list[str] = []


class Summary(msgspec.Struct, tag="summary", array_like=True):
    """Summary values set by hand: exact text of a path (`summaries.paths`) -> whole value, and paths that
    went."""

    data: dict[str, Any]
    deleted: list[str] = []


class Define(msgspec.Struct, tag="define", array_like=True):
    """One define_metric call. `key` may end in *."""

    key: str
    step_key: str | None = None
    is_step_synced: bool | None = None
    is_hidden: bool | None = None
    summary: list[Literal["min", "max", "mean", "last", "first", "best", "copy", "none"]] | None = None
    goal: Literal["minimize", "maximize"] | None = None
    is_overwriting: bool = False


class ConsoleLine(msgspec.Struct, array_like=True):
    """A line of output; a later line of the same writer and number replaces it (progress bars)."""

    number: int
    time: float
    stream: Literal["stdout", "stderr"]
    text: str


class Console(msgspec.Struct, tag="console", array_like=True):
    lines: list[ConsoleLine]


class Attributes(msgspec.Struct, tag="attributes", array_like=True, kw_only=True):
    """The run's name, notes, tags or group changed; None leaves a field as it is."""

    name: str | None = None
    notes: str | None = None
    tags: list[str] | None = None
    group: str | None = None
    job_type: str | None = None


class File(msgspec.Struct, tag="file", array_like=True):
    """A file of the run (requirements.txt, diff.patch ...). content: EXT_SNAPSHOT of kind "file",
    then EXT_RECORD; `name` is only a label, never a path on the server."""

    name: str
    content: Any


class Warn(msgspec.Struct, tag="warn", array_like=True):
    """Something was not as it should be: shown in the run, counted by `code`."""

    time: float
    code: str
    text: str
    count: int = 1


class Finish(msgspec.Struct, tag="finish", array_like=True):
    """The run ended. state "finished" for exit code 0, "failed" for others, "killed" by a signal."""

    time: float
    exit_code: int
    state: RunState


class Environment(msgspec.Struct, tag="environment", array_like=True):
    """Facts about where the run runs, found out after Start (git, gpus ...): top-level keys of the
    run's environment that are new or changed; the others stay."""

    data: dict[str, Any]


Entry = Union[  # noqa: UP007 msgspec wants a real Union on 3.10
    Start, Log, System, Config, Summary, Define, Console, Attributes, File, Warn, Finish, Environment
]

_MEDIA_FIELDS: dict[type[Entry], str] = {Log: "data", Config: "data", Summary: "data", File: "content"}
"""Which entries may hold media, and where."""


def media_values(entry: Entry) -> list[Any]:
    """The values of an entry that may hold media: media themselves, or dicts and lists with media in them."""
    field = _MEDIA_FIELDS.get(type(entry))
    return [] if field is None else [getattr(entry, field)]


def replace_values(entry: Entry, change: Callable[[Any], Any]) -> Entry:
    """The entry with what `change` makes of each of its `media_values`.

    >>> replace_values(File("a.txt", 1), lambda value: value + 1)
    File(name='a.txt', content=2)
    """
    field = _MEDIA_FIELDS.get(type(entry))
    return (
        entry if field is None else msgspec.structs.replace(entry, **{field: change(getattr(entry, field))})
    )


class Numbered(msgspec.Struct, array_like=True):
    """An entry with its sequence number in its writer's journal (1, 2, 3 ...)."""

    seq: int
    entry: Entry


class Lost(msgspec.Struct, array_like=True):
    """Frames first_seq..last_seq (inclusive) could not be read: `reason`, in `segment`."""

    first_seq: int
    last_seq: int
    segment: str
    reason: str


class Batch(msgspec.Struct):
    """What the sidecar ships and `service.ingest` applies, all or nothing.

    Idempotent: entries with seq <= the writer's acknowledged seq are skipped. The sidecar's warnings
    about an entry follow it with the same seq.
    A batch without entries is a heartbeat: the run is alive, nothing else changes.
    is_orphaned: the writer's process died without a Finish; after applying the entries the run is
    "crashed", unless the writer is secondary or the run has ended already. Entries that come later
    all the same are stored, and what was written after that makes the run "running" again; a heartbeat, which
    may have been on its way, does not.
    """

    run: tuple[str, str, str]
    writer: str
    entries: list[Numbered]
    lost: list[Lost] = []
    is_orphaned: bool = False
