"""The one implementation of the summary: rules, aggregates, one session, and several over each other."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diorama.journal.entry import Define
from diorama.summaries.fold import SessionSummary
from diorama.summaries.overlay import all_shown
from diorama.summaries.rules import Aggregate, Definition, Definitions, merge_define, over

NAN = math.nan


def same(left: Any, right: Any) -> bool:
    """Equal, of equal types, NaN like NaN."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    return type(left) is type(right) and (left == right or (left != left and right != right))


def test_an_exact_definition_wins_over_a_pattern() -> None:
    found = Definitions([Definition(key="*"), Definition(key="train/*"), Definition(key="train/loss")])
    keys = ["train/loss", "train/acc", "val/acc"]
    assert [found.of((key,)).key for key in keys] == ["train/loss", "train/*", "*"]  # type: ignore[union-attr]  # "*" fits all
    assert Definitions().of(("x",)) is None


def test_a_definition_means_nested_keys_and_keys_with_dots() -> None:
    plain, exact = Definitions([Definition(key="a.b")]), Definitions([Definition(key="a\\.b")])
    assert plain.of(("a", "b")) is not None
    assert plain.of(("a.b",)) is not None
    assert exact.of(("a", "b")) is None
    assert exact.of(("a.b",)) is not None


def test_define_calls_merge_unless_they_overwrite() -> None:
    first = merge_define(None, Define("x", step_key="epoch", summary=["min"]), 0)
    second = merge_define(first, Define("x", goal="minimize"), 5)
    assert (second.step_key, second.summary, second.goal, second.since) == ("epoch", ["min"], "minimize", 0)
    third = merge_define(second, Define("x", summary=["max", "min"]), 6)
    assert third.summary == ["min", "max"], "what is asked for is added"
    last = merge_define(third, Define("x", is_overwriting=True), 9)
    assert (last.step_key, last.summary, last.goal) == (None, None, None)


def test_a_newer_session_says_over_an_older_one() -> None:
    older = merge_define(None, Define("x", step_key="epoch", is_hidden=True))
    newer = merge_define(None, Define("x", step_key="batch"))
    assert (over(older, newer).step_key, over(older, newer).is_hidden) == ("batch", True)
    anew = merge_define(None, Define("x", is_overwriting=True))
    assert (over(older, anew).step_key, over(older, anew).is_hidden) == (None, None)


def test_step_sync_can_be_turned_off() -> None:
    assert Definition(key="x", step_key="epoch").synced_step_key == "epoch"
    assert Definition(key="x", step_key="epoch", is_step_synced=False).synced_step_key is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([2.0, 1.0], [1.0, 2.0, 1.5, 1.0, 2.0, 1.0]),
        ([1.0, NAN, 5.0], [NAN, NAN, NAN, 5.0, 1.0, NAN]),
        ([NAN, 1.0], [NAN, NAN, NAN, 1.0, NAN, NAN]),
        ([1.0, math.inf], [1.0, math.inf, math.inf, math.inf, 1.0, 1.0]),
        ([3, 1], [1, 3, 2.0, 1, 3, 1]),
    ],
)
def test_aggregates_are_those_of_wandb(values: list[Any], expected: list[Any]) -> None:
    aggregate = Aggregate()
    for value in values:
        aggregate.add(value)
    names = ("min", "max", "mean", "last", "first", "best")
    assert all(map(same, [aggregate.value(name, None) for name in names], expected))


@given(st.lists(st.integers(-9, 9) | st.just(NAN), min_size=1), st.integers(0, 9))
def test_aggregates_of_sessions_add_up(values: list[Any], cut: int) -> None:
    whole, first, second = Aggregate(), Aggregate(), Aggregate()
    for index, value in enumerate(values):
        whole.add(value)
        (first if index < cut else second).add(value)
    joined = first.joined(second)
    assert all(
        same(joined.value(name, None), whole.value(name, None))
        for name in ("min", "max", "mean", "last", "first")
    )


def fold(*calls: tuple[Any, ...]) -> dict[str, Any]:
    """What is shown after ("log", data), ("set", path, value), ("delete", path), ("define", key, names)."""
    session = SessionSummary()
    for subject, *arguments in calls:
        if subject == "log":
            session.log(*arguments)
        elif subject == "set":
            session.set_value(*arguments)
        elif subject == "delete":
            session.delete(*arguments)
        else:
            key, *names = arguments
            session.define(Define(key, summary=names))
    return all_shown([session])


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        # the last write wins
        ([("set", ("a",), 9), ("log", {"a": 1})], {"a": 1}),
        ([("log", {"a": 1}), ("set", ("a",), 9)], {"a": 9}),
        ([("log", {"a": 1}), ("delete", ("a",))], {}),
        ([("log", {"a": 1}), ("delete", ("a",)), ("log", {"a": 2})], {"a": 2}),
        # nested dicts
        ([("log", {"a": {"b": 1, "c": 2}}), ("log", {"a": {"b": 5}})], {"a": {"b": 5, "c": 2}}),
        ([("log", {"a": {"b": 1}, "a.b": 7})], {"a": {"b": 1}, "a.b": 7}),
        ([("log", {"a": 1}), ("log", {"a": {"b": 2}})], {"a": {"b": 2}}),
        ([("log", {"a": {"b": 2}}), ("log", {"a": 1})], {"a": 1}),
        ([("set", ("b",), {"e": 1, "l": 2}), ("set", ("b",), {"e": 5})], {"b": {"e": 5}}),
        ([("set", ("b",), {"e": 1, "l": 2}), ("set", ("b", "e"), 5)], {"b": {"e": 5, "l": 2}}),
        ([("set", ("b",), {"e": 1, "l": 2}), ("delete", ("b", "e"))], {"b": {"l": 2}}),
        # define_metric
        ([("define", "a", "max"), ("log", {"a": 3}), ("log", {"a": 1})], {"a": {"max": 3}}),
        ([("log", {"a": 50}), ("define", "a", "max"), ("log", {"a": 3})], {"a": {"max": 3}}),
        ([("define", "a", "max"), ("log", {"a": 3}), ("set", ("a",), 100)], {"a": 100}),
        ([("define", "a", "max"), ("log", {"a": 3}), ("set", ("a",), 9), ("log", {"a": 1})],
         {"a": {"max": 3}}),
        ([("define", "a", "max"), ("define", "a", "min"), ("log", {"a": 3})], {"a": {"max": 3, "min": 3}}),
        ([("define", "a", "none"), ("log", {"a": 3})], {}),
        ([("log", {"a": 1}), ("define", "a", "none"), ("log", {"a": 3})], {"a": 1}),
        ([("define", "a", "copy"), ("log", {"a": 3})], {"a": 3}),
        ([("define", "a", "copy", "max"), ("log", {"a": 3}), ("log", {"a": 1})], {"a": {"max": 3}}),
        ([("define", "a", "max"), ("log", {"a": 3}), ("log", {"a": "x"})], {"a": {"max": 3}}),
        ([("define", "a", "max"), ("log", {"a": "x"})], {"a": "x"}),
        ([("define", "a.b", "max"), ("log", {"a": {"b": 3}}), ("log", {"a": {"b": 1}})],
         {"a": {"b": {"max": 3}}}),
        ([("define", "m@0.5", "max"), ("log", {"m@0.5": 3}), ("log", {"m@0.5": 1})], {"m@0.5": {"max": 3}}),
    ],
)  # fmt: skip
def test_what_one_session_shows(calls: list[tuple[Any, ...]], expected: dict[str, Any]) -> None:
    assert fold(*calls) == expected


def test_newer_sessions_lie_over_older_ones() -> None:
    first, second = SessionSummary(), SessionSummary()
    first.log({"loss": 159, "kept": 1, "gone": 1, "n": {"a": 1, "gone": 1}, "deep": {"x": 1}})
    first.define(Define("acc", summary=["max", "last", "mean"]))
    first.log({"acc": 0.9})
    second.log({"loss": 1, "n": {"b": 2}, "deep": 5})
    second.delete(("gone",))
    second.delete(("n", "gone"))
    second.define(Define("acc", summary=["max", "last", "mean"]))
    second.log({"acc": 0.5})
    assert all_shown([first, second]) == {
        "loss": 1,
        "kept": 1,
        "n": {"a": 1, "b": 2},
        "deep": 5,
        "acc": {"max": 0.9, "last": 0.5, "mean": 0.7},
    }
    second.delete(("n",))
    second.log({"n": {"c": 3}})
    assert all_shown([first, second])["n"] == {"c": 3}, "what was removed whole does not come back"


def test_what_was_logged_or_set_is_never_written_into() -> None:
    logged: dict[str, Any] = {"a": {}}
    by_hand: dict[str, Any] = {"inner": {"x": 1}}
    session = SessionSummary()
    session.log(logged)
    session.log({"a": {"b": 1}})
    session.set_value(("c",), by_hand)
    session.log({"c": {"inner": {"x": 2}}})
    assert all_shown([session]) == {"a": {"b": 1}, "c": {"inner": {"x": 2}}}
    assert logged == {"a": {}}
    assert by_hand == {"inner": {"x": 1}}
