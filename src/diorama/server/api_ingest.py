"""Taking in what sidecars ship: journal batches, applied all or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from diorama.errors import NotFound
from diorama.journal.codec import decode_batch
from diorama.server.endpoint import Call, endpoint
from diorama.server.problem import Refusal
from diorama.server.request import check_content_type, read_body
from diorama.service import views

if TYPE_CHECKING:
    from diorama.service import Access

MSGPACK = "application/msgpack"


@endpoint("POST", "/api/ingest", body_mime=MSGPACK, reply=views.IngestReply, lane="writes")
async def ingest(call: Call) -> Response:
    """Apply a batch (msgpack of `diorama.journal.entry.Batch`); the answer names the highest stored entry.

    Sending a batch again changes nothing: entries are known by their run, writer and number.
    """
    check_content_type(call.request, MSGPACK)
    limits = call.settings.limits
    body = await read_body(call.request, limit_bytes=limits.batch_bytes, idle_secs=limits.body_idle_secs)
    acked_seq: int = await call.run(_apply, call.service, body)
    return Response(
        msgspec.json.encode(views.IngestReply(acked_seq)),
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )


def _apply(service: Access, body: bytes) -> int:
    batch = decode_batch(body)
    try:
        return service.ingest(batch)
    except NotFound as error:
        # Not 404: the route is there, and a sidecar would look for a wrong address.
        raise Refusal(
            409, error.message, hint="upload the bytes that a batch names before the batch"
        ) from error
