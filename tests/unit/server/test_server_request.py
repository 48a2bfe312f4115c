"""Decoding requests: what is strict, and what it costs."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diorama.errors import BadRequest
from diorama.server.request import decode_json, is_nesting_within


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    name: str = ""
    numbers: list[float] = []


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='a"\\[]{}\u2028é'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='[}"\\'), inner, max_size=4),
    max_leaves=40,
)


@given(json_values, st.integers(0, 6))
def test_nesting_is_counted_as_a_parser_counts_it(value: Any, limit: int) -> None:
    # Padding with shallow arrays defeats the shortcut for documents with few brackets.
    body = msgspec.json.encode([value] + [[] for _ in range(limit + 1)])
    assert is_nesting_within(body, limit) == (1 + max(1, depth_of(value)) <= limit)


def test_exactly_the_limit_is_allowed() -> None:
    assert is_nesting_within(b"[" * 64 + b"]" * 64, 64)
    assert not is_nesting_within(b"[" * 65 + b"]" * 65, 64)
    assert not is_nesting_within(b'{"a":' * 65 + b"1" + b"}" * 65, 64)


HOSTILE = {
    "deep": b"[" * 2_000_000,
    "wide": b"[]" * 1_000_000,
    "pairs": b"[{" * 900_000,
    "backslashes": b"[" * 65 + b'"' + b"\\" * 1_999_999,
    "open string of quotes": b"[" * 65 + b'"' + b'\\"' * 1_000_000,
    "one backslash at the end": b"[" * 65 + b'"' + b'\\"' * 1_000_000 + b"\\",
    "many strings": b"[" * 65 + b'"a",' * 400_000,
    "odd backslashes": b"[" * 65 + (b'"' + b"\\" * 99) * 20_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_costs_little(name: str) -> None:
    before = time.process_time()
    with pytest.raises(BadRequest):
        decode_json(HOSTILE[name], Asked, 64)
    assert time.process_time() - before < 1.0


def test_a_good_body_becomes_a_struct() -> None:
    assert decode_json('{"name": "é", "numbers": [1, 2.5]}'.encode(), Asked, 64) == Asked("é", [1, 2.5])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"name": 1}',
        b'{"name": "a", "name": "b"}',
        b'{"name": "a"} x',
        b'{"name": "a"',
        b'{"other": 1}',
        b'{"numbers": [NaN]}',
        b'{"numbers": [Infinity]}',
        b'{"numbers": [1e999]}',
        b'{"numbers": [' + b"9" * 500_000 + b"]}",
        b'{"name": "\\u0000"}',
        b'{"name": "\\\\\\u0000"}',
        b'{"name": "\\ud800"}',
        b'{"name": "\xff"}',
        b'\xef\xbb\xbf{"name": "a"}',
        '{"name": "a"}'.encode("utf-16"),
    ],
)
def test_a_bad_body_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest):
        decode_json(body, Asked, 64)


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert decode_json(b'{"name": "\\\\u0000"}', Asked, 64) == Asked("\\u0000")
