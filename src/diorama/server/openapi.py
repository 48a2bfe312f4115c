"""What the API looks like, derived from its handlers and structs.

    python -m diorama.server.openapi --json docs/openapi.json --typescript web/src/api/schema.ts [--check]

--check writes nothing and exits with 1 when a file is not what it should be.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from diorama.media import KINDS
from diorama.model import VERSION
from diorama.server.endpoint import JSON, Endpoint
from diorama.server.face import Face
from diorama.server.routes import API
from diorama.server.typescript import structs_from_module, typescript_from_structs
from diorama.service import views

_REF = "#/components/schemas/{name}"


@functools.cache
def openapi_document(faces: tuple[Face, ...] = (API,)) -> dict[str, Any]:
    """The OpenAPI 3.1 document of those of the `faces` that are described."""
    endpoints = [endpoint for face in faces if face.is_described for endpoint in face.endpoints]
    records = [kind.record for kind in KINDS]
    structs = [
        shape
        for endpoint in endpoints
        for shape in (endpoint.reads.get("body"), endpoint.reply)
        if shape not in {None, dict}
    ]
    named = list(dict.fromkeys([*structs, *records, views.Problem]))
    schemas = _schemas(named)
    schemas["MediaRecord"] = {
        "description": "Every kind of media, told apart by `kind`.",
        "oneOf": [{"$ref": _REF.format(name=record.__name__)} for record in records],
    }
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        path = re.sub(r":\w+}", "}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Diorama",
            "version": VERSION,
            "description": "Every route needs the store's key (bearer) or a session cookie, "
            "unless it says otherwise.",
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "diorama-<store>",
                    "description": "Set by /?token=... and POST /api/login. "
                    "Anything but GET also needs the header `X-Diorama: 1`.",
                },
            },
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    summary, _, rest = endpoint.summary.partition("\n")
    operation: dict[str, Any] = {"operationId": endpoint.name, "summary": summary}
    if rest.strip():
        operation["description"] = rest.strip()
    parameters = [*_parameters(endpoint, "path"), *_parameters(endpoint, "query")]
    if parameters:
        operation["parameters"] = parameters
    if endpoint.method in {"POST", "PUT", "PATCH"}:
        body = endpoint.reads.get("body")
        schema = {"$ref": _REF.format(name=body.__name__)} if body else {}
        operation["requestBody"] = {"required": True, "content": {endpoint.body_mime: {"schema": schema}}}
    has_struct = endpoint.reply not in {None, dict}
    reply = {"$ref": _REF.format(name=endpoint.reply.__name__)} if has_struct else {}
    # Columns begin with their head as JSON; an event's data is the struct.
    content = {"schema": reply} if endpoint.reply_mime == JSON else {"x-described-by": reply} if reply else {}
    operation["responses"] = {
        "201" if endpoint.method == "PUT" else "200": {
            "description": "Done",
            "content": {endpoint.reply_mime: content},
        },
        "default": {
            "description": "What went wrong",
            "content": {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}},
        },
    }
    if endpoint.is_public:
        operation["security"] = []
    return operation


def _schemas(structs: list[type]) -> dict[str, Any]:
    """JSON schemas by the structs' names, the same with every version of msgspec and Python."""
    _, schemas = msgspec.json.schema_components(structs, ref_template=_REF)
    _clean_descriptions(schemas)
    return schemas


def _clean_descriptions(schema: Any) -> None:
    """Strip the indentation of docstrings in place: some versions of msgspec and Python do, some do not."""
    if isinstance(schema, list):
        for part in schema:
            _clean_descriptions(part)
    elif isinstance(schema, dict):
        for name, part in schema.items():
            if name == "description" and isinstance(part, str):
                schema[name] = inspect.cleandoc(part)
            else:
                _clean_descriptions(part)


def _parameters(endpoint: Endpoint, place: str) -> list[dict[str, Any]]:
    shape = endpoint.reads.get(place)
    if shape is None:
        return []
    schema = _schemas([shape])[shape.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": place, "required": place == "path" or name in required, "schema": described}
        for name, described in schema["properties"].items()
    ]


def openapi_json() -> str:
    """The document as text, with sorted names, so that it only differs when the API does."""
    return (
        msgspec.json.format(msgspec.json.encode(openapi_document(), order="sorted"), indent=2).decode() + "\n"
    )


def schema_typescript() -> str:
    """The text of `web/src/api/schema.ts`."""
    return typescript_from_structs(structs_from_module(views), [kind.record for kind in KINDS])


def main(argv: list[str] | None = None) -> int:
    """Write or check the files that are named; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m diorama.server.openapi", description="The API's description.", allow_abbrev=False
    )
    parser.add_argument("--json", metavar="PATH", type=Path, help="write the OpenAPI document")
    parser.add_argument("--typescript", metavar="PATH", type=Path, help="write the UI's types")
    parser.add_argument("--check", action="store_true", help="compare instead of writing; exit 1 on drift")
    asked = parser.parse_args(argv)
    wanted = [(asked.json, openapi_json), (asked.typescript, schema_typescript)]
    has_drifted = False
    for path, text in wanted:
        if path is None:
            continue
        if not asked.check:
            path.write_text(text(), encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text():
            print(f"{path} is not up to date: run this command without --check", file=sys.stderr)
            has_drifted = True
    return 1 if has_drifted else 0


if __name__ == "__main__":
    raise SystemExit(main())
