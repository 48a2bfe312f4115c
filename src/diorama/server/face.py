"""A face: a set of routes by which programs talk to the store, such as our own API, or a foreign protocol."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from diorama.server.dialect import OURS, Dialect
from diorama.server.endpoint import COLUMNS, JSON, Endpoint, PublicCall

_PARAMETER = re.compile(r"{(\w+)(:\w+)?}")


@dataclass(frozen=True, eq=False)
class Face:
    """What `create_app(service, settings=..., faces=[API, ...])` serves.

    name: for messages.
    prefixes: the paths below which everything is this face's, such as "/api/". There the guard answers no
        request of another site, and what no endpoint takes is an error and not a page of the UI.
    endpoints: in the order in which they are tried.
    is_described: whether /api/openapi.json lists them. Each of them must then say what it reads and answers.
    dialect: where its requests carry the key, and how it says what went wrong.

    Every endpoint needs the store's key or a session, unless it says `is_public=True`.

    Raises ValueError that names what is wrong with the dialect, or an endpoint of which a part was forgotten.
    An endpoint must

    - lie below one of the prefixes, unless it is public;
    - if it is public, take neither `service` nor a `Call`: it has no actor, and so no way to the store;
    - have a docstring, which is its description;
    - have in its path exactly the parameters of its `path` struct;
    - where the face is described, have a struct for the JSON that it reads and for the JSON that it answers.

    >>> FACE = Face(name="words", prefixes=("/words/",), endpoints=(count_words,), is_described=False)
    """

    name: str
    prefixes: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    is_described: bool = True
    dialect: Dialect = OURS

    def __post_init__(self) -> None:
        for prefix in self.prefixes:
            if prefix == "/" or not (prefix.startswith("/") and prefix.endswith("/")):
                raise ValueError(f'face {self.name}: the prefix {prefix!r} must be like "/{self.name}/"')
        if self.dialect != OURS and self.is_described:
            raise ValueError(
                f"face {self.name}: /api/openapi.json describes our own dialect only, and this face has "
                "another: it must say is_described=False"
            )
        if trouble := self.dialect.trouble():
            raise ValueError(f"face {self.name}: {trouble}")
        for endpoint in self.endpoints:
            trouble = self._trouble_with(endpoint)
            if trouble:
                raise ValueError(f"face {self.name}, {_title(endpoint)}: {trouble}")

    def _trouble_with(self, endpoint: Endpoint) -> str:
        """What is missing, as a sentence; empty if all is well."""
        if not endpoint.is_public and not is_below(endpoint.path, self.prefixes):
            return (
                f"it lies below none of the face's prefixes {self.prefixes}, so the guard would take it for "
                "a page, which other sites may open; only what is_public may lie elsewhere"
            )
        if endpoint.is_public and _needs_actor(endpoint):
            return (
                "it is public and so has no actor, for whom it could ask the store: it takes no `service`, "
                "and its `call` is a PublicCall"
            )
        if not endpoint.summary:
            return "it has no docstring, which is its description"
        named = sorted(name for name, _ in _PARAMETER.findall(endpoint.path))
        read = sorted(getattr(endpoint.reads.get("path"), "__struct_fields__", ()))
        if named != read:
            return f"its path names {named}, and its `path` struct has {read}"
        return _undescribed(endpoint) if self.is_described else ""


def _needs_actor(endpoint: Endpoint) -> bool:
    call = endpoint.asks.get("call", PublicCall)
    return "service" in endpoint.asks or call not in {PublicCall, PublicCall.__name__}


def _undescribed(endpoint: Endpoint) -> str:
    if endpoint.reply is None and endpoint.reply_mime in {JSON, COLUMNS}:
        return (
            "no struct describes its answer: give it a return type, or the decorator a `reply` "
            "(`reply=dict` for JSON whose shape is described elsewhere)"
        )
    has_body = endpoint.method in {"POST", "PUT", "PATCH"} and endpoint.body_mime == JSON
    if has_body and "body" not in endpoint.reads:
        return "no struct describes its body: give it a `body`, or the decorator a `body_mime`"
    return ""


def check_faces(faces: Sequence[Face]) -> None:
    """Raise ValueError if an endpoint takes the requests of a later one, or the name of a described one."""
    routes: dict[tuple[str, str], str] = {}
    names: dict[str, str] = {}
    for face in faces:
        for endpoint in face.endpoints:
            title = f"face {face.name}, {_title(endpoint)}"
            route = (endpoint.method, _PARAMETER.sub(r"{\2}", endpoint.path))
            if route in routes:
                raise ValueError(f"{title}: it is never reached, because {routes[route]} takes its requests")
            routes[route] = title
            if face.is_described:
                if endpoint.name in names:
                    raise ValueError(f"{title}: it has the same name as {names[endpoint.name]}")
                names[endpoint.name] = title


def is_below(path: str, prefixes: tuple[str, ...]) -> bool:
    """Whether `path` is one of the prefixes, with or without its last slash, or lies below one."""
    return f"{path}/".startswith(prefixes)


def _title(endpoint: Endpoint) -> str:
    return f"{endpoint.name} ({endpoint.method} {endpoint.path})"
