"""The whole server as one ASGI app: routes, guard, errors, live updates and the UI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from diorama.errors import NotFound
from diorama.model import OWNER
from diorama.server.auth import Auth
from diorama.server.dialect import OURS, Dialect
from diorama.server.endpoint import Call, Endpoint, PublicCall
from diorama.server.face import Face, check_faces, is_below
from diorama.server.guard import Guard
from diorama.server.lanes import Lanes
from diorama.server.live import LiveHub
from diorama.server.memory import keep_small
from diorama.server.openapi import openapi_document
from diorama.server.problem import WriteProblem, error_handlers
from diorama.server.routes import API
from diorama.server.settings import ServerSettings
from diorama.server.static import WebPages

if TYPE_CHECKING:
    from diorama.service import Service


def create_app(service: Service, *, settings: ServerSettings, faces: Sequence[Face] = (API,)) -> Starlette:
    """The app that serves `service` by its `faces`. It does not close the service.

    Raises ValueError if the faces hinder each other.

    >>> app = create_app(Service.open(store_dir), settings=ServerSettings(key=store_dir.key_file))
    """
    check_faces(faces)
    auth = Auth(settings)
    lanes = Lanes()
    live = LiveHub(service.for_(OWNER), lanes, limit=settings.limits.live_streams)
    pages = WebPages(settings, auth)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(live.watch)
            tasks.start_soon(keep_small)
            yield
            live.close()
            tasks.cancel_scope.cancel()

    def describe() -> dict[str, Any]:
        return openapi_document(tuple(faces))

    def call_of(request: Request, endpoint: Endpoint, dialect: Dialect) -> PublicCall:
        """Who asks is known before anything is read: without an actor there is no way to the store."""
        if endpoint.is_public:
            return PublicCall(request, settings, auth, dialect, lanes, endpoint.lane, describe)
        access = service.for_(auth.check(request, dialect.find_key))
        return Call(request, settings, auth, dialect, lanes, endpoint.lane, describe, access, live)

    def route(endpoint: Endpoint, dialect: Dialect) -> Route:
        async def answer(request: Request) -> Response:
            return await endpoint.answer(call_of(request, endpoint, dialect))

        return Route(endpoint.path, answer, methods=[endpoint.method], name=endpoint.name)

    owned = [(route(endpoint, face.dialect), face) for face in faces for endpoint in face.endpoints]
    routes = [known for known, _ in owned]
    every_method = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    prefixes = tuple(prefix for face in faces for prefix in face.prefixes)

    def rest_of(prefix: str, face: Face) -> Route:
        """What no route took: its path is unknown, or known for other methods."""

        async def unknown(request: Request) -> Response:
            path = request.scope["path"]
            allowed = {
                name for known in routes if known.path_regex.match(path) for name in known.methods or ()
            }
            if allowed:
                raise HTTPException(405, headers={"allow": ", ".join(sorted(allowed))})
            hint = "GET /api/openapi.json lists them" if face.is_described else ""
            raise NotFound("the API has no such route", hint=hint)

        return Route(f"{prefix}{{rest:path}}", unknown, methods=every_method)

    def writer_of(request: Request) -> WriteProblem:
        """How the face writes a Problem whose path the request has; no face's: as our own API does."""
        path = request.scope["path"].removeprefix(settings.base_path)
        below = [face for face in faces if is_below(path, face.prefixes)]
        elsewhere = [face for known, face in owned if known.path_regex.match(path)]
        return next((face.dialect for face in below + elsewhere), OURS).write_problem

    app = Starlette(
        routes=[
            *routes,
            *(rest_of(prefix, face) for face in faces for prefix in face.prefixes),
            Route("/{rest:path}", pages.answer, methods=every_method),
        ],
        middleware=[Middleware(Guard, settings=settings, prefixes=prefixes)],
        exception_handlers=error_handlers(writer_of),
        lifespan=lifespan,
    )
    app.state.live = live
    return app
