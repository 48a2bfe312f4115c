"""The shapes of the API: what the server answers, and what the UI's TypeScript types are made of.

Numbers that JSON can't carry (NaN, infinities, integers beyond 2^53) appear as {"_number": "NaN"}.
Bulk numbers travel as binary columns (see `service/columns.py`), not as JSON.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from diorama.journal.entry import RunState
from diorama.media.table.record import TableColumn


class ProjectView(msgspec.Struct, kw_only=True):
    entity: str
    name: str
    run_count: int
    running_count: int
    created_at: float
    last_activity_at: float


class ProjectList(msgspec.Struct):
    projects: list[ProjectView]


class RunView(msgspec.Struct, kw_only=True):
    """A row of the runs list. Times are Unix seconds; runtime_secs counts to the last sign of life.

    config and summary are nested, as logged; media in the summary is its record.
    """

    uid: int
    entity: str
    project: str
    id: str
    name: str
    state: RunState
    is_stale: bool
    """running, but not heard of for over 90 s: shown as "lost contact"."""
    created_at: float
    last_activity_at: float
    runtime_secs: float
    exit_code: int | None = None
    last_step: int | None = None
    notes: str = ""
    tags: list[str] = []
    group: str | None = None
    job_type: str | None = None
    host: str | None = None
    config: dict[str, Any] = {}
    summary: dict[str, Any] = {}
    version: int = 0


class ColumnView(msgspec.Struct):
    """A column that the runs list can show: path "config.lr", "summary.val/loss", "state", ..."""

    path: str
    type: Literal["number", "string", "boolean", "other"]
    run_count: int


class RunList(msgspec.Struct, kw_only=True):
    runs: list[RunView]
    matched: int
    total: int
    columns: list[ColumnView]


class WarningView(msgspec.Struct, kw_only=True):
    code: str
    text: str
    count: int
    time: float


class RunDetail(msgspec.Struct, kw_only=True):
    run: RunView
    environment: dict[str, Any]
    """python, os, host, argv, program, git {commit, branch, remote, is_dirty}, cpu_count, gpus ..."""
    warnings: list[WarningView]


class PastRunView(msgspec.Struct, kw_only=True):
    """What a process that resumes a run has to know of it.

    aggregates: what is remembered of metrics whose summary is aggregated: path, and count, sum, least,
    greatest, first and last value. session: the number of the newest one, in digits. last_step: the greatest
    of all sessions. stored: up to which entry of each writer this is. ends: when each process that has
    started or resumed the run ended, by writer; null for one that still runs.
    """

    name: str
    notes: str
    tags: list[str]
    group: str | None
    job_type: str | None
    config: dict[str, Any]
    summary: dict[str, Any]
    aggregates: list[tuple[list[str], list[Any]]]
    session: str
    last_step: int | None
    stored: dict[str, int]
    ends: dict[str, float | None]


class RunPatch(msgspec.Struct, forbid_unknown_fields=True):
    """What a person may edit; absent fields stay."""

    name: str | None = None
    notes: str | None = None
    tags: list[str] | None = None


class KeyRun(msgspec.Struct):
    """What one run has of a key."""

    run: int
    count: int
    first_step: int
    last_step: int
    last_value: float | None = None


class KeyView(msgspec.Struct, kw_only=True):
    """A logged key over the asked runs. kind: "metric", "system", "value" (strings, lists) or a
    media kind ("image", "histogram", ...); a key that changed kind appears once per kind."""

    key: str
    kind: str
    runs: list[KeyRun]
    step_key: str | None = None
    is_hidden: bool = False


class KeyList(msgspec.Struct):
    keys: list[KeyView]


class SeriesRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Charts: every (run, key) pair as at most `buckets` buckets over [x_min, x_max].

    x: "step", "time" (Unix seconds), "relative" (seconds since the run began), or a metric's key.
    with_superseded: answer points that a later session of the run has logged again, too, as further series.
    """

    runs: list[int]
    keys: list[str]
    x: str = "step"
    x_min: float | None = None
    x_max: float | None = None
    buckets: int = 1000
    is_system: bool = False
    with_superseded: bool = False


class SeriesHead(msgspec.Struct, kw_only=True):
    """Describes one series; its columns follow in the binary body (float64, same length each).

    is_exact: every point is there (columns x, last); else buckets (x_min, x_max, min, max, mean, last, count,
    finite: how many of count are finite).
    is_superseded: what sessions of the run have logged at steps that a later session logged again (after a
    resume from a checkpoint). It follows the series of the same run and key, which is without those points.
    """

    run: int
    key: str
    total: int
    is_exact: bool
    is_superseded: bool = False
    columns: dict[str, tuple[int, int]]
    """column name -> (byte offset in the body, number of float64s)"""


class SeriesReply(msgspec.Struct):
    series: list[SeriesHead]


class TrackRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where media exists: the steps of each (run, key). axis as SeriesRequest.x: positions on it."""

    runs: list[int]
    keys: list[str]
    axis: str = "step"


class TrackHead(msgspec.Struct, kw_only=True):
    """columns: steps (float64), at (position on the asked axis; NaN where the run has none)."""

    run: int
    key: str
    kind: str
    total: int
    columns: dict[str, tuple[int, int]]


class TrackReply(msgspec.Struct):
    tracks: list[TrackHead]


class MediaWanted(msgspec.Struct):
    run: int
    key: str
    step: int


class MediaRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Records at exact steps (the client resolved the match rule with the tracks)."""

    wanted: list[MediaWanted]


class MediaCell(msgspec.Struct, kw_only=True):
    """state "missing": nothing was logged at that step.

    items: media records (tagged by `kind`) or plain values; is_list False for a single object.
    attempts: how often this (run, key, step) was logged; the newest is shown.
    """

    run: int
    key: str
    step: int
    state: Literal["ok", "missing"]
    time: float | None = None
    items: list[Any] = []
    is_list: bool = False
    attempts: int = 1


class MediaReply(msgspec.Struct):
    cells: list[MediaCell]


class HistogramRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A histogram key over steps: at most `limit` of them, evenly spread, ends included."""

    run: int
    key: str
    limit: int = 200
    step_min: int | None = None
    step_max: int | None = None


class HistogramReply(msgspec.Struct, kw_only=True):
    """bins[i] and values[i] belong to steps[i]; `total` steps exist in the range."""

    run: int
    key: str
    total: int
    steps: list[int]
    times: list[float]
    bins: list[list[float]]
    values: list[list[float]]


class TableSort(msgspec.Struct, forbid_unknown_fields=True):
    column: str
    is_descending: bool = False


class TableFilter(msgspec.Struct, forbid_unknown_fields=True):
    """A condition on a column. "contains": text, without regard to case. "is_null", "is_not_null": no value.
    "!=" is also true where there is no value."""

    column: str
    op: Literal["==", "!=", "<", "<=", ">", ">=", "contains", "is_null", "is_not_null"]
    value: str | float | bool | None = None


class TableJoin(msgspec.Struct, forbid_unknown_fields=True):
    """A second table, joined where left == right (names of columns). how: which rows without a partner stay,
    their other half empty; "outer": those of both tables."""

    tables: list[str]
    left: str
    right: str
    how: Literal["inner", "left", "right", "outer"] = "outer"


class TableRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A page of a table.

    tables: SHA-256s of Parquet blobs with the same columns, read one after another. Instead: run, key and
    step (none: the last), for an INCREMENTAL table: all its parts up to that step. index: of the item, where
    a list was logged.
    search: rows in which any text or number contains this. Filters must all hold. columns: only these.
    """

    tables: list[str] = []
    run: int | None = None
    key: str | None = None
    step: int | None = None
    index: int = 0
    join: TableJoin | None = None
    columns: list[str] | None = None
    search: str = ""
    filters: list[TableFilter] = []
    sort: list[TableSort] = []
    offset: int = 0
    limit: int = 100


class TablePage(msgspec.Struct, kw_only=True):
    """Rows offset..offset+len(rows) of the `matched` ones of `total`.

    rows: a list of cells per row, as JSON; media cells are records (tagged by `kind`). numbers: which row of
    the whole table each is, from 0; of a join, which of the rows that match.

    Other forms of cells: {"_number": "NaN"}; {"_bytes": base64 of the first bytes, "size_bytes"}; long
    texts (lists and dicts too, as JSON) as {"_text": their beginning, "char_count"}; arrays over 64 numbers
    as {"_array": the first ones, flat, "shape", "dtype"}. Times are UTC: "2024-01-31T12:00:00.123456Z"; dates
    "2024-01-31".

    A join has the columns of both tables; a name that both have is "name (2)" in the second one.
    """

    columns: list[TableColumn]
    total: int
    matched: int
    offset: int
    rows: list[list[Any]]
    numbers: list[int]


class ConsoleLineView(msgspec.Struct):
    number: int
    time: float
    stream: Literal["stdout", "stderr"]
    text: str


class ConsolePage(msgspec.Struct):
    """Lines offset..offset+len(lines) of `total` (of `matched` when searched)."""

    lines: list[ConsoleLineView]
    offset: int
    matched: int
    total: int


class FileView(msgspec.Struct):
    name: str
    size_bytes: int
    mime: str
    sha256: str
    time: float


class FileList(msgspec.Struct):
    files: list[FileView]


class LiveRun(msgspec.Struct, kw_only=True):
    uid: int
    state: RunState
    last_step: int | None
    keys: list[str]
    """keys with new data since the last event"""


class LiveEvent(msgspec.Struct, omit_defaults=True):
    """One server-sent event: everything that changed after the event before it."""

    version: int
    runs: list[LiveRun]
    deleted: list[int] = []
    """uids of runs that are not there any more"""


class SessionView(msgspec.Struct):
    version: str
    is_authenticated: bool


class Problem(msgspec.Struct):
    """Every error answer (application/problem+json)."""

    code: str
    message: str
    hint: str = ""


class IngestReply(msgspec.Struct):
    acked_seq: int


class BlobsWanted(msgspec.Struct, forbid_unknown_fields=True):
    sha256: list[str]


class BlobsMissing(msgspec.Struct):
    sha256: list[str]


class PluginKindView(msgspec.Struct, kw_only=True):
    """A kind of media that a plugin adds. view: the SHA-256 of the module that draws it."""

    name: str
    title: str
    view: str


class PluginView(msgspec.Struct, kw_only=True):
    """An installed plugin. trouble: why it can't be used, as a sentence; empty if all is well."""

    name: str
    package: str
    version: str
    trouble: str
    kinds: list[PluginKindView]


class PluginList(msgspec.Struct):
    plugins: list[PluginView]
