"""Every request has an actor, and what answers it reaches the store only as that actor."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import anyio
import pytest
from server_sample import KEY, Client, Sample, settings
from starlette.responses import Response

import diorama.server
from diorama.model import OWNER, Actor, StoreDir
from diorama.server.app import create_app
from diorama.server.endpoint import Call, Endpoint, PublicCall, endpoint
from diorama.server.face import Face
from diorama.server.lanes import Lanes
from diorama.server.live import LiveHub
from diorama.server.routes import ENDPOINTS
from diorama.service import Access, Service
from diorama.service.views import LiveEvent, LiveRun
from diorama.store.versions import Seen

MODULES = {
    file.stem: ast.parse(file.read_text(encoding="utf-8"))
    for file in Path(diorama.server.__file__).parent.glob("*.py")
}
seen: list[Any] = []


@endpoint("GET", "/toy/plain", reply=dict)
def plain(service: Access) -> bytes:
    """Notes what a plain handler is given."""
    seen.append(service)
    return b"{}"


@endpoint("GET", "/toy/free", reply=dict)
async def free(call: Call) -> Response:
    """Notes what an async handler is given."""
    seen.append(call)
    return Response(b"{}")


@endpoint("GET", "/toy/open", reply=dict, is_public=True)
async def open_to_all(call: PublicCall) -> Response:
    """Notes what a handler is given that answers anybody."""
    seen.append(call)
    return Response(b"{}")


TOY = Face(name="toy", prefixes=("/toy/",), endpoints=(plain, free, open_to_all))


@pytest.fixture
def toy(store_dir: StoreDir, sample: Sample) -> Iterator[Client]:
    """A client with the key, of a store that is opened as programs open it."""
    seen.clear()
    with Service.open(store_dir) as service:
        app = create_app(service, settings=settings(), faces=[TOY])
        yield Client(app, {"authorization": f"Bearer {KEY}"})


def reachable(thing: Any) -> Iterator[Any]:
    """`thing`, and all objects of ours that its attributes, its containers and its closures lead to."""
    known: dict[int, Any] = {}
    waiting = [thing]
    while waiting:
        found = waiting.pop()
        if id(found) in known:
            continue
        known[id(found)] = found
        if isinstance(found, dict):
            waiting += found.values()
        elif isinstance(found, list | tuple | set | frozenset):
            waiting += found
        elif isinstance(found, MethodType):
            waiting += [found.__self__, found.__func__]
        elif isinstance(found, FunctionType):
            waiting += [cell.cell_contents for cell in found.__closure__ or ()]
        elif type(found).__module__.startswith("diorama."):
            waiting += vars(found).values() if hasattr(found, "__dict__") else ()
    return iter(known.values())


@pytest.mark.parametrize("path", ["/toy/plain", "/toy/free"])
def test_a_handler_gets_the_store_of_its_actor_and_no_other(toy: Client, path: str) -> None:
    assert toy.get(path).status_code == 200
    (given,) = seen
    face = given.service if path == "/toy/free" else given
    assert type(face) is Access
    assert face.actor == OWNER
    assert not [thing for thing in reachable(given) if isinstance(thing, Service)]


def test_a_public_handler_gets_no_store_whoever_asks(toy: Client) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}):
        assert toy.get("/toy/open", headers=headers).status_code == 200
    for given in seen:
        assert type(given) is PublicCall
        assert not [thing for thing in reachable(given) if isinstance(thing, Service | Access)]


def test_without_a_sign_in_no_handler_is_called(toy: Client) -> None:
    for path in ("/toy/plain", "/toy/free"):
        assert toy.get(path, headers={"authorization": "Bearer wrong"}).status_code == 401
    assert seen == []


@pytest.mark.parametrize("one", ENDPOINTS, ids=lambda one: one.name)
def test_our_own_handlers_ask_for_what_they_are_given(one: Endpoint) -> None:
    given = {"call": "PublicCall"} if one.is_public else {"call": "Call", "service": "Access"}
    assert one.asks.items() <= given.items()


def imported(module: ast.Module) -> Iterator[tuple[str, str]]:
    """(module, name) of all imports, those for type checkers too."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


@pytest.mark.parametrize("name", MODULES)
def test_only_the_app_reaches_the_bare_store(name: str) -> None:
    found = set(imported(MODULES[name]))
    attributes = [node for node in ast.walk(MODULES[name]) if isinstance(node, ast.Attribute)]
    values = {("diorama.store.versions", "Seen")}
    assert not [one for one in found - values if one[0].startswith("diorama.store")]
    assert not [module for module, _ in found if module == "diorama.service.service"]
    if name not in {"app", "run"}:
        assert ("diorama.service", "Service") not in found
    if name != "app":
        assert not [node for node in attributes if node.attr == "for_"]
    asked = [node for node in attributes if ast.unparse(node.value) in {"service", "call", "call.service"}]
    assert not [node.attr for node in asked if node.attr.startswith("_")]


class OneRun:
    """A store that tells its actor of one run."""

    def __init__(self, actor: Actor, uid: int) -> None:
        self.actor = actor
        self.uid = uid

    def version(self) -> int:
        return 2

    def news(self, since: Seen) -> tuple[Seen, LiveEvent]:
        return Seen(2), LiveEvent(2, [LiveRun(uid=self.uid, state="running", last_step=None, keys=[])])

    def projects_of(self, uids: Iterable[int]) -> dict[int, str]:
        return dict.fromkeys(uids, "a/b")

    def run(self, uid: int) -> Any:
        raise AssertionError("asked for by project only")


def test_a_live_stream_tells_its_actor_and_no_other() -> None:
    async def first_messages() -> list[bytes]:
        owner: Any = OneRun(OWNER, 1)
        guest: Any = OneRun(Actor("guest"), 2)
        hub = LiveHub(owner, Lanes(), limit=5)
        return [await anext(hub.stream(face, 1, None, lambda: True)) for face in (owner, guest, owner)]

    told = anyio.run(first_messages)
    assert b'"uid":1' in told[0]
    assert b'"uid":2' in told[1]
    assert b'"uid":1' not in told[1]
    assert told[2] == told[0]
