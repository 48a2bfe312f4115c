"""Where the read side reads: a store on this machine, or a server over HTTP. Both answer alike."""

from __future__ import annotations

import hashlib
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import msgspec

from diorama import errors
from diorama.http import NoAnswer, ServerConnection
from diorama.model import DEFAULT_PORT, OWNER, BlobRef, StoreDir
from diorama.service import Service
from diorama.service.jsonable import from_json, to_json
from diorama.service.views import ConsolePage, FileList, Problem, ProjectList, RunDetail, RunList, RunView
from diorama.sidecar import drain, wait_until_stored
from diorama.sidecar.local import LocalTransport
from diorama.store.pieces import damaged

LIST_LIMIT_BYTES = 1 << 30
"""The longest list (of runs with all their parameters) that is read from a server."""
JSON = "application/json"
SIDECAR_WAIT_SECS = 10.0
"""How long to wait for the sidecar of runs that this very process is still logging to."""

T = TypeVar("T")


class Source(Protocol):
    """What the read side needs. Raises NotFound, BadRequest, StoreError ... as the service does."""

    def projects(self) -> ProjectList: ...

    def runs(
        self, entity: str, project: str, *, where: dict[str, Any], sort: str, limit: int, offset: int
    ) -> RunList: ...

    def find_run(self, entity: str, project: str, id: str) -> RunDetail: ...

    def documents(self, run: RunView) -> tuple[dict[str, Any], dict[str, Any]]:
        """(config, summary), exact."""
        ...

    def scan_history(
        self,
        uid: int,
        *,
        keys: list[str] | None,
        min_step: int | None,
        max_step: int | None,
        samples: int | None = None,
    ) -> Iterator[dict[str, Any]]: ...

    def files(self, uid: int) -> FileList: ...

    def console(self, uid: int, *, offset: int, limit: int) -> ConsolePage: ...

    def get_blob(self, blob: BlobRef) -> bytes: ...

    def blob_pieces(self, blob: BlobRef) -> Iterator[bytes]:
        """The bytes of a large blob, one piece after another; Corrupt at their end if they are not right."""
        ...

    def url_of(self, run: RunView) -> str:
        """Where a browser shows the run."""
        ...

    def close(self) -> None: ...


class LocalSource:
    """A store on this machine, as its owner reads it. What journals still hold is stored first, so that
    nothing is missed."""

    def __init__(self, store_dir: StoreDir) -> None:
        self._store_dir = store_dir
        self._opened = Service.open(store_dir)
        self._service = self._opened.for_(OWNER)
        self._transport = LocalTransport(store_dir, self._opened)

    def refresh(self) -> None:
        """Store what journals hold: those of dead processes here, those of living ones by their sidecar."""
        report = drain(self._store_dir, transport=self._transport)
        if report.skipped_live and not wait_until_stored(self._store_dir, limit_secs=SIDECAR_WAIT_SECS):
            # A sidecar that died meanwhile has left its journals to us.
            drain(self._store_dir, transport=self._transport)

    def projects(self) -> ProjectList:
        self.refresh()
        return self._service.projects()

    def runs(
        self, entity: str, project: str, *, where: dict[str, Any], sort: str, limit: int, offset: int
    ) -> RunList:
        if offset == 0:
            self.refresh()
        return self._service.runs(entity, project, where=where, sort=sort, limit=limit, offset=offset)

    def find_run(self, entity: str, project: str, id: str) -> RunDetail:
        self.refresh()
        return self._service.run(self._service.find_run(entity, project, id).uid)

    def documents(self, run: RunView) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._service.documents(run.uid)

    def scan_history(
        self,
        uid: int,
        *,
        keys: list[str] | None,
        min_step: int | None,
        max_step: int | None,
        samples: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        self.refresh()
        return self._service.scan_history(
            uid, keys=keys, min_step=min_step, max_step=max_step, samples=samples
        )

    def files(self, uid: int) -> FileList:
        self.refresh()
        return self._service.files(uid)

    def console(self, uid: int, *, offset: int, limit: int) -> ConsolePage:
        if offset == 0:
            self.refresh()
        return self._service.console(uid, offset=offset, limit=limit)

    def get_blob(self, blob: BlobRef) -> bytes:
        return self._service.get_blob(blob)

    def blob_pieces(self, blob: BlobRef) -> Iterator[bytes]:
        return self._service.blob(blob.sha256).pieces()

    def url_of(self, run: RunView) -> str:
        return _page_url(_running_server(self._store_dir) or f"http://127.0.0.1:{DEFAULT_PORT}", run)

    def close(self) -> None:
        self._opened.close()


class RemoteSource:
    """A server."""

    def __init__(self, url: str, key: str | None) -> None:
        self._server = ServerConnection(url, key, connect_secs=10.0, idle_secs=120.0)

    def projects(self) -> ProjectList:
        return self._get("/api/projects", ProjectList)

    def runs(
        self, entity: str, project: str, *, where: dict[str, Any], sort: str, limit: int, offset: int
    ) -> RunList:
        path = f"/api/projects/{_quoted(entity)}/{_quoted(project)}/runs"
        if not where:
            return self._get(path, RunList, sort=sort, limit=limit, offset=offset)
        asked = {"where": to_json(where), "sort": sort, "limit": limit, "offset": offset}
        # In the body, for lists of names are soon longer than an address may be.
        return self._ask("POST", f"{path}/find", RunList, body=msgspec.json.encode(asked), mime=JSON)

    def find_run(self, entity: str, project: str, id: str) -> RunDetail:
        return self._get(f"/api/runs/{_quoted(entity)}/{_quoted(project)}/{_quoted(id)}", RunDetail)

    def documents(self, run: RunView) -> tuple[dict[str, Any], dict[str, Any]]:
        return from_json(run.config), from_json(run.summary)

    def scan_history(
        self,
        uid: int,
        *,
        keys: list[str] | None,
        min_step: int | None,
        max_step: int | None,
        samples: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        # The route separates keys by commas; keys with commas in them are picked out here instead.
        asked = keys if keys is not None and not any("," in key for key in keys) else None
        is_picked_here = keys is not None and asked is None
        if is_picked_here and samples is not None:
            rows = list(self.scan_history(uid, keys=keys, min_step=min_step, max_step=max_step))
            last = max(len(rows) - 1, 0) / max(samples - 1, 1)
            yield from rows if len(rows) <= samples else (rows[round(last * n)] for n in range(samples))
            return
        query = {
            "keys": ",".join(asked) if asked is not None else None,
            "min_step": min_step,
            "max_step": max_step,
            "samples": samples,
        }
        with (
            _as_store_errors(),
            self._server.stream("GET", f"/api/runs/{uid}/history", query=query) as (status, parts),
        ):
            if status != 200:
                raise _error_from(status, next(parts, b""))
            rest = b""
            for part in parts:
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    row: dict[str, Any] = from_json(msgspec.json.decode(line))
                    if keys is None or asked is not None:
                        yield row
                    elif all(key in row for key in keys):
                        yield {
                            key: row[key] for key in dict.fromkeys(("_step", "_timestamp", "_runtime", *keys))
                        }

    def files(self, uid: int) -> FileList:
        return self._get(f"/api/runs/{uid}/files", FileList)

    def console(self, uid: int, *, offset: int, limit: int) -> ConsolePage:
        return self._get(f"/api/runs/{uid}/console", ConsolePage, offset=offset, limit=limit)

    def get_blob(self, blob: BlobRef) -> bytes:
        return b"".join(self.blob_pieces(blob))

    def blob_pieces(self, blob: BlobRef) -> Iterator[bytes]:
        hasher, size_bytes = hashlib.sha256(), 0
        with (
            _as_store_errors(),
            self._server.stream("GET", f"/api/blobs/{blob.sha256}") as (status, parts),
        ):
            if status != 200:
                raise _error_from(status, next(parts, b""))
            for part in parts:
                hasher.update(part)
                size_bytes += len(part)
                if size_bytes > blob.size_bytes:
                    break  # whatever this is, it is not the blob
                yield part
        if hasher.hexdigest() != blob.sha256:
            raise damaged(blob.sha256)

    def url_of(self, run: RunView) -> str:
        return _page_url(self._server.url, run)

    def close(self) -> None:
        self._server.close()

    def _get(self, path: str, shape: type[T], **query: Any) -> T:
        return self._ask("GET", path, shape, query=query)

    def _ask(self, method: str, path: str, shape: type[T], **asked: Any) -> T:
        with _as_store_errors():
            answer = self._server.request(method, path, limit_bytes=LIST_LIMIT_BYTES, retries=3, **asked)
        if answer.status != 200:
            raise _error_from(answer.status, answer.data)
        try:
            return msgspec.json.decode(answer.data, type=shape)
        except msgspec.MsgspecError as error:
            raise errors.StoreError(
                f"{self._server.url} did not answer as a Diorama server does", hint="check the URL"
            ) from error


@contextmanager
def _as_store_errors() -> Iterator[None]:
    try:
        yield
    except NoAnswer as trouble:
        raise errors.StoreError(
            trouble.message, hint=trouble.hint or "is the server running, and the URL right?"
        ) from trouble


def _error_from(status: int, data: bytes) -> errors.DioramaError:
    try:
        problem = msgspec.json.decode(data, type=Problem)
    except msgspec.MsgspecError:
        problem = Problem("store", f"the server answered {status}")
    for cls in (
        errors.NotFound,
        errors.BadRequest,
        errors.Unauthorized,
        errors.Forbidden,
        errors.Corrupt,
        errors.TooLarge,
        errors.TooNew,
    ):
        if cls.code == problem.code:
            return cls(problem.message, hint=problem.hint)
    return errors.StoreError(problem.message, hint=problem.hint)


class _ServerFile(msgspec.Struct):
    url: str


def _running_server(store_dir: StoreDir) -> str | None:
    try:
        return msgspec.json.decode(store_dir.server_file.read_bytes(), type=_ServerFile).url.rstrip("/")
    except (OSError, msgspec.MsgspecError):
        return None


def _page_url(base: str, run: RunView) -> str:
    return f"{base}/{_quoted(run.entity)}/{_quoted(run.project)}/runs/{_quoted(run.id)}"


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")
