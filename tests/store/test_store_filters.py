"""Filters of scripts: what the databases find is what plain Python finds."""

from __future__ import annotations

import doctest
import itertools
import math
import operator
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from batches import BEGAN, batch, start
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from owner import Service

from diorama.errors import BadRequest
from diorama.journal.entry import Config, Entry, Finish, Summary
from diorama.service import filter as filters
from diorama.service import runs as listed_runs
from diorama.service.views import RunView
from diorama.store import letters, regex

ABSENT = object()
WAYS = (0, 10**9)
"""What it costs to look a leaf up: by it, SQLite looks them up in each run, or reads a path of all runs."""
numbers = itertools.count()

# Plain Python: what a filter means ----------------------------------------------------------------

NAMES = {"display_name": "name", "jobType": "job_type", "createdAt": "created_at", "username": "entity"}
ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def passes(run: RunView, config: Any, summary: Any, asked: Mapping[str, Any]) -> bool:
    def inner(part: Mapping[str, Any]) -> bool:
        return passes(run, config, summary, part)

    for path, wanted in asked.items():
        if path == "$not":
            holds = not inner(wanted)
        elif path in ("$and", "$or", "$nor"):
            found = [inner(part) for part in wanted]
            holds = {"$and": all(found), "$or": any(found), "$nor": not any(found)}[path]
        else:
            holds = holds_for(value_of(run, config, summary, path), wanted)
        if not holds:
            return False
    return True


def value_of(run: RunView, config: Any, summary: Any, path: str) -> Any:
    head, _, rest = path.partition(".")
    if not rest:
        return getattr(run, NAMES.get(path, path))
    found = at(config if head == "config" else summary, rest.split("."))
    if found is ABSENT and head == "config":
        found = at(config, rest.removesuffix(".value").split("."))
    return found


def at(values: Any, names: list[str]) -> Any:
    for name in names:
        if type(values) is not dict or name not in values:
            return ABSENT
        values = values[name]
    return values


def holds_for(value: Any, wanted: Any) -> bool:
    if not (isinstance(wanted, dict) and any(name.startswith("$") for name in wanted)):
        return is_equal(value, wanted)
    return all(holds(value, name, operand) for name, operand in wanted.items())


def holds(value: Any, name: str, operand: Any) -> bool:
    if name in ("$eq", "$ne"):
        return is_equal(value, operand) == (name == "$eq")
    if name in ("$in", "$nin"):
        return any(is_equal(value, one) for one in operand) == (name == "$in")
    if name == "$exists":
        return (value is not ABSENT) == bool(operand)
    if name == "$not":
        return not holds_for(value, operand)
    if name == "$regex":
        return isinstance(value, str) and re.search(operand, value) is not None
    are_alike = isinstance(value, str) == isinstance(operand, str)
    is_ordered = isinstance(value, str | int | float) and isinstance(operand, str | int | float)
    return are_alike and is_ordered and bool(ORDERS[name](value, operand))


def is_equal(value: Any, wanted: Any) -> bool:
    if isinstance(value, list) and not isinstance(wanted, list):
        return any(one == wanted for one in value)
    return value is not ABSENT and bool(value == wanted)


# Random runs and filters --------------------------------------------------------------------------

TEXTS = st.sampled_from(
    ["", "a", "B", "ab", "b, a", '", "', "0", "1.0", "true", "ä", "Ä", "[", "null", "%_", "\\u00e4"]
)
SCALARS = (
    TEXTS
    | st.sampled_from([0, 1, -1, 2, 0.0, 1.0, 0.5, -0.5, 1e300, 2**53 + 1, 2**60, math.inf, -math.inf])
    | st.booleans()
    | st.none()
)
LISTS = st.lists(SCALARS, max_size=3)
LISTS_OF_LISTS = st.lists(SCALARS | LISTS, max_size=3)
# Integers beyond 2**53 are ordered as floating point numbers: left out where it matters.
VALUES = SCALARS | LISTS | st.just(math.nan)
KEYS = st.sampled_from(["a", "value"])
NESTED = VALUES | LISTS_OF_LISTS | st.dictionaries(KEYS, VALUES, max_size=2)
DOCUMENTS = st.fixed_dictionaries({"a": NESTED}, optional={"b": VALUES, "value": VALUES})
RUNS = st.fixed_dictionaries(
    {
        "config": DOCUMENTS,
        "summary": DOCUMENTS,
        "name": st.sampled_from(["quick", "Quick", "slow-1", "ä b"]),
        "tags": st.lists(TEXTS, max_size=3, unique=True),
        "group": st.none() | TEXTS,
        "exit_code": st.none() | st.sampled_from([0, 1]),
        "after_secs": st.sampled_from([0.0, 0.5, 3.0]),
    }
)
PATHS = st.sampled_from(["config.a", "summary_metrics.a", "config.a.value", "config.a.a"]) | st.sampled_from(
    [
        *(
            "config.b",
            "config.b.a",
            "config.value",
            "config.c",
            "summary.b",
            "summary.a.value",
            "summary.none",
        ),
        *("name", "display_name", "id", "state", "tags", "group", "jobType", "host", "notes", "exit_code"),
        *("createdAt", "last_step", "username", "project", "runtime_secs", "is_stale"),
    ]
)
STATED = st.sampled_from(["finished", "running", "failed", "quick", "run0", "local", BEGAN, BEGAN + 1, 3.0])
PATTERNS = st.sampled_from(
    ["a", "^a$", "^qu", "[A-Z]", r"\d", "b, |ä", "^$", "(a|b)+,?", r"\.0$", "ow{1,2}.1"]
)
SAFE = SCALARS.filter(
    lambda value: not isinstance(value, int | float) or abs(value) < 2**53 or math.isinf(value)
)


WANTED = VALUES | LISTS | STATED
OPERATOR = st.one_of(
    st.tuples(st.sampled_from(["$eq", "$ne"]), WANTED),
    st.tuples(st.sampled_from(sorted(ORDERS)), SAFE | STATED),
    st.tuples(st.sampled_from(["$in", "$nin"]), st.lists(WANTED, max_size=3)),
    st.tuples(st.just("$exists"), st.booleans()),
    st.tuples(st.just("$regex"), PATTERNS),
)
OPERATORS = st.lists(OPERATOR, min_size=1, max_size=2).map(dict)
ASKED = WANTED | OPERATORS | OPERATORS | st.dictionaries(KEYS, VALUES, max_size=2)
CONDITIONS = st.dictionaries(PATHS, ASKED | OPERATORS.map(lambda one: {"$not": one}), min_size=1, max_size=2)


def _joined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["$and", "$or", "$nor"])
    return st.tuples(names, st.lists(inner, max_size=3)).map(lambda pair: {pair[0]: pair[1]}) | inner.map(
        lambda one: {"$not": one}
    )


FILTERS = CONDITIONS | st.recursive(CONDITIONS, _joined, max_leaves=4)


def times_are_numbers(part: Any) -> bool:
    """A text beside a time is read as one, so it is not asked for here."""
    if isinstance(part, dict):
        texts = [value for path, value in part.items() if path == "createdAt"]
        return not any(_has_text(value) for value in texts) and all(map(times_are_numbers, part.values()))
    return not isinstance(part, list) or all(map(times_are_numbers, part))


def _has_text(value: Any) -> bool:
    if isinstance(value, dict):
        return any(name == "$regex" or _has_text(item) for name, item in value.items())
    return isinstance(value, str) or (isinstance(value, list) and any(map(_has_text, value)))


def make(service: Service, project: str, runs: list[dict[str, Any]]) -> None:
    for index, about in enumerate(runs):
        run = ("local", project, f"run{index}")
        began = BEGAN + index
        entries: list[Entry] = [
            start(run, name=about["name"], tags=about["tags"], group=about["group"], time=began),
            Config(about["config"]),
            Summary(about["summary"]),
        ]
        if about["exit_code"] is not None:
            ended = began + about["after_secs"]
            state = "failed" if about["exit_code"] else "finished"
            entries.append(Finish(ended, about["exit_code"], state))
        service.ingest(batch(entries, run=run))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    runs=st.lists(RUNS, min_size=4, max_size=6),
    asked=st.lists(FILTERS.filter(times_are_numbers), min_size=15, max_size=30),
    way=st.sampled_from(WAYS),
)
def test_filters_find_what_python_finds(
    service: Service, runs: list[dict[str, Any]], asked: list[dict[str, Any]], way: int
) -> None:
    project = f"p{next(numbers)}"
    make(service, project, runs)
    views = service.runs("local", project, sort="created_at").runs
    documents = {run.uid: service.documents(run.uid) for run in views}
    for one in asked:
        expected = [run.id for run in views if passes(run, *documents[run.uid], one)]
        with patch.object(listed_runs, "_LOOK_UP_COST", way):
            found = service.runs("local", project, where=filters.plain(one), sort="created_at")
        assert [run.id for run in found.runs] == expected, one
        assert found.matched == len(expected)


# Regular expressions ------------------------------------------------------------------------------

REGEX_TEXTS = [
    "",
    "a",
    "ab",
    "aab",
    "b_1",
    "ResNet-50",
    "resnet",
    "ä",
    "x.y",
    "a\nb",
    "0",
    "-",
    "a{2}",
    "]",
    " ",
    "日本",
]


def _regexes(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda part: f"({part})"),
    )


ATOMS = st.sampled_from(
    [
        *"abN0_-",
        ".",
        "^",
        r"\d",
        r"\D",
        r"\w",
        r"\W",
        r"\s",
        r"\S",
        "[a-c]",
        "[^a-c]",
        r"[\d_]",
        r"[^\W]",
        r"\.",
        "日",
        "ä",
    ]
    + ["[]a]", "[^]]", "[a-]", r"[\]\-]", r"a{2", "[A-Z]", "[Ä-ä]"]
)
REGEXES = st.tuples(
    st.sampled_from(["", "(?i)"]), st.recursive(ATOMS, _regexes, max_leaves=6), st.sampled_from(["", r"$"])
).map("".join)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(regexes=st.lists(REGEXES, min_size=1, max_size=10))
def test_regular_expressions_are_those_of_python(service: Service, regexes: list[str]) -> None:
    if not service.projects().projects:
        for index, text in enumerate(REGEX_TEXTS):
            run = ("local", "texts", f"run{index:02d}")
            service.ingest(batch([start(run), Config({"text": text})], run=run))
    for one in regexes:
        found = service.runs("local", "texts", where={"config.text": {"$regex": one}}, sort="id").runs
        expected = [text for text in REGEX_TEXTS if re.search(one, text)]
        assert [REGEX_TEXTS[int(run.id[3:])] for run in found] == expected, one


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(",
            ")",
            "a)",
            "*",
            "a**",
            "a{2}{3}",
            "[",
            "[a",
            "[b-a]",
            "\\",
            r"\1",
            r"(a)\1",
            r"\b",
            "(?=a)",
            "(?!a)",
        ),
        *(
            "(?P<n>a)",
            "a{300}",
            "a{3,2}",
            "((((a{9}){9}){9}){9}){9}",
            "(" * 40 + ")" * 40,
            "a" * 1001,
            r"[^\d\D]",
        ),
    ],
)
def test_regular_expressions_that_can_keep_a_server_busy_are_refused(service: Service, text: str) -> None:
    make(service, "digits", [])
    with pytest.raises(BadRequest, match="regular expression"):
        filters.compiled({"name": {"$regex": text}})


@pytest.mark.parametrize("module", [regex, letters])
def test_examples_in_docstrings(module: Any) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


# What is asked in particular -----------------------------------------------------------------------


@pytest.fixture
def three(service: Service) -> Service:
    """Three runs of a project, from 14 November 2023, 22:13:20 UTC on, a second apart."""
    about = {"tags": [], "group": None, "exit_code": None, "after_secs": 0.0, "summary": {}}
    configs = [
        {"net": {"name": "vit", "sizes": [32, 64]}, "seed": 2**60, "m@0.5": 1},
        {"net": {"name": "vit"}, "seed": 2**60 + 1, "a": {"b": 1}, "a.b": 2},
        {"net": "vit", "long": "x" * 5000, "many": list(range(2000)), "odd": ["\x00", "tab\t", "�"]},
    ]
    make(
        service, "digits", [about | {"name": f"n{index}", "config": one} for index, one in enumerate(configs)]
    )
    return service


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"config.net": {"name": "vit"}}, "1"),
        ({"config.net": {"name": "vit", "sizes": [32, 64.0]}}, "0"),
        ({"config.net": {"$in": ["vit", {"name": "vit"}]}}, "12"),
        ({"config.net": {"$exists": True}}, "012"),
        ({"config.net.sizes": 64}, "0"),
        ({"config.net.sizes": {"$in": [1, 32.0]}}, "0"),
        ({"config.net.sizes": 6}, ""),
        ({"config.seed": 2**60}, "0"),
        ({"config.seed": {"_number": str(2**60 + 1)}}, "1"),
        ({"config.seed": {"$in": [np.int64(2**60), np.float32(0.5)]}}, "0"),
        ({"config.m@0.5": 1}, "0"),
        ({r"config.m@0\.5": 1}, "0"),
        ({"config.a.b": 1}, "1"),
        ({r"config.a\.b": 2}, "1"),
        ({"config.long": "x" * 5000}, "2"),
        ({"config.odd": "tab\t"}, "2"),
        ({"created_at": {"$gt": "2023-11-14T22:13:20", "$lt": "2023-11-14T22:13:22Z"}}, "1"),
        ({"created_at": {"$gte": "2023-11-14"}}, "012"),
        ({"created_at": {"$lt": "2023-11-14T23:13:21+01:00"}}, "0"),
        ({"name": {"$in": [f"n{number}" for number in range(1, 5000)]}}, "12"),
        ({"config.net.name.value": {"$in": list(range(5000))}}, ""),
        ({"$or": [{"config.net.name": "vit", "id": f"run{number}"} for number in range(100)]}, "01"),
        ({"is_stale": False}, "012"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_particular_filters(three: Service, asked: dict[str, Any], expected: str) -> None:
    for way in WAYS:
        with patch.object(listed_runs, "_LOOK_UP_COST", way):
            found = three.runs("local", "digits", where=filters.plain(asked), sort="created_at")
        assert "".join(run.id.removeprefix("run") for run in found.runs) == expected


@pytest.mark.parametrize(
    ("query", "sort", "expected"),
    [
        ("seed>0", "seed", "01"),
        ("loss<0.5", "loss", "1"),
        ("loss!=0.25", "created_at", "02"),
        ("lr>0", "created_at", "02"),
        ("nowhere=1", "nowhere", ""),
        ("-nowhere=1", "nowhere", "012"),
        ("-nowhere=1", "-lr", "201"),
        ("-nowhere=1", "loss", "102"),
    ],
)
def test_a_bare_name_is_what_config_or_summary_has(
    service: Service, query: str, sort: str, expected: str
) -> None:
    about = {"tags": [], "group": None, "exit_code": None, "after_secs": 0.0}
    configs = [{"seed": 1, "lr": 0.1}, {"seed": 2}, {"lr": 0.3}]
    summaries = [{"loss": 0.75}, {"loss": 0.25}, {}]
    runs = [
        about | {"name": f"n{index}", "config": config, "summary": summary}
        for index, (config, summary) in enumerate(zip(configs, summaries, strict=True))
    ]
    make(service, "bare", runs)
    assert service.runs("local", "bare", query=query, sort=sort).matched == len(expected)
    found = service.runs("local", "bare", query=query, sort=sort).runs
    assert "".join(run.id.removeprefix("run") for run in found) == expected


def test_what_lies_below_a_path_begins_with_it_and_a_point(service: Service) -> None:
    about = {"tags": [], "group": None, "exit_code": None, "after_secs": 0.0, "summary": {}}
    names = ["net", "net-1", "net/1", "netz", "Net", "net0"]
    others: list[dict[str, Any]] = [{"net": 1}, {"net": {}}, {"net.x": 1}, {"net": {"": 1}}]
    configs = [{name: {"deep": 1}} for name in names] + others
    make(service, "b", [about | {"name": f"n{i}", "config": one} for i, one in enumerate(configs)])
    found = service.runs("local", "b", where={"config.net": {"$exists": True}}, sort="created_at").runs
    assert sorted(run.id for run in found) == ["run0", "run6", "run7", "run8", "run9"]


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"nonsense": 1}, "nonsense.*config.x.*display_name"),
        ({"config": 1}, "'config'"),
        ({"config.lr": {"$where": "1"}}, r"\$where.*\$exists.*\$regex"),
        ({"config.lr": {"$gt": 1, "lt": 2}}, "'lt'"),
        ({"$xor": []}, r"\$xor.*\$and.*\$not"),
        ({"$and": {}}, "list of filters"),
        ({"$or": [1]}, "1 is not a filter"),
        ({"$not": 1}, "not a filter"),
        ({"state": {"$in": "finished"}}, "list of values"),
        ({"created_at": {"$gt": "yesterday"}}, "yesterday"),
        ({"config.n": {"_number": "many"}}, "many"),
        ({"config.n": 10**600}, "digits"),
        ({"config.n": {"$regex": 1}}, "takes a text"),
        ({"config.n": object()}, "object"),
        ({1: 2}, "1 is not the name"),
        ({"$or": [{"id": "x"}] * 201}, "200 comparisons"),
        ({"id": {"$in": ["x"] * 5001}}, "5000 values"),
    ],
    ids=lambda value: None if isinstance(value, dict) else ascii(value)[:40],
)
def test_filters_that_can_not_be_are_refused(three: Service, asked: dict[Any, Any], what: str) -> None:
    with pytest.raises(BadRequest, match=what):
        three.runs("local", "digits", where=filters.plain(asked))


@pytest.mark.parametrize("name", ["$and", "$or", "$nor", "$not", "config.x"])
def test_filters_may_not_be_nested_without_end(name: str) -> None:
    asked: Any = {"$eq": 1} if name == "config.x" else {"id": "x"}
    for _ in range(50):
        asked = {"$not": asked} if name in ("$not", "config.x") else {name: [asked]}
    with pytest.raises(BadRequest, match="nested"):
        filters.compiled({name: asked} if name == "config.x" else asked)


def test_a_hostile_regular_expression_takes_no_time(service: Service) -> None:
    make(service, "digits", [])
    run = ("local", "digits", "long")
    service.ingest(batch([start(run), Config({"text": "a" * 4000 + "!"})], run=run))
    before = time.perf_counter()
    for text in ("(a+)+$", "(a|a)*b", "a*a*a*a*a*a*a*b", "(.*)(.*)(.*)(.*)x", "(a{1,30}){1,30}c"):
        assert not service.runs("local", "digits", where={"config.text": {"$regex": text}}).runs
    assert time.perf_counter() - before < 20
