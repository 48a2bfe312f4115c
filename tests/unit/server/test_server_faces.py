"""Adding a face: a toy one in a module of its own is served as our API is; a forgotten part is named."""

from __future__ import annotations

import base64
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from owner import Service
from server_sample import KEY, Client, Sample, client_of, settings

from diorama.server.app import create_app
from diorama.server.auth import mint_token
from diorama.server.endpoint import endpoint
from diorama.server.face import Face
from diorama.server.routes import API
from diorama.server.settings import Limits

TOY = '''
"""A face that counts."""

from __future__ import annotations

import msgspec

from diorama.server.endpoint import endpoint
from diorama.server.face import Face
from diorama.service import Access


class NamePath(msgspec.Struct):
    entity: str


class Count(msgspec.Struct):
    """How many runs there are."""

    runs: int


@endpoint("GET", "/toy/{entity}/count")
def count_runs(service: Access, path: NamePath) -> Count:
    """How many runs of an entity there are."""
    projects = service.projects().projects
    return Count(sum(project.run_count for project in projects if project.entity == path.entity))


@endpoint("POST", "/toy/{entity}/reset")
def reset(service: Access, path: NamePath, body: Count) -> Count:
    """Does nothing."""
    return body


FACE = Face(name="toy", prefixes=("/toy/",), endpoints=(count_runs, reset))
HIDDEN = Face(name="toy", prefixes=("/toy/",), endpoints=(count_runs, reset), is_described=False)
'''


@pytest.fixture
def toy(tmp_path: Path) -> ModuleType:
    return module_of(TOY, tmp_path)


def module_of(text: str, folder: Path) -> ModuleType:
    file = folder / "toy_face.py"
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("toy_face", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def client_with(service: Service, *faces: Face, key: str | None = KEY) -> Client:
    app = create_app(service, settings=settings(), faces=faces)
    return Client(app, {"authorization": f"Bearer {key}"} if key else {})


def test_its_endpoint_answers_beside_the_api(service: Service, sample: Sample, toy: ModuleType) -> None:
    client = client_with(service, API, toy.FACE)
    reply = client.get("/toy/local/count")
    assert reply.status_code == 200
    assert reply.json()["runs"] >= 1
    assert client.get("/api/projects").status_code == 200
    elsewhere = client_of(service).get("/toy/local/count")
    assert elsewhere.headers["content-type"].startswith("text/html"), (
        "a page, where the face is not asked for"
    )


def test_it_needs_the_key_as_all_do(service: Service, sample: Sample, toy: ModuleType) -> None:
    stranger = client_with(service, API, toy.FACE, key=None)
    reply = stranger.get("/toy/local/count")
    assert reply.status_code == 401
    assert "runs" not in reply.text
    assert stranger.post("/toy/local/reset", json={"runs": 0}).status_code == 401


def test_the_guard_stands_before_it(service: Service, sample: Sample, toy: ModuleType) -> None:
    client = client_with(service, API, toy.FACE)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert client.get("/toy/local/count", headers=headers).status_code == 403
    assert client.get("/toy/local/count", headers={"host": "evil.example"}).status_code == 421
    assert client.get("/toy/local/count").headers["x-content-type-options"] == "nosniff"


def test_what_it_does_not_take_is_an_error_and_no_page(
    service: Service, sample: Sample, toy: ModuleType
) -> None:
    client = client_with(service, API, toy.FACE)
    assert client.get("/toy/local/nothing").status_code == 404
    refused = client.get("/toy/local/reset")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "POST"
    assert client.get("/toy/local/count?unknown=1").status_code == 200
    assert client.post("/toy/local/reset", json={"runs": "many"}).status_code == 400


@pytest.mark.parametrize(("name", "is_hinted"), [("FACE", True), ("HIDDEN", False)])
def test_the_hint_names_the_description_only_where_it_is_described(
    service: Service, toy: ModuleType, name: str, is_hinted: bool
) -> None:
    client = client_with(service, API, getattr(toy, name))
    assert ("openapi.json" in client.get("/toy/local/nothing").text) is is_hinted
    assert "openapi.json" in client.get("/api/nothing").text


@pytest.mark.parametrize("name", ["FACE", "HIDDEN"])
def test_it_is_in_the_description_if_it_wishes(
    service: Service, sample: Sample, toy: ModuleType, name: str
) -> None:
    document = client_with(service, API, getattr(toy, name)).get("/api/openapi.json").json()
    is_wished = name == "FACE"
    assert ("/toy/{entity}/count" in document["paths"]) is is_wished
    assert ("Count" in document["components"]["schemas"]) is is_wished
    assert "/api/projects" in document["paths"]
    plain = client_of(service).get("/api/openapi.json").json()
    assert {path for path in document["paths"] if not path.startswith("/toy/")} == set(plain["paths"])


FORGOTTEN = {
    "actor": ('count")', 'count", is_public=True)', "it is public and so has no actor"),
    "answer": ("path: NamePath) -> Count:", "path: NamePath):", "no struct describes its answer"),
    "body": ("body: Count)", "query: Count)", "no struct describes its body"),
    "docstring": ('"""How many runs of an entity there are."""', "", "it has no docstring"),
    "guard": ('"/toy/{entity}/count"', '"/count/{entity}"', "it lies below none of the face's prefixes"),
    "parameter": ('"/toy/{entity}/count"', '"/toy/{name}/count"', "its path names"),
}
"""What was forgotten -> what stands in the toy, what stands there instead, and what is said of it."""


@pytest.mark.parametrize("part", FORGOTTEN)
def test_a_forgotten_part_is_named(tmp_path: Path, part: str) -> None:
    written, instead, said = FORGOTTEN[part]
    assert TOY.count(written) == 1
    with pytest.raises(ValueError, match=rf"^face toy, (count_runs|reset) \(.*: {said}"):
        module_of(TOY.replace(written, instead), tmp_path)


FOREIGN = """
import base64
import binascii
import json

from diorama.server.dialect import Dialect


def password_of_basic_auth(asked):
    scheme, _, given = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password if user == "api" else ""


def problem_as_graphql(status, problem):
    said = {"message": problem.message, "extensions": {"code": problem.code, "status": status}}
    return "application/json", json.dumps({"errors": [said]}).encode()


@endpoint("GET", "/graph/broken")
def broken(service: Access) -> Count:
    '''Fails.'''
    raise RuntimeError("a secret")


@endpoint("GET", "/words", is_public=True)
def words() -> Count:
    '''Refuses everybody.'''
    raise NotFound("no words")


GRAPH = Face(
    name="graph",
    prefixes=("/toy/", "/graph/"),
    endpoints=(count_runs, reset, broken, words),
    is_described=False,
    dialect=Dialect(find_key=password_of_basic_auth, write_problem=problem_as_graphql),
)
"""
FOREIGN = TOY.replace("import msgspec\n", "import msgspec\n\nfrom diorama.errors import NotFound") + FOREIGN
"""A face with a sign-in and problems of its own: HTTP basic auth, and errors as GraphQL has them."""


@pytest.fixture
def foreign(tmp_path: Path) -> ModuleType:
    return module_of(FOREIGN, tmp_path)


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_a_dialect_finds_the_key_where_its_clients_send_it(
    service: Service, sample: Sample, foreign: ModuleType
) -> None:
    client = client_with(service, API, foreign.GRAPH, key=None)
    for path in ("/toy/local/count", "/toy/nobody/count"):
        assert client.get(path, headers=basic("api", KEY)).status_code == 200
    assert client.post("/toy/local/reset", json={"runs": 0}, headers=basic("api", KEY)).status_code == 200
    wrong: list[dict[str, str]] = [
        {},
        basic("api", KEY[:-1]),
        basic("api", ""),
        basic("admin", KEY),
        {"authorization": "Basic !"},
        {"authorization": f"Bearer {KEY}"},
    ]
    for headers in wrong:
        assert client.get("/toy/local/count", headers=headers).status_code == 401, headers
    for path in ("/api/projects", "/api/session"):
        assert "true" not in client.get(path, headers=basic("api", KEY)).text, "our own face has its own way"


def test_a_session_and_no_key_need_the_header_of_our_pages_in_every_dialect(
    service: Service, sample: Sample, foreign: ModuleType
) -> None:
    browser = client_with(service, API, foreign.GRAPH, key=None)
    browser.get(f"/?token={mint_token(KEY)}")
    assert browser.get("/toy/local/count").status_code == 200
    assert browser.post("/toy/local/reset", json={"runs": 0}).status_code == 403
    asked = {"json": {"runs": 0}, "headers": {"x-diorama": "1"}}
    assert browser.post("/toy/local/reset", **asked).status_code == 200


def test_the_guard_stands_before_what_browsers_send_by_themselves(
    service: Service, sample: Sample, foreign: ModuleType
) -> None:
    client = client_with(service, API, foreign.GRAPH, key=None)
    for more in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        asked = {"json": {"runs": 0}, "headers": {**basic("api", KEY), **more}}
        assert client.post("/toy/local/reset", **asked).status_code == 403
    refused = client.get("/toy/local/count")
    assert "basic" not in refused.headers["www-authenticate"].lower(), "no browser asks for a password"


def test_wrong_keys_are_counted_in_every_dialect(
    service: Service, sample: Sample, foreign: ModuleType
) -> None:
    limits = Limits(wrong_keys_per_minute=2)
    app = create_app(service, settings=settings(limits=limits), faces=[API, foreign.GRAPH])
    client = Client(app, basic("api", "wrong"))
    assert [client.get("/toy/local/count").status_code for _ in range(3)] == [401, 401, 429]


@pytest.mark.parametrize("base_path", ["", "/lab"])
def test_a_dialect_says_what_went_wrong_in_its_way(
    service: Service, sample: Sample, foreign: ModuleType, base_path: str
) -> None:
    app = create_app(service, settings=settings(base_path=base_path), faces=[API, foreign.GRAPH])
    client = Client(app, basic("api", KEY))
    refusals = {
        ("GET", "/toy/local/nothing"): 404,
        ("GET", "/toy/local/reset"): 405,
        ("POST", "/toy/local/reset"): 415,
        ("GET", "/graph/broken"): 500,
        ("GET", "/words"): 404,
    }
    for (method, path), status in refusals.items():
        reply = client.request(method, base_path + path)
        assert reply.status_code == status, path
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["cache-control"] == "no-store"
        (said,) = reply.json()["errors"]
        assert said["message"]
        assert said["extensions"]["status"] == status
        assert "secret" not in reply.text
    stranger = Client(app, {}).get(f"{base_path}/toy/local/count")
    assert stranger.status_code == 401
    assert stranger.json()["errors"][0]["extensions"]["code"] == "unauthorized"
    ours = client.get(f"{base_path}/api/nothing")
    assert ours.headers["content-type"] == "application/problem+json"


FOREIGN_FORGOTTEN = {
    "sign-in": ("find_key=password_of_basic_auth, ", "", "find_key"),
    "problems": (", write_problem=problem_as_graphql", "", "write_problem"),
    "description": ("    is_described=False,\n", "", "face graph: .* is_described=False"),
    "no key": (
        "return None",
        'return "k"',
        "face graph: its find_key finds a key in a request that ",
    ),
    "mime": (
        'return "application/json", json.dumps({"errors": [said]}).encode()',
        'return json.dumps({"errors": [said]})',
        "face graph: its write_problem must return a MIME type and bytes",
    ),
}
"""The same for a dialect; what is not named at all is Python's own TypeError."""


@pytest.mark.parametrize("part", FOREIGN_FORGOTTEN)
def test_a_forgotten_part_of_a_dialect_is_named(tmp_path: Path, part: str) -> None:
    written, instead, said = FOREIGN_FORGOTTEN[part]
    text = FOREIGN.replace("HIDDEN = Face(", "HIDDEN = dict(")
    place = text.index(written, text.index("GRAPH") if part == "description" else 0)
    with pytest.raises((ValueError, TypeError), match=said):
        module_of(text[:place] + instead + text[place + len(written) :], tmp_path)


def test_a_public_endpoint_may_lie_anywhere(tmp_path: Path) -> None:
    public = TOY.replace(
        '@endpoint("GET", "/toy/{entity}/count")\ndef count_runs(service: Access, path: NamePath)',
        '@endpoint("GET", "/count/{entity}", is_public=True)\ndef count_runs(path: NamePath)',
    )
    assert module_of(public, tmp_path).FACE.endpoints[0].is_public


@pytest.mark.parametrize("prefix", ["/", "toy/", "/toy", ""])
def test_a_prefix_that_is_none(prefix: str) -> None:
    with pytest.raises(ValueError, match=r"^face toy: the prefix"):
        Face(name="toy", prefixes=(prefix,), endpoints=())


def test_a_face_must_not_hide_another(service: Service) -> None:
    @endpoint("GET", "/api/runs/{name:number}", reply=dict)
    async def hidden(call: Any, path: Any) -> Any:
        """The same route as that of a run."""

    thief = Face(name="thief", prefixes=("/api/",), endpoints=(), is_described=False)
    create_app(service, settings=settings(), faces=[API, thief])
    object.__setattr__(thief, "endpoints", (hidden,))
    with pytest.raises(ValueError, match=r"^face thief, hidden .* never reached, because face api, run "):
        create_app(service, settings=settings(), faces=[API, thief])


def test_two_described_endpoints_need_two_names(service: Service, toy: ModuleType) -> None:
    @endpoint("GET", "/more/count", reply=dict)
    async def count_runs(call: Any) -> Any:
        """The name of another one."""

    more = Face(name="more", prefixes=("/more/",), endpoints=(count_runs,))
    with pytest.raises(ValueError, match=r"^face more, count_runs .* same name as face toy, count_runs "):
        create_app(service, settings=settings(), faces=[API, toy.FACE, more])
