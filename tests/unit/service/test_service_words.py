"""The small pure parts of the service: query words, JSON numbers, leaves, definitions."""

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
from diorama.journal.entry import Define, Log, Numbered
from diorama.media import HistogramRecord, UnknownRecord
from diorama.service import definitions, filter, flatten, jsonable, leaves
from diorama.service.definitions import Aggregate, Definition, Definitions, merge_define

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


@pytest.mark.parametrize("module", [filter, flatten, jsonable, leaves])
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


@given(st.dictionaries(st.text("ab.", min_size=1, max_size=5), st.integers(), max_size=6))
def test_nesting_loses_no_path(paths: dict[str, int]) -> None:
    def _count(value: Any) -> int:
        return sum(_count(item) for item in value.values()) if type(value) is dict else 1

    assert _count(leaves.nested(paths)) == len(paths)


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


def test_an_exact_definition_wins_over_a_pattern() -> None:
    found = Definitions([Definition(key="*"), Definition(key="train/*"), Definition(key="train/loss")])
    keys = ["train/loss", "train/acc", "val/acc"]
    assert [found.of(key).key for key in keys] == ["train/loss", "train/*", "*"]  # type: ignore[union-attr]  # "*" fits all
    assert Definitions().of("x") is None


def test_define_calls_merge_unless_they_overwrite() -> None:
    first = merge_define(None, Define("x", step_key="epoch", summary=["min"]), 0)
    second = merge_define(first, Define("x", goal="minimize"), 5)
    assert (second.step_key, second.summary, second.goal, second.since) == ("epoch", ["min"], "minimize", 0)
    third = merge_define(second, Define("x", is_overwriting=True), 9)
    assert (third.step_key, third.summary, third.goal) == (None, None, None)


def test_step_sync_can_be_turned_off() -> None:
    assert Definition(key="x", step_key="epoch").synced_step_key == "epoch"
    assert Definition(key="x", step_key="epoch", is_step_synced=False).synced_step_key is None


@given(st.lists(st.lists(st.floats(allow_infinity=False, width=32), max_size=5), max_size=5))
def test_aggregates_do_not_depend_on_batches(batches: list[list[float]]) -> None:
    whole, pieces = Aggregate(), Aggregate()
    whole.add(value for batch in batches for value in batch)
    for batch in batches:
        pieces.add(batch)
    known = [value for batch in batches for value in batch if value == value]
    for name in ("min", "max", "first", "last"):
        assert same(whole.value(name, None), pieces.value(name, None))
    assert whole.value("min", None) == min(known, default=None)
    assert whole.value("best", "maximize") == max(known, default=None)
    if known:
        assert whole.value("mean", None) == pytest.approx(sum(known) / len(known), rel=1e-6, abs=1e-6)


def test_gathering_keeps_calls_apart() -> None:
    found = flatten.gather(
        [
            Numbered(1, Log(0, 0, 1.0, {"a": 1, "b": {"c": 2.5}})),
            Numbered(2, Log(1, 1, 2.0, {"a": True, "s": "x"})),
        ]
    )
    assert (found.steps, found.times) == ([0, 1], [1.0, 2.0])
    assert {key: (column.index, column.values) for key, column in found.numbers.items()} == {
        "a": ([0, 1], [1, True]),
        "b.c": ([0], [2.5]),
    }
    assert found.objects["s", "value"].values == ["x"]


def test_a_dict_that_is_too_deep_is_refused() -> None:
    value: Any = 1
    for _ in range(200):
        value = {"a": value}
    with pytest.raises(BadRequest):
        flatten.gather([Numbered(1, Log(0, 0, 1.0, {"a": value}))])


def test_every_operator_of_define_metric_has_a_meaning() -> None:
    aggregate = Aggregate()
    aggregate.add([2.0, 1.0])
    assert [aggregate.value(name, None) for name in ("min", "max", "mean", "last", "first", "best")] == [
        1.0, 2.0, 1.5, 1.0, 2.0, 1.0,
    ]  # fmt: skip
    assert definitions.Aggregate().value("mean", None) is None
