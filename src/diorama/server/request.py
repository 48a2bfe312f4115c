"""Reading requests: size caps, gzip, strict JSON, and structs out of paths, queries and bodies."""

from __future__ import annotations

import json
import re
import zlib
from array import array
from collections.abc import AsyncIterator
from itertools import accumulate
from typing import Any, TypeVar

import anyio
import msgspec
from starlette.requests import ClientDisconnect, Request

from diorama.errors import BadRequest, NotFound, TooLarge
from diorama.server.problem import Refusal
from diorama.server.settings import Limits

T = TypeVar("T")

# An open string runs to the end: if it did not match, every later quote would be tried again, which a
# hostile document would make quadratic.
_JSON_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_UP_AND_DOWN = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def path_struct(request: Request, shape: type[T]) -> T:
    """The path's parameters; what can't be one names nothing, so it is NotFound."""
    try:
        if any("\x00" in str(value) for value in request.path_params.values()):
            raise NotFound("there is nothing of that name")
        return msgspec.convert(request.path_params, shape, strict=False)
    except msgspec.ValidationError:
        raise NotFound("there is nothing of that name") from None


def query_struct(request: Request, shape: type[T]) -> T:
    """The query string's parameters; unknown, repeated and malformed ones are BadRequest."""
    pairs = request.query_params.multi_items()
    given = dict(pairs)
    if len(given) != len(pairs):
        raise BadRequest("a query parameter was given twice")
    if any("\x00" in value for value in given.values()):
        raise BadRequest("a query parameter holds a NUL character")
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"query: {error}") from None


async def body_struct(request: Request, shape: type[T], limits: Limits) -> T:
    """The JSON body as `shape`."""
    check_content_type(request, "application/json")
    body = await read_body(request, limit_bytes=limits.json_bytes, idle_secs=limits.body_idle_secs)
    return await anyio.to_thread.run_sync(decode_json, body, shape, limits.json_depth)


def decode_json(body: bytes, shape: type[T], depth_limit: int) -> T:
    """Decode strictly: UTF-8, no duplicate names, no NUL, no NaN, at most `depth_limit` levels.

    Raises BadRequest that says what is wrong and where.
    """
    if not is_nesting_within(body, depth_limit):
        raise BadRequest(f"JSON nesting > {depth_limit}")
    if _ESCAPED_NUL.search(body):
        raise BadRequest("a JSON string holds a NUL character")
    try:
        json.loads(body.decode("utf-8"), object_pairs_hook=_refuse_duplicates, parse_int=_integer)
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadRequest(f"body: {error}") from None


def is_nesting_within(body: bytes, depth_limit: int) -> bool:
    """True when the brackets outside strings nest at most `depth_limit` deep.

    All work is done by C code in one pass over the bytes, so that a hostile document costs milliseconds.
    Whether "[" meets "}" is left to the JSON parser.
    """
    if body.count(b"[") + body.count(b"{") <= depth_limit:
        return True
    steps = array("b", _JSON_STRING.sub(b"", body).translate(_UP_AND_DOWN, _NOT_BRACKETS))
    return max(accumulate(steps), default=0) <= depth_limit


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("an object has the same name twice")


def _integer(digits: str) -> int:
    if len(digits) > 400:
        raise ValueError("an integer has more than 400 digits")
    return 0


def check_content_type(request: Request, wanted: str) -> None:
    """Forms and text/plain, which any page can send, are 415."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != wanted:
        raise Refusal(415, f"the body must be {wanted}", hint=f"send `Content-Type: {wanted}`")


async def read_body(request: Request, *, limit_bytes: int, idle_secs: float) -> bytes:
    """The whole body, unpacked."""
    parts = [part async for part in stream_body(request, limit_bytes=limit_bytes, idle_secs=idle_secs)]
    return b"".join(parts)


async def stream_body(request: Request, *, limit_bytes: int, idle_secs: float) -> AsyncIterator[bytes]:
    """The body in pieces, unpacked when it is gzip.

    TooLarge as soon as more than `limit_bytes` came (or were promised), BadRequest for a gzip stream
    that is torn or wrong, Refusal 408 when nothing came for `idle_secs`.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and (len(declared) > 18 or int(declared) > limit_bytes):
        raise _too_large(limit_bytes)
    encodings = ", ".join(request.headers.getlist("content-encoding")).strip().lower()
    if encodings not in {"", "identity", "gzip"}:
        raise Refusal(415, "the body's Content-Encoding must be gzip or absent")
    inflate = zlib.decompressobj(wbits=31) if encodings == "gzip" else None
    size_bytes = 0
    pieces = request.stream().__aiter__()
    while True:
        piece = await _next_piece(pieces, idle_secs)
        if piece is None:
            break
        if inflate is None:
            size_bytes += len(piece)
            if size_bytes > limit_bytes:
                raise _too_large(limit_bytes)
            yield piece
            continue
        while piece:
            try:
                unpacked = inflate.decompress(piece, 1024 * 1024)
            except zlib.error as error:
                raise BadRequest(f"the gzip body is damaged: {error}") from None
            size_bytes += len(unpacked)
            if size_bytes > limit_bytes:
                raise _too_large(limit_bytes)
            yield unpacked
            if inflate.unused_data:
                raise BadRequest("there are bytes behind the gzip body")
            piece = inflate.unconsumed_tail
    if inflate is not None and not inflate.eof:
        raise BadRequest("the gzip body ends too early")


async def _next_piece(pieces: AsyncIterator[bytes], idle_secs: float) -> bytes | None:
    try:
        with anyio.fail_after(idle_secs):
            return await anext(pieces)
    except StopAsyncIteration:
        return None
    except TimeoutError:
        raise Refusal(
            408, f"no byte of the body came for {idle_secs:g} s", headers={"connection": "close"}
        ) from None
    except ClientDisconnect:
        raise BadRequest("the client went away before the end of the body") from None


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit_bytes} bytes")
