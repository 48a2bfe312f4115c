"""Sessions, health, the API's own description, and live updates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from starlette.responses import Response, StreamingResponse

from diorama.errors import BadRequest, Unauthorized
from diorama.model import VERSION
from diorama.server.endpoint import Call, PublicCall, endpoint
from diorama.service import views


class Health(msgspec.Struct):
    """The server answers. store: a public name of its store, the same as long as the key is."""

    status: str
    version: str
    store: str


class Login(msgspec.Struct, forbid_unknown_fields=True):
    """The store's API key, as `diorama key` prints it."""

    key: str


class LiveQuery(msgspec.Struct, forbid_unknown_fields=True):
    """project: "entity/name", or nothing for all. since: a version; the header Last-Event-ID wins."""

    project: str | None = None
    since: Annotated[int, msgspec.Meta(ge=0, le=2**62)] | None = None


def _json(reply: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        msgspec.json.encode(reply),
        media_type="application/json",
        headers={"cache-control": "no-store", **(headers or {})},
    )


@endpoint("GET", "/healthz", is_public=True, reply=Health)
async def health(call: PublicCall) -> Response:
    """Answers as soon as the server is ready."""
    return _json(Health("ok", VERSION, call.auth.store_name))


@endpoint("GET", "/api/session", is_public=True, reply=views.SessionView)
async def session(call: PublicCall) -> Response:
    """Whether the caller is logged in. Public, so that the UI can ask before it shows a login."""
    return _json(views.SessionView(VERSION, call.find_actor() is not None))


@endpoint("POST", "/api/login", is_public=True, reply=views.SessionView)
async def login(call: PublicCall, body: Login) -> Response:
    """Exchange the key for a session cookie."""
    call.auth.check_login(call.request, body.key)
    reply = _json(views.SessionView(VERSION, True))
    call.auth.give_session(call.request, reply)
    return reply


@endpoint("GET", "/api/live", reply_mime="text/event-stream", reply=views.LiveEvent)
async def live(call: Call, query: LiveQuery) -> Response:
    """Server-sent events: each is a LiveEvent with everything that changed after the one before it."""
    resumed = call.request.headers.get("last-event-id", "")
    if resumed and not (resumed.isascii() and resumed.isdigit() and len(resumed) <= 18):
        raise BadRequest("Last-Event-ID must be a version that this server sent")
    if call.request.method == "HEAD":
        return Response(media_type="text/event-stream", headers={"cache-control": "no-store"})
    call.live.check_room()

    def is_welcome() -> bool:
        try:
            return call.find_actor() == call.actor
        except Unauthorized:
            return False

    since = int(resumed) if resumed else query.since
    events = call.live.stream(call.service, since, query.project, is_welcome)
    return StreamingResponse(
        events,
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )
