"""The small pure parts of the service: query words, JSON numbers, leaves, paths."""

from __future__ import annotations

import contextlib
import doctest
import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diorama.errors import BadRequest
from diorama.journal.entry import Log, Numbered
from diorama.media import HistogramRecord, UnknownRecord
from diorama.service import filter, flatten, jsonable, leaves
from diorama.service.filter import mongo, search

PLAIN_KEYS = st.text().filter(lambda key: key not in ("_number", "kind"))
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text()),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text().filter(lambda key: key not in ("_number", "kind")), inner)
    ),
    max_leaves=12,
)


def same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return (left == right and math.copysign(1, left) == math.copysign(1, right)) or (
            left != left and right != right
        )
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


@pytest.mark.parametrize("module", [search, mongo, flatten, jsonable])
def test_examples_in_docstrings(module: Any) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


@given(PLAIN)
def test_json_carries_every_plain_value(value: Any) -> None:
    assert same(jsonable.from_json(msgspec.json.decode(msgspec.json.encode(jsonable.to_json(value)))), value)


@given(PLAIN)
def test_json_is_what_every_reader_understands(value: Any) -> None:
    text = msgspec.json.encode(jsonable.to_json(value))

    def _refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    json.loads(text, parse_constant=_refuse)


def test_records_are_json_too() -> None:
    record = HistogramRecord(bins=[0.0, 1.0], values=[2.0], caption="c")
    assert jsonable.from_json(jsonable.to_json([record])) == [record]
    assert jsonable.to_json(UnknownRecord({"kind": "new", "x": math.inf})) == {
        "kind": "new",
        "x": {"_number": "Infinity"},
    }


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("", []),
        (" , ,", []),
        ("a b,c", [" ~ a", " ~ b", " ~ c"]),
        ('"two words"', [" ~ two words"]),
        ("lr>=1e-3", ["lr >= 1e-3"]),
        ("lr != 3", ["lr != 3"]),
        ('"val/loss (mean)" < 2', ["val/loss (mean) < 2"]),
        ("net.name~res", ["net.name ~ res"]),
        ('-tag:"old one" state:running', ["not tag = old one", "state = running"]),
        ("-0.5", ["not  ~ 0.5"]),
        ("x=", ["x = "]),
        ("a:b", [" ~ a:b"]),
    ],
)
def test_query_words(query: str, terms: list[str]) -> None:
    assert [str(term) for term in filter.parse(query)] == terms


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(query: str) -> None:
    with contextlib.suppress(BadRequest):
        for term in filter.parse(query):
            assert filter.condition(term).compile().string


@pytest.mark.parametrize(
    ("value", "leaf"),
    [
        (True, ("boolean", 1.0, "true")),
        (3, ("number", 3.0, "3")),
        (10**400, ("number", math.inf, str(10**400))),
        (math.nan, ("number", None, "nan")),
        ("a\x00b", ("string", None, "a␀b")),
        (None, ("other", None, "null")),
        ([1, math.nan], ("other", None, '[1, {"_number": "NaN"}]')),
        (HistogramRecord(bins=[0.0, 1.0], values=[1.0]), ("other", None, None)),
    ],
)
def test_leaves(value: Any, leaf: tuple[Any, ...]) -> None:
    assert tuple(leaves.leaf_of(value)) == leaf


def test_gathering_keeps_calls_apart() -> None:
    found = flatten.gather(
        [
            Numbered(1, Log(0, 0, 1.0, {"a": 1, "b": {"c": 2.5}})),
            Numbered(2, Log(1, 1, 2.0, {"a": True, "s": "x"})),
        ]
    )
    assert (found.steps, found.times) == ([0, 1], [1.0, 2.0])
    assert {key: (column.index, column.values) for key, column in found.numbers.items()} == {
        ("a",): ([0, 1], [1, True]),
        ("b", "c"): ([0], [2.5]),
    }
    assert found.objects[("s",), "value"].values == ["x"]


@pytest.mark.parametrize("key", ["a\x00b", "a\udcffb", "k" * 5000])
def test_keys_that_no_database_takes_are_written_another_way(key: str) -> None:
    found = flatten.gather([Numbered(1, Log(0, 0, 1.0, {key: 1, "n": {key: "x"}}))])
    for path in [*found.numbers, *(path for path, _ in found.objects)]:
        for name in path:
            assert "\x00" not in name
            assert len(name.encode("utf-8")) <= flatten.KEY_LIMIT_BYTES


def test_keys_that_are_written_the_same_way_are_one() -> None:
    found = flatten.gather(
        [Numbered(1, Log(0, 0, 1.0, {"a\x00": 1})), Numbered(2, Log(1, 1, 2.0, {"a␀": 2, "a\x00": 3}))]
    )
    assert found.numbers[("a␀",)].values in ([1, 2, 3], [1, 3, 2])


def test_a_dict_that_is_too_deep_is_refused() -> None:
    value: Any = 1
    for _ in range(200):
        value = {"a": value}
    with pytest.raises(BadRequest):
        flatten.gather([Numbered(1, Log(0, 0, 1.0, {"a": value}))])
