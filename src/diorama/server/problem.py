"""Errors as HTTP answers: the one place that turns an exception into a status and a `Problem`."""

from __future__ import annotations

import http
import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from diorama import errors
from diorama.model import clean_text
from diorama.service.views import Problem

log = logging.getLogger("diorama.server")

SECURITY_HEADERS: dict[str, str] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}
"""On every answer; a page that needs another policy says so itself."""

_STATUS: tuple[tuple[type[errors.DioramaError], int], ...] = (
    (errors.NotFound, 404),
    (errors.BadRequest, 400),
    (errors.TooLarge, 413),
    (errors.Unauthorized, 401),
    (errors.Forbidden, 403),
    (errors.TooNew, 503),
    (errors.UsageError, 400),
    (errors.Corrupt, 500),
    # A full disk or a busy database: not now, but perhaps soon. Sidecars keep the data and come again.
    (errors.StoreError, 503),
)


class Refusal(errors.DioramaError):
    """A request that HTTP itself has a word for: 405, 408, 415, 421, 422, 429 ..."""

    def __init__(
        self, status: int, message: str, *, hint: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.headers = dict(headers or {})


WriteProblem = Callable[[int, Problem], tuple[str, bytes]]
"""A status and what went wrong, as a MIME type and bytes."""


def problem_json(status: int, problem: Problem) -> tuple[str, bytes]:
    """A Problem as our own API writes it."""
    return "application/problem+json", msgspec.json.encode(problem)


def problem_response(
    status: int,
    code: str,
    message: str,
    *,
    hint: str = "",
    headers: Mapping[str, str] | None = None,
    write: WriteProblem = problem_json,
) -> Response:
    """A Problem as the answer. Browsers must neither cache nor sniff it."""
    mime, content = write(status, Problem(code, clean_text(message), clean_text(hint)))
    return Response(
        content,
        status_code=status,
        media_type=mime,
        headers={**SECURITY_HEADERS, "cache-control": "no-store", **(headers or {})},
    )


def response_from_error(error: errors.DioramaError, write: WriteProblem = problem_json) -> Response:
    """The answer to a DioramaError; what is not the caller's fault is a 500 (or 503) and is logged."""
    if isinstance(error, Refusal):
        code = http.HTTPStatus(error.status).phrase.lower().replace(" ", "_")
        return problem_response(
            error.status, code, error.message, hint=error.hint, headers=error.headers, write=write
        )
    status = next((status for cls, status in _STATUS if isinstance(error, cls)), 500)
    if status >= 500:
        log.error("%s: %s", error.code, ascii(str(error)))
    headers = {"www-authenticate": 'Bearer realm="diorama"'} if status == 401 else None
    return problem_response(status, error.code, error.message, hint=error.hint, headers=headers, write=write)


def error_handlers(writer_of: Callable[[Request], WriteProblem]) -> dict[Any, Any]:
    """Starlette's handlers of all errors; `writer_of` says how the request's face writes a Problem."""

    async def on_diorama_error(request: Request, error: errors.DioramaError) -> Response:
        return response_from_error(error, writer_of(request))

    async def on_http_error(request: Request, error: HTTPException) -> Response:
        """Starlette's own 404 and 405."""
        phrase = http.HTTPStatus(error.status_code).phrase
        code = phrase.lower().replace(" ", "_")
        write = writer_of(request)
        return problem_response(error.status_code, code, phrase, headers=error.headers, write=write)

    async def on_bug(request: Request, error: Exception) -> Response:
        """A fault of ours: no details leave the process; the traceback is in the server's log."""
        hint = "the server's terminal shows the traceback"
        return problem_response(
            500, "internal", "Diorama failed at this request", hint=hint, write=writer_of(request)
        )

    return {errors.DioramaError: on_diorama_error, HTTPException: on_http_error, Exception: on_bug}
