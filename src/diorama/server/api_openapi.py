"""The API's description, served by the API."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from diorama.server.endpoint import Call, endpoint


@endpoint("GET", "/api/openapi.json")
async def description(call: Call) -> Response:
    """This document (OpenAPI 3.1)."""
    # The document lists the endpoints, and this is one of them.
    from diorama.server.openapi import openapi_document

    document = msgspec.json.encode(await call.run(openapi_document))
    return Response(document, media_type="application/json", headers={"cache-control": "no-cache"})
