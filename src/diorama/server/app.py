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

from diorama.errors import DioramaError, NotFound
from diorama.model import OWNER
from diorama.server.auth import Auth
from diorama.server.endpoint import Call, Endpoint, PublicCall
from diorama.server.face import Face, check_faces
from diorama.server.guard import Guard
from diorama.server.lanes import Lanes
from diorama.server.live import LiveHub
from diorama.server.memory import keep_small
from diorama.server.openapi import openapi_document
from diorama.server.problem import on_bug, on_diorama_error, on_http_error
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

    def call_of(request: Request, endpoint: Endpoint) -> PublicCall:
        """Who asks is known before anything is read: without an actor there is no way to the store."""
        if endpoint.is_public:
            return PublicCall(request, settings, auth, lanes, endpoint.lane, describe)
        face = service.for_(auth.check(request))
        return Call(request, settings, auth, lanes, endpoint.lane, describe, face, live)

    def route(endpoint: Endpoint) -> Route:
        async def answer(request: Request) -> Response:
            return await endpoint.answer(call_of(request, endpoint))

        return Route(endpoint.path, answer, methods=[endpoint.method], name=endpoint.name)

    routes = [route(endpoint) for face in faces for endpoint in face.endpoints]
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

    app = Starlette(
        routes=[
            *routes,
            *(rest_of(prefix, face) for face in faces for prefix in face.prefixes),
            Route("/{rest:path}", pages.answer, methods=every_method),
        ],
        middleware=[Middleware(Guard, settings=settings, prefixes=prefixes)],
        exception_handlers={
            DioramaError: on_diorama_error,
            HTTPException: on_http_error,
            Exception: on_bug,
        },
        lifespan=lifespan,
    )
    app.state.live = live
    return app
