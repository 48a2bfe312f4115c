"""The whole server as one ASGI app: routes, guard, errors, live updates and the UI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from diorama.errors import DioramaError, NotFound
from diorama.server import (
    api_blobs,
    api_content,
    api_data,
    api_ingest,
    api_openapi,
    api_runs,
    api_session,
    api_tables,
)
from diorama.server.auth import Auth
from diorama.server.endpoint import Call, Endpoint
from diorama.server.guard import Guard
from diorama.server.lanes import Lanes
from diorama.server.live import LiveHub
from diorama.server.memory import keep_small
from diorama.server.problem import on_bug, on_diorama_error, on_http_error
from diorama.server.settings import ServerSettings
from diorama.server.static import WebPages

if TYPE_CHECKING:
    from diorama.service import Service

ENDPOINTS: tuple[Endpoint, ...] = (
    api_session.health,
    api_session.session,
    api_session.login,
    api_session.live,
    api_openapi.description,
    api_runs.projects,
    api_runs.runs,
    api_runs.run,
    api_runs.edit_run,
    api_runs.console,
    api_runs.files,
    api_runs.file,
    api_runs.history,
    api_tables.table_page,
    api_tables.table_csv,
    api_runs.find_run,
    api_runs.past_run,
    api_data.keys,
    api_data.series,
    api_data.tracks,
    api_data.media,
    api_data.histograms,
    api_blobs.missing_blobs,
    api_blobs.blob,
    api_blobs.put_blob,
    api_content.content,
    api_ingest.ingest,
)
"""Every route of the API, in the order in which they are tried."""


def create_app(service: Service, *, settings: ServerSettings) -> Starlette:
    """The app that serves `service`. It does not close the service.

    >>> app = create_app(Service.open(store_dir), settings=ServerSettings(key=store_dir.key_file))
    """
    auth = Auth(settings)
    lanes = Lanes()
    live = LiveHub(service, lanes, limit=settings.limits.live_streams)
    pages = WebPages(settings, auth)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(live.watch)
            tasks.start_soon(keep_small)
            yield
            live.close()
            tasks.cancel_scope.cancel()

    def route(endpoint: Endpoint) -> Route:
        async def answer(request: Request) -> Response:
            return await endpoint.answer(Call(request, service, settings, auth, live, lanes, endpoint.lane))

        return Route(endpoint.path, answer, methods=[endpoint.method], name=endpoint.name)

    routes = [route(endpoint) for endpoint in ENDPOINTS]

    async def unknown_api(request: Request) -> Response:
        """What no route took: its path is unknown, or known for other methods."""
        path = request.scope["path"]
        allowed = {name for known in routes if known.path_regex.match(path) for name in known.methods or ()}
        if allowed:
            raise HTTPException(405, headers={"allow": ", ".join(sorted(allowed))})
        raise NotFound("the API has no such route", hint="GET /api/openapi.json lists them")

    every_method = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    app = Starlette(
        routes=[
            *routes,
            Route("/api/{rest:path}", unknown_api, methods=every_method),
            Route("/{rest:path}", pages.answer, methods=every_method),
        ],
        middleware=[Middleware(Guard, settings=settings)],
        exception_handlers={
            DioramaError: on_diorama_error,
            HTTPException: on_http_error,
            Exception: on_bug,
        },
        lifespan=lifespan,
    )
    app.state.live = live
    return app
