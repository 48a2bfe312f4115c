"""The API's description, served by the API."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from diorama.server.endpoint import Call, endpoint


@endpoint("GET", "/api/openapi.json", reply=dict)
async def description(call: Call) -> Response:
    """This document (OpenAPI 3.1)."""
    document = msgspec.json.encode(await call.run(call.describe))
    return Response(document, media_type="application/json", headers={"cache-control": "no-cache"})
