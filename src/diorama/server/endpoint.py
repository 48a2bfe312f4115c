"""One route: what it reads, what it answers, and the code between.

A handler's signature is its contract. `service` is the store as the request's actor may use it; `path`,
`query` and `body` are structs that are decoded before it runs; what it returns is encoded after. The same
annotations become the OpenAPI document, so the document can't lie.

    @endpoint("GET", "/api/projects")
    def projects(service: Access) -> views.ProjectList:
        '''All projects.'''
        return service.projects()

A plain function runs in a thread. An `async def` takes a `call` as well and makes its own Response;
its MIME types are given to the decorator.

Only a request whose actor is known gets a `service`. What answers anybody (`is_public`) has no actor, and so
no way to the store: its `call` is a PublicCall.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from diorama.server.lanes import Lane, Lanes
from diorama.server.request import body_struct, path_struct, query_struct

if TYPE_CHECKING:
    from diorama.model import Actor
    from diorama.server.auth import Auth
    from diorama.server.dialect import Dialect
    from diorama.server.live import LiveHub
    from diorama.server.settings import ServerSettings
    from diorama.service import Access

JSON = "application/json"
COLUMNS = "application/x-diorama-columns"
_ASKED = ("service", "call")
"""What a handler may take beside what is decoded for it."""


@dataclass(frozen=True)
class PublicCall:
    """A request of anybody on its way through an async handler: nothing of the store is in its reach."""

    request: Request
    settings: ServerSettings
    auth: Auth
    dialect: Dialect
    lanes: Lanes
    lane: Lane
    describe: Callable[[], dict[str, Any]]
    """Makes the OpenAPI document of what the server answers."""

    def find_actor(self) -> Actor | None:
        """Who is signed in at present; None for strangers."""
        return self.auth.find_actor(self.request, self.dialect.find_key)

    async def run(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Do blocking work in a thread of the endpoint's lane."""
        return await self.lanes.run(self.lane, work, *args, **kwargs)

    def stream(self, pieces: Iterator[bytes], **more: Any) -> Response:
        """An answer that is made piece by piece in the endpoint's lane; `more` is for the Response."""
        return StreamingResponse(self.lanes.each(self.lane, pieces), **more)


@dataclass(frozen=True)
class Call(PublicCall):
    """A request whose actor is known, with the store as that actor may use it."""

    service: Access
    live: LiveHub

    @property
    def actor(self) -> Actor:
        return self.service.actor


@dataclass(frozen=True, eq=False)
class Endpoint:
    """A route of a face.

    reads: "path", "query" and "body" with their structs.
    reply: the struct of the answer; `dict` if its shape is described elsewhere;
        None if its MIME type says all.
    asks: "service" and "call" with their annotations, where the handler takes them.
    is_public: whether it answers without key or session.
    """

    method: str
    path: str
    handle: Callable[..., Any]
    reads: dict[str, Any]
    asks: dict[str, Any]
    reply: Any
    body_mime: str
    reply_mime: str
    is_public: bool
    lane: Lane

    @property
    def name(self) -> str:
        return self.handle.__name__

    @property
    def summary(self) -> str:
        return inspect.cleandoc(self.handle.__doc__ or "")

    async def answer(self, call: PublicCall) -> Response:
        """Decode, handle, encode. Raises DioramaError for what is not right."""
        given: dict[str, Any] = {}
        if "path" in self.reads:
            given["path"] = path_struct(call.request, self.reads["path"])
        if "query" in self.reads:
            given["query"] = query_struct(call.request, self.reads["query"])
        if "body" in self.reads:
            given["body"] = await body_struct(call.request, self.reads["body"], call.settings.limits)
        if inspect.iscoroutinefunction(self.handle):
            answer: Awaitable[Response] = self.handle(call=call, **given)
            return await answer
        if isinstance(call, Call):
            given["service"] = call.service
        content = await call.run(self._encoded, given)
        return Response(content, media_type=self.reply_mime, headers={"cache-control": "no-store"})

    def _encoded(self, given: dict[str, Any]) -> bytes:
        reply = self.handle(**given)
        return reply if isinstance(reply, bytes) else msgspec.json.encode(reply)


class _Number(Convertor[str]):
    """Digits only, so that an entity's name is never taken for a run's number. Not yet an int: how long
    it may be is for `path_struct` to judge."""

    regex = r"[0-9]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class _Label(_Number):
    """What a file is called: slashes and line ends included."""

    regex = r"[\s\S]+"


register_url_convertor("number", _Number())
register_url_convertor("label", _Label())


def endpoint(
    method: str,
    path: str,
    *,
    body_mime: str = JSON,
    reply_mime: str = JSON,
    reply: Any = None,
    is_public: bool = False,
    lane: Lane = "reads",
) -> Callable[[Callable[..., Any]], Endpoint]:
    """Make a handler an Endpoint. `reply`: the struct of an answer that is not plainly returned, or `dict`.
    `is_public`: it needs neither key nor session. `lane`: the threads that do its work."""

    def decorate(handle: Callable[..., Any]) -> Endpoint:
        hints = _hints(handle)
        answered = reply if reply is not None else hints.get("return")
        has_shape = isinstance(answered, type) and issubclass(answered, msgspec.Struct | dict)
        return Endpoint(
            method=method,
            path=path,
            handle=handle,
            reads={name: hints[name] for name in ("path", "query", "body") if name in hints},
            asks={name: handle.__annotations__[name] for name in _ASKED if name in handle.__annotations__},
            reply=answered if has_shape else None,
            body_mime=body_mime,
            reply_mime=reply_mime,
            is_public=is_public,
            lane=lane,
        )

    return decorate


def _hints(handle: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of what is decoded and answered; `service` and `call` are not looked up, because
    their modules may be imported for type checkers only."""
    annotations = {name: value for name, value in handle.__annotations__.items() if name not in _ASKED}
    bare = type("_Annotated", (), {"__annotations__": annotations, "__module__": handle.__module__})
    return typing.get_type_hints(bare, globalns=getattr(handle, "__globals__", None))
