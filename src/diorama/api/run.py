"""A run as the read side gives it."""

from __future__ import annotations

import importlib
import os
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from diorama.api.loaded import table_from_parts, with_media
from diorama.api.source import Source
from diorama.errors import NotFound, UsageError
from diorama.media import TableRecord
from diorama.media.table.load import LoadedTable
from diorama.model import BlobRef
from diorama.service.views import ConsoleLineView, FileView, RunView, WarningView

if TYPE_CHECKING:
    from diorama.journal.entry import RunState

CONSOLE_PAGE = 5000


class ApiFile:
    """A file of a run.

    name: as it was saved ("/" makes folders). size_bytes, mime, sha256: of its bytes.
    """

    def __init__(self, source: Source, view: FileView) -> None:
        self._source = source
        self.name = view.name
        self.size_bytes = view.size_bytes
        self.mime = view.mime
        self.sha256 = view.sha256

    def read(self) -> bytes:
        """The bytes, checked against their checksum."""
        return self._source.get_blob(BlobRef(self.sha256, self.size_bytes, self.mime))

    def download(self, root: str | os.PathLike[str] = ".", *, replace: bool = False) -> Path:
        """Write the file below `root`, making folders; returns where.

        A name that would leave `root` (absolute, with "..", through a symbolic link) raises UsageError;
        a file that is there already raises FileExistsError unless `replace`.
        """
        target = _below(Path(root), self.name)
        if target.exists() and not replace:
            raise FileExistsError(f"{target} is there already; replace=True overwrites it")
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{secrets.token_hex(6)}.part")
        try:
            with draft.open("xb") as file:
                for piece in self._source.blob_pieces(BlobRef(self.sha256, self.size_bytes, self.mime)):
                    file.write(piece)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        return target

    def __repr__(self) -> str:
        return f"<file {self.name!r}, {self.size_bytes} bytes>"


class ApiRun:
    """A run, as it was when it was asked for.

    id, name, entity, project, state, tags, notes, group, job_type, created_at (Unix seconds),
    runtime_secs, last_step, exit_code, url. config: nested dict with the exact values that were set.
    summary: the same, with media as LoadedMedia.
    """

    def __init__(self, source: Source, view: RunView) -> None:
        self._source = source
        self._view = view
        self._documents: tuple[dict[str, Any], dict[str, Any]] | None = None
        self.id = view.id
        self.name = view.name
        self.entity = view.entity
        self.project = view.project
        self.state: RunState = view.state
        self.tags = list(view.tags)
        self.notes = view.notes
        self.group = view.group
        self.job_type = view.job_type
        self.created_at = view.created_at
        self.runtime_secs = view.runtime_secs
        self.last_step = view.last_step
        self.exit_code = view.exit_code

    @property
    def path(self) -> str:
        """entity/project/id"""
        return f"{self.entity}/{self.project}/{self.id}"

    @property
    def url(self) -> str:
        """Where a browser shows the run."""
        return self._source.url_of(self._view)

    @property
    def config(self) -> dict[str, Any]:
        """What the run was started with."""
        return self._both()[0]

    @property
    def summary(self) -> dict[str, Any]:
        """The last (or aggregated, or hand-set) value of every key."""
        return self._both()[1]

    @property
    def environment(self) -> dict[str, Any]:
        """Python, machine, command line, git."""
        return self._source.find_run(self.entity, self.project, self.id).environment

    @property
    def warnings(self) -> list[WarningView]:
        """What was not as it should be."""
        return self._source.find_run(self.entity, self.project, self.id).warnings

    def scan_history(
        self,
        keys: list[str] | None = None,
        page_size: int = 1000,
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Every row that was logged, nothing sampled: {"_step", "_timestamp", "_runtime", your keys ...}.

        keys: only rows that have all of them. min_step is included, max_step is not. Media come as
        LoadedMedia: `row["picture"].array`. page_size is accepted for W&B's sake and ignored.

        >>> [row["loss"] for row in run.scan_history(keys=["loss"])]     # doctest: +SKIP
        [0.9, 0.7, 0.4]
        """
        del page_size
        return self._rows(keys, min_step=min_step, max_step=None if max_step is None else max_step - 1)

    def _rows(
        self,
        keys: list[str] | None,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
        samples: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        rows = self._source.scan_history(
            self._view.uid,
            keys=list(keys) if keys is not None else None,
            min_step=min_step,
            max_step=max_step,
            samples=samples,
        )
        for row in rows:
            step = int(row["_step"])
            yield {
                name: with_media(value, self._source.get_blob, partial(self._parts_at, name, step))
                for name, value in row.items()
            }

    def table(self, key: str, step: int | None = None, index: int = 0) -> LoadedTable:
        """The table that was logged under `key`, as it was at `step` (default: the last one).

        Of an INCREMENTAL table all rows up to there. index: of the item, where a list was logged.
        Raises NotFound if there is none.

        >>> run.table("predictions").get_dataframe()                     # doctest: +SKIP
        """
        found = self._tables(key, step, index)
        if not found:
            where = "" if step is None else f" at step {step} or before"
            raise NotFound(f"{self.path} has no table {key!r}{where}")
        last = found[-1]
        is_growing = last.log_mode == "INCREMENTAL"
        parts = [part for part in found if part.log_mode == "INCREMENTAL"] if is_growing else [last]
        return table_from_parts(parts, self._source.get_blob)

    def _parts_at(self, key: str, step: int | None, index: int) -> list[TableRecord]:
        return [part for part in self._tables(key, step, index) if part.log_mode == "INCREMENTAL"]

    def _tables(self, key: str, step: int | None, index: int) -> list[TableRecord]:
        """The tables logged under a key up to a step, in the order of logging."""
        found: list[tuple[float, TableRecord]] = []
        for row in self._source.scan_history(self._view.uid, keys=[key], min_step=None, max_step=step):
            value = row[key]
            if type(value) is list:
                value = value[index] if index < len(value) else None
            if isinstance(value, TableRecord):
                found.append((row["_timestamp"], value))
        return [record for _, record in sorted(found, key=lambda one: one[0])]

    def history(self, keys: list[str] | None = None, samples: int = 500, pandas: bool = False) -> Any:
        """At most `samples` rows, evenly spread, the first and last included; see `scan_history`.

        pandas=True gives a DataFrame (pandas must be installed), else a list of dicts.
        """
        if samples < 1:
            raise UsageError("samples must be at least 1")
        kept = list(self._rows(keys, samples=samples))
        return _data_frame(kept) if pandas else kept

    def files(self) -> list[ApiFile]:
        """The run's files, by name."""
        return [ApiFile(self._source, view) for view in self._source.files(self._view.uid).files]

    def file(self, name: str) -> ApiFile:
        """One of the run's files. Raises NotFound."""
        for found in self.files():
            if found.name == name:
                return found
        raise NotFound(f"{self.path} has no file {name!r}", hint="files() lists them")

    def console_lines(self) -> Iterator[ConsoleLineView]:
        """What the run printed, line by line: number, time, stream, text."""
        offset = 0
        while True:
            page = self._source.console(self._view.uid, offset=offset, limit=CONSOLE_PAGE)
            yield from page.lines
            offset += len(page.lines)
            if not page.lines or offset >= page.matched:
                return

    def _with_tables(self, values: dict[str, Any], prefix: str) -> dict[str, Any]:
        """A (nested) summary with media; an INCREMENTAL table in it has all its rows."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            if type(value) is dict:
                found[name] = self._with_tables(value, f"{prefix}{name}.")
            else:
                parts_of = partial(self._parts_at, prefix + name, None)
                found[name] = with_media(value, self._source.get_blob, parts_of)
        return found

    def _both(self) -> tuple[dict[str, Any], dict[str, Any]]:
        if self._documents is None:
            config, summary = self._source.documents(self._view)
            config = {name: with_media(value, self._source.get_blob) for name, value in config.items()}
            self._documents = (config, self._with_tables(summary, ""))
        return self._documents

    def __repr__(self) -> str:
        return f"<run {self.path} ({self.state})>"


def _data_frame(rows: list[dict[str, Any]]) -> Any:
    try:
        pandas = importlib.import_module("pandas")
    except ImportError as error:
        raise UsageError("history(pandas=True) needs pandas", hint="pip install pandas") from error
    return pandas.DataFrame(rows)


def _below(root: Path, name: str) -> Path:
    """`root/name`, if that is inside `root` on every platform."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    unsafe = (
        not parts
        or name.startswith(("/", "\\"))
        or bool(PureWindowsPath(name).drive)
        or any(part in ("..", "") or "\x00" in part for part in parts)
    )
    base = root.resolve()
    target = base.joinpath(*parts) if not unsafe else base
    if unsafe or not target.resolve().is_relative_to(base) or target.resolve() == base:
        raise UsageError(f"the file name {name[:200]!r} would leave the folder {root}")
    return target
