"""Filters by what is in lists and dicts: nothing deeper, and nothing else, counts."""

from __future__ import annotations

import math
from typing import Any

import pytest
import sqlalchemy as sa
from batches import batch, start
from owner import Service

from diorama.journal.entry import Config
from diorama.service import filter as filters
from diorama.store.live_runs import live_runs


def make(service: Service, configs: list[dict[str, Any]]) -> None:
    """A run for each config."""
    for index, config in enumerate(configs):
        run = ("local", "digits", f"run{index}")
        service.ingest(batch([start(run), Config(config)], run=run))


def found_by(service: Service, where: dict[str, Any]) -> list[int]:
    """Which of these runs a filter finds."""
    found = service.runs("local", "digits", where=where).runs
    return sorted(int(run.id.removeprefix("run")) for run in found)


LISTS_IN_LISTS = [
    [64],
    [1, 64.0, 2],
    [[64]],
    [[1, 64, 2], 3],
    [3, [1, 64, 2], 4],
    ["64"],
    ["1, 64, 2"],
    ["[64]"],
    [{"a": 64}, 1],
    [640, 164, 6.4],
    [[1], 64],
    ["a", 64],
    [{}, 64],
    [],
    [True],
    [None, 1e300],
]


def test_an_element_of_a_list_is_none_of_what_is_in_it(service: Service) -> None:
    """Also where the text of the list has it between commas."""
    make(service, [{"list": one} for one in LISTS_IN_LISTS])
    for wanted in (64, 64.0, "64", 1, True, None, 1e300, {}, "1, 64, 2", "%", "_", ", "):
        expected = [index for index, one in enumerate(LISTS_IN_LISTS) if wanted in one]
        assert found_by(service, {"config.list": wanted}) == expected, wanted


def test_a_dict_is_equal_if_nothing_else_is_in_it(service: Service) -> None:
    configs: list[dict[str, Any]] = [
        {"net": {"a": 1, "b": "x"}},
        {"net": {"a": 1}},
        {"net": {"a": 1, "b": "x", "c": 2}},
        {"net": {"a": 1, "b": "x"}, "net-1": {"c": 1}, "netz": 2},
        {"net": {"a": 1, "b": {"x": 1}}},
        {"net": {"a": 1, "b": "x", "": 0}},
        {"net": {"a\\b": 1}},
        {"net": {"": 1}},
    ]
    make(service, configs)
    for config in configs:
        expected = [index for index, one in enumerate(configs) if one["net"] == config["net"]]
        assert found_by(service, {"config.net": config["net"]}) == expected, config


def plan_of(service: Service, where: dict[str, Any], *, sweeps: bool = False) -> str:
    """How the database finds the runs of a filter."""
    is_found = filters.condition(filters.compiled(where), sweeps=sweeps)
    select = sa.select(live_runs.c.id).where(is_found)
    with service._database.read() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if not is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # there are few rows
        asked = select.compile(connection, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
        return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {asked}"))


def test_what_lies_below_a_path_is_a_range_of_an_index(service: Service) -> None:
    """Else each such question reads all values of all runs."""
    make(service, [{"net": {"a": 1}}])
    plan = plan_of(service, {"config.net": {"$exists": True}})
    assert "(run=? AND path>? AND path<?)" in plan or "Index Cond: ((path ~>=~ " in plan


SWEEP = "COVERING INDEX run_values_mirror (path=?)"


@pytest.mark.parametrize("store_environ", ["sqlite+files"], indirect=True)
def test_the_values_of_a_path_are_read_side_by_side(service: Service) -> None:
    """Of most runs; of a few, each is looked up. The exact form of a path is in no index by itself."""
    make(service, [{"lr": 1}])
    assert SWEEP in plan_of(service, {"config.lr": 1}, sweeps=True)
    assert "run_values_mirror (path=? AND run=?)" in plan_of(service, {"config.lr": 1})
    for sweeps in (True, False):
        plan = plan_of(service, {r"config.l\.r": 1}, sweeps=sweeps)
        assert "SCAN run_values" not in plan
        assert SWEEP not in plan


ELEMENTS: list[Any] = [64, 64.0, 6, 4, 640, 164, -64, 6.4, 64.5, 0, 0.0, -0.0, 1, True, False, None, math.inf]
ELEMENTS += [1e300, "64", "64.0", "", "true", "[64", " 64,", "*", "?", "{"]
HELD = [*ELEMENTS, [64], [[64]], {"64": 64}]


def test_elements_are_found_wherever_they_stand_and_however_many_are_asked(service: Service) -> None:
    lists = [held for one in HELD for held in ([one], [one, 7], [7, one], [7, one, 8])]
    make(service, [{"sizes": one} for one in [[], *lists]])
    for wanted in ELEMENTS:
        expected = [index for index, one in enumerate(lists, 1) if any(item == wanted for item in one)]
        for asked in (wanted, {"$in": [wanted, "none"]}, {"$in": [wanted, *range(100, 120)]}):
            assert found_by(service, {"config.sizes": asked}) == expected, wanted


def test_names_with_a_dot_are_found_and_ordered_by_their_exact_paths(service: Service) -> None:
    """Also where another value has the plain path, and where a dict lies below."""
    configs: list[dict[str, Any]] = [
        {"a": {"b": 1}},
        {"a.b": 5},
        {"a.b": 6, "a": {"b": 5}},
        {"a.b": {"c": 1, "d.e": 2}},
        {"a.b": 4},
        {"a.bc": {"c": 1}},
        {"a": {"b.c": 1}},
        {"a.b": 7, r"a\.b": 1},
        {"C:\\x": {"a": 1, "b.c": 2}},
        {"m": {"x.y": 1, "x": {"y": 2}}},
        {"C:\\x": {"x.y": 1, "x": {"y": 2}}},
        {"m": {"x": {"y": 1}, "w": 0}},
        {"n.o": {"x": {"y": 1}}},
        {"n.o": {"x.y": 1}},
    ]
    make(service, configs)
    found: list[tuple[dict[str, Any], list[int]]] = [
        ({r"config.a\.b": {"$exists": True}}, [1, 2, 3, 4, 7]),
        ({r"config.a\.b": {"$exists": False}}, [0, 5, 6, *range(8, 14)]),
        ({r"config.a\.b": {"c": 1, "d.e": 2}}, [3]),
        ({r"config.a\.b": {"c": 1}}, []),
        ({r"config.a\.b.c": 1}, [3]),
        ({r"config.a\.b": {"$gte": 5}}, [1, 2, 7]),
        ({"config.C:\\x": {"a": 1, "b.c": 2}}, [8]),
        ({"config.C:\\x": {"a": 1}}, []),
        ({"config.m": {"x.y": 1, "x": {"y": 2}}}, [9]),
        ({"config.m": {"x.y": 2, "x": {"y": 1}}}, []),
        ({"config.m": {"x.y": 2, "x": {"y": 2}}}, []),
        ({"config.m": {"x.y": 1, "x": {"y": 1}}}, []),
        ({"config.C:\\x": {"x.y": 1, "x": {"y": 2}}}, [10]),
        ({"config.C:\\x": {"x.y": 1, "x": {"y": 1}}}, []),
        ({r"config.n\.o": {"x.y": 1}}, [13]),
        ({r"config.n\.o": {"x": {"y": 1}}}, [12]),
    ]
    for where, expected in found:
        assert found_by(service, where) == expected, where
    for sort in (r"-config.a\.b", r"-a\.b"):
        whole = service.runs("local", "digits", sort=sort)
        assert [run.id for run in whole.runs[:4]] == ["run7", "run2", "run1", "run4"]
        assert len(whole.runs) == len(configs)
        assert {run.id for run in whole.runs} == {f"run{index}" for index in range(len(configs))}
        pages = [
            service.runs("local", "digits", sort=sort, limit=3, offset=at).runs for at in range(0, 15, 3)
        ]
        assert [run.id for page in pages for run in page] == [run.id for run in whole.runs]
    filtered = service.runs("local", "digits", sort=r"config.a\.b", where={r"config.a\.b": {"$gt": 4}}).runs
    assert [run.id for run in filtered] == ["run1", "run2", "run7"]
