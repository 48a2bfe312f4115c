"""Projects, runs, their console, their files and their whole history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from starlette.responses import Response

from diorama.errors import BadRequest
from diorama.model import NAME_LIMIT_BYTES
from diorama.server.api_blobs import file_response
from diorama.server.endpoint import Call, endpoint
from diorama.service import views
from diorama.service.jsonable import to_json

if TYPE_CHECKING:
    from diorama.service import Access

Uid = Annotated[int, msgspec.Meta(ge=1, le=2**62)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Step = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]
Samples = Annotated[int, msgspec.Meta(ge=1, le=2**31)]
NDJSON = "application/x-ndjson"


class ProjectPath(msgspec.Struct):
    entity: str
    project: str


class RunPath(msgspec.Struct):
    uid: Uid


class RunKeyPath(msgspec.Struct):
    entity: str
    project: str
    id: str


class FilePath(msgspec.Struct):
    uid: Uid
    name: str


class RunsQuery(msgspec.Struct, forbid_unknown_fields=True):
    """q: the list's query language. sort: a column's path, with "-" before it for descending."""

    q: str = ""
    sort: str = "-created_at"
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1000
    offset: Offset = 0


class RunsRequest(msgspec.Struct, forbid_unknown_fields=True):
    """where: a Mongo-style filter, such as {"config.lr": {"$gt": 0.1}}. All else as for GET."""

    where: dict[str, Any] = {}
    q: str = ""
    sort: str = "-created_at"
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1000
    offset: Offset = 0


class ConsoleQuery(msgspec.Struct, forbid_unknown_fields=True):
    """q: only lines that contain this text. offset: a negative one counts from the end."""

    offset: Step = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1000
    q: str = ""


class HistoryQuery(msgspec.Struct, forbid_unknown_fields=True):
    """keys: separated by commas; all when absent. Steps are inclusive. samples: at most so many of the rows,
    evenly spread."""

    keys: str | None = None
    min_step: Step | None = None
    max_step: Step | None = None
    samples: Samples | None = None


@endpoint("GET", "/api/projects")
def projects(service: Access) -> views.ProjectList:
    """All projects, the most recently active first."""
    return service.projects()


@endpoint("GET", "/api/projects/{entity}/{project}/runs")
def runs(service: Access, path: ProjectPath, query: RunsQuery) -> views.RunList:
    """The runs of a project that match a query, sorted, and the columns that they have."""
    return service.runs(
        path.entity, path.project, query=query.q, sort=query.sort, limit=query.limit, offset=query.offset
    )


@endpoint("POST", "/api/projects/{entity}/{project}/runs/find")
def find_runs(service: Access, path: ProjectPath, body: RunsRequest) -> views.RunList:
    """The runs of a project that pass a filter, sorted, and the columns that they have."""
    return service.runs(
        path.entity,
        path.project,
        query=body.q,
        where=body.where,
        sort=body.sort,
        limit=body.limit,
        offset=body.offset,
    )


@endpoint("GET", "/api/runs/{uid:number}")
def run(service: Access, path: RunPath) -> views.RunDetail:
    """One run with its environment and its warnings."""
    return service.run(path.uid)


@endpoint("PATCH", "/api/runs/{uid:number}", lane="writes")
def edit_run(service: Access, path: RunPath, body: views.RunPatch) -> views.RunView:
    """Change a run's name, notes or tags; absent fields stay."""
    if body.name is not None and not body.name.strip():
        raise BadRequest("a run's name must not be empty")
    for tag in body.tags or ():
        if not tag.strip():
            raise BadRequest("a tag must not be empty")
    for text in (body.name or "", *(body.tags or ())):
        if len(text.encode()) > NAME_LIMIT_BYTES:
            raise BadRequest(f"a name or tag has more than {NAME_LIMIT_BYTES} bytes")
    return service.patch_run(path.uid, body)


@endpoint("GET", "/api/runs/{entity}/{project}/{id}")
def find_run(service: Access, path: RunKeyPath) -> views.RunDetail:
    """One run, by the name that its training script knows it by."""
    return service.run(service.find_run(path.entity, path.project, path.id).uid)


@endpoint("GET", "/api/runs/{entity}/{project}/{id}/past")
def past_run(service: Access, path: RunKeyPath) -> views.PastRunView:
    """What a process that resumes a run has to know of it."""
    return service.past_run(path.entity, path.project, path.id)


@endpoint("GET", "/api/runs/{uid:number}/console")
def console(service: Access, path: RunPath, query: ConsoleQuery) -> views.ConsolePage:
    """A page of what the run printed."""
    return service.console(path.uid, offset=query.offset, limit=query.limit, query=query.q)


@endpoint("GET", "/api/runs/{uid:number}/files")
def files(service: Access, path: RunPath) -> views.FileList:
    """The run's files."""
    return service.files(path.uid)


@endpoint("GET", "/api/runs/{uid:number}/files/{name:label}", reply_mime="application/octet-stream")
async def file(call: Call, path: FilePath) -> Response:
    """The bytes of one file, always as a download."""
    return await file_response(call, await call.run(call.service.file, path.uid, path.name))


@endpoint("GET", "/api/runs/{uid:number}/history", reply_mime=NDJSON, lane="tables")
async def history(call: Call, path: RunPath, query: HistoryQuery) -> Response:
    """Every row that the run logged, one JSON object a line: exact, nothing sampled away unless asked for."""
    keys = query.keys.split(",") if query.keys else None
    # Asked for before the answer starts, so that an unknown run is a 404 and not half an answer.
    await call.run(call.service.run, path.uid)
    rows = call.service.scan_history(
        path.uid, keys=keys, min_step=query.min_step, max_step=query.max_step, samples=query.samples
    )
    return call.stream(_lines(rows), media_type=NDJSON, headers={"cache-control": "no-store"})


def _lines(rows: Iterator[dict[str, object]]) -> Iterator[bytes]:
    """Rows as JSON lines, some dozens of kilobytes at a time."""
    encode = msgspec.json.Encoder().encode
    chunk = bytearray()
    for row in rows:
        chunk += encode(to_json(row)) + b"\n"
        if len(chunk) >= 64 * 1024:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk)
