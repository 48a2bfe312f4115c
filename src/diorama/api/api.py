"""Api: the door to runs that were logged."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from diorama.api.run import ApiRun
from diorama.api.source import LocalSource, RemoteSource, Source
from diorama.errors import BadRequest, UsageError
from diorama.model import DEFAULT_ENTITY, StoreDir
from diorama.service import filter as run_filter
from diorama.service.views import ProjectView

PAGE_RUNS = 1000


class Runs(Sequence[ApiRun]):
    """Runs of a project; read page by page when they are first looked at. `len()` reads one page only."""

    def __init__(
        self, source: Source, entity: str, project: str, filters: Mapping[str, Any] | None, order: str
    ) -> None:
        self._source = source
        self._entity = entity
        self._project = project
        self._where = run_filter.plain(filters or {})
        self._sort = run_filter.sort_path(order)
        self._found: list[ApiRun] = []
        self._matched: int | None = None
        self._is_complete = False

    def __len__(self) -> int:
        if self._matched is None:
            self._read_page()
        return len(self._found) if self._is_complete else self._matched or 0

    @overload
    def __getitem__(self, index: int) -> ApiRun: ...

    @overload
    def __getitem__(self, index: slice) -> list[ApiRun]: ...

    def __getitem__(self, index: int | slice) -> ApiRun | list[ApiRun]:
        last = _last_of(index)
        while not self._is_complete and (last is None or last >= len(self._found)):
            self._read_page()
        return self._found[index]

    def __iter__(self) -> Iterator[ApiRun]:
        index = 0
        while True:
            if index >= len(self._found):
                if self._is_complete:
                    return
                self._read_page()
                continue
            yield self._found[index]
            index += 1

    def __repr__(self) -> str:
        return f"<runs of {self._entity}/{self._project}>"

    def _read_page(self) -> None:
        page = self._source.runs(
            self._entity,
            self._project,
            where=self._where,
            sort=self._sort,
            limit=PAGE_RUNS,
            offset=len(self._found),
        )
        self._found += [ApiRun(self._source, view) for view in page.runs]
        self._matched = page.matched
        self._is_complete = len(self._found) >= page.matched or not page.runs


class Api:
    """Reads runs back: from a store on this machine, or from a server.

    store: the folder of a store (default: DIORAMA_DIR, else ~/.diorama). Everything logged so far is
    seen, also what still lies in journals.
    url, key: a server instead (default: DIORAMA_URL and DIORAMA_API_KEY, if no store is given).
    Raises UsageError for both at once, StoreError for a store or server that can't be read.

    >>> api = Api("/tmp/store")                                       # doctest: +SKIP
    >>> [run.name for run in api.runs("digits", order="-created_at")]   # doctest: +SKIP
    ['quick', 'careful']
    """

    def __init__(
        self,
        store: str | os.PathLike[str] | None = None,
        url: str | None = None,
        key: str | None = None,
    ) -> None:
        if store is not None and url is not None:
            raise UsageError("give a store or a url, not both")
        if store is None and url is None:
            url = os.environ.get("DIORAMA_URL") or None
        self._source: Source
        if url is not None:
            self._source = RemoteSource(url, key or os.environ.get("DIORAMA_API_KEY"))
        else:
            store_dir = (
                StoreDir.from_environ() if store is None else StoreDir(Path(store).expanduser().absolute())
            )
            self._source = LocalSource(store_dir)

    def projects(self) -> list[ProjectView]:
        """All projects, the most recently active first."""
        return self._source.projects().projects

    def runs(self, path: str, filters: Mapping[str, Any] | None = None, order: str = "+created_at") -> Runs:
        """Runs of "project" or "entity/project".

        filters: Mongo-style, such as {"config.lr": {"$gt": 0.1}, "state": "finished"}. The store or the
        server finds the runs, so that only those that pass are read.
        order: "+" or "-" and a path, such as "-summary.loss"; runs without the value come last.
        Raises NotFound if there is no such project, BadRequest for a filter that can't be (both when
        first looked at).
        """
        entity, project = _split(path, 2)
        return Runs(self._source, entity, project, filters, order)

    def run(self, path: str) -> ApiRun:
        """The run "project/id" or "entity/project/id". Raises NotFound."""
        entity, project, run_id = _split(path, 3)
        return ApiRun(self._source, self._source.find_run(entity, project, run_id).run)

    def close(self) -> None:
        """Close the store or the connections."""
        self._source.close()

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _last_of(index: int | slice) -> int | None:
    """Up to which run one has to read; None: all of them."""
    if isinstance(index, int):
        return index if index >= 0 else None
    start, stop, step = index.start or 0, index.stop, index.step or 1
    return stop - 1 if stop is not None and min(start, stop) >= 0 and step > 0 else None


def _split(path: str, count: int) -> list[str]:
    parts = path.strip("/").split("/")
    if count == 3 and len(parts) == 4 and parts[2] == "runs":
        del parts[2]  # pasted from a page's address
    if len(parts) == count - 1:
        parts.insert(0, os.environ.get("DIORAMA_ENTITY") or DEFAULT_ENTITY)
    if len(parts) != count or not all(parts):
        shape = "project or entity/project" if count == 2 else "project/id or entity/project/id"
        raise BadRequest(f"{path[:200]!r} is not {shape}")
    return parts
