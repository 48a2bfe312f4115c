"""The description of the API is true, and what is generated from it is up to date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from server_sample import PLUGINS, Client, Sample, examples

from diorama.server import api_plugins
from diorama.server.endpoint import Endpoint
from diorama.server.openapi import main, openapi_document, openapi_json, schema_typescript
from diorama.server.routes import ENDPOINTS

REPOSITORY = Path(__file__).parents[3]


# The paths of version 0.1 with the names in their queries ("!": must be given): scripts and links use them.
FIRST_PATHS = """
    POST /api/blobs/missing
    GET /api/blobs/{sha256} name
    PUT /api/blobs/{sha256}
    GET /api/content/{sha256} style framed outside
    POST /api/histograms
    POST /api/ingest
    GET /api/keys runs!
    GET /api/live project since
    POST /api/login
    POST /api/media
    GET /api/openapi.json
    GET /api/projects
    GET /api/projects/{entity}/{project}/runs q sort limit offset
    GET /api/runs/{entity}/{project}/{id}
    GET /api/runs/{uid}
    PATCH /api/runs/{uid}
    GET /api/runs/{uid}/console offset limit q
    GET /api/runs/{uid}/files
    GET /api/runs/{uid}/files/{name}
    GET /api/runs/{uid}/history keys min_step max_step
    POST /api/series
    GET /api/session
    GET /api/tables/csv tables run key step index name
    POST /api/tables/page
    POST /api/tracks
    GET /healthz
"""


@pytest.mark.parametrize("line", FIRST_PATHS.split("\n")[1:-1], ids=str.strip)
def test_paths_of_the_first_version_stay(line: str) -> None:
    method, path, *names = line.split()
    operation = openapi_document()["paths"][path][method.lower()]
    asked = {one["name"]: one["required"] for one in operation.get("parameters", []) if one["in"] == "query"}
    assert {name.removesuffix("!") for name in names} <= asked.keys()
    must_be_given = {name for name, is_required in asked.items() if is_required}
    assert must_be_given == {name.removesuffix("!") for name in names if name.endswith("!")}


def test_the_ui_has_these_types() -> None:
    written = (REPOSITORY / "web/src/api/schema.ts").read_text(encoding="utf-8")
    assert written == schema_typescript(), (
        "run: python -m diorama.server.openapi --typescript web/src/api/schema.ts"
    )


def test_the_docs_have_this_description() -> None:
    written = (REPOSITORY / "docs/openapi.json").read_text(encoding="utf-8")
    assert written == openapi_json(), "run: python -m diorama.server.openapi --json docs/openapi.json"


@pytest.mark.slow
def test_check_tells_drift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "schema.ts"
    assert main(["--typescript", str(path), "--check"]) == 1
    assert main(["--typescript", str(path)]) == 0
    assert main(["--typescript", str(path), "--check"]) == 0
    path.write_text("export {};\n")
    assert main(["--typescript", str(path), "--check"]) == 1
    assert "not up to date" in capsys.readouterr().err


def test_every_endpoint_has_an_example(sample: Sample) -> None:
    assert set(examples(sample)) == {endpoint.name for endpoint in ENDPOINTS}


@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.reply_mime != "text/event-stream"], ids=lambda one: one.name
)
def test_every_endpoint_answers_as_described(
    client: Client, sample: Sample, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_plugins, "describe_plugins", lambda: PLUGINS)
    method, path, more = examples(sample)[endpoint.name]
    reply = client.request(method, path, **more)
    assert method == endpoint.method
    operation = openapi_document()["paths"][re.sub(r":\w+}", "}", endpoint.path)][method.lower()]
    assert str(reply.status_code) in operation["responses"]
    (mime,) = operation["responses"][str(reply.status_code)]["content"]
    if endpoint.name != "blob":  # a picture comes as what it is
        assert reply.headers["content-type"].partition(";")[0] == mime
    if mime == "application/json" and endpoint.reply:
        msgspec.json.decode(reply.content, type=endpoint.reply)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_description_is_whole() -> None:
    document = openapi_document()
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]
    names = []
    for path, operations in document["paths"].items():
        for operation in operations.values():
            names.append(operation["operationId"])
            assert operation["summary"], path
            declared = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"]
            assert declared == re.findall(r"{(\w+)}", path)
    assert len(names) == len(set(names)) == len(ENDPOINTS)
