"""Tables from a real run to a real reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from owner import Service
from server_sample import KEY, running_server

import diorama
from diorama import Image, Table
from diorama.api import Api
from diorama.errors import NotFound
from diorama.model import StoreDir

pytestmark = pytest.mark.slow


def run_of(store: Path, run_id: str = "r") -> Any:
    return Api(store).run(f"t/{run_id}")


def pixel(number: int) -> Image:
    return Image(np.full((1, 1), number, np.uint8))


def test_a_growing_table(own_store) -> None:
    for session in range(2):
        with diorama.init(project="t", id="r", resume="allow") as run:
            table = Table(columns=["session", "n", "picture"], log_mode="INCREMENTAL")
            for step in range(3):
                for number in range(step + 1):
                    table.add_data(session, number, pixel(step))
                run.log({"grows": table, "nested": {"too": table}})
    read = run_of(own_store)
    grown = [row["grows"] for row in read.scan_history(keys=["grows"])]
    assert [len(one.rows()) for one in grown] == [1, 3, 6, 7, 9, 12]
    assert [one.record.row_count for one in grown] == [1, 2, 3, 1, 2, 3]
    assert [one.record.increment for one in grown] == [0, 1, 2, 0, 1, 2]
    assert [row["nested.too"].record.row_count for row in read.scan_history(keys=["nested.too"])] == [
        1, 2, 3, 1, 2, 3,
    ]  # fmt: skip
    assert read.table("grows").get_column("session") == [0] * 6 + [1] * 6
    assert len(read.table("grows", step=1)) == 3
    assert len(read.summary["grows"].rows()) == 12
    assert read.table("grows").rows()[5][2].array.tolist() == [[2]]
    with pytest.raises(NotFound, match="no table 'nope'"):
        read.table("nope")
    with pytest.raises(NotFound, match="at step -1"):
        read.table("grows", step=-1)


def test_a_log_that_raised_loses_no_rows(own_store) -> None:
    class Awkward:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    with diorama.init(project="t", id="r") as run:
        table = Table(columns=["n"], data=[[1]], log_mode="INCREMENTAL")
        with pytest.raises(TypeError, match="no text"):
            run.log({"t": table, "bad": Awkward()})
        table.add_data(2)
        run.log({"t": table})
        run.log({"t": table})
    assert run_of(own_store).table("t").rows() == [[1], [2]]


def test_one_growing_table_in_two_runs(own_store) -> None:
    table = Table(columns=["n"], data=[[1]], log_mode="INCREMENTAL")
    for run_id in ("a", "b"):
        with diorama.init(project="t", id=run_id) as run:
            run.log({"t": table})
            table.add_data(2)
            run.log({"t": table})
            run.summary["whole"] = table
    assert run_of(own_store, "a").table("t").rows() == [[1], [2]]
    assert run_of(own_store, "b").table("t").rows() == [[1], [2], [2]]
    assert len(run_of(own_store, "b").summary["whole"].rows()) == 3


@pytest.mark.parametrize("mode", ["IMMUTABLE", "MUTABLE"])
def test_a_table_logged_again_is_what_it_is_then(own_store, mode) -> None:
    with diorama.init(project="t", id="r") as run:
        table = Table(columns=["n"], data=[[0]], log_mode=mode)
        for number in range(1, 4):
            run.log({"t": table})
            table.add_data(number)
    tables = [row["t"].rows() for row in run_of(own_store).scan_history(keys=["t"])]
    assert tables == [[[0]], [[0], [1]], [[0], [1], [2]]]
    assert run_of(own_store).table("t").rows() == [[0], [1], [2]]


def test_rows_that_lie_in_the_spool(own_store) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (200, 100, 100, 3), dtype=np.uint8)
    with diorama.init(project="t", id="r") as run:
        table = Table(columns=["n", "x", "picture"])
        for number, one in enumerate(pixels):
            table.add_data(number, number / 3, Image(one))
        shared = Image(pixels[7], caption="also alone")
        table.add_data(-1, -1.0, shared)
        run.log({"t": table, "alone": shared})
        assert run.flush(wait=True)
        run.log({"t": table})
        assert table.data[3][2] == Image(pixels[3])
        again = Table(columns=["picture"], data=[[row[2]] for row in table.data[5:8]])
    # The spool of the finished run is gone, but what is alive stays readable.
    with diorama.init(project="t", id="later") as run:
        run.log({"again": again, "t": table})
    for run_id in ("r", "later"):
        loaded = run_of(own_store, run_id).table("t")
        assert len(loaded) == 201
        rows = loaded.rows()
        np.testing.assert_array_equal(rows[150][2].array, pixels[150])
        np.testing.assert_array_equal(rows[200][2].array, pixels[7])
        assert rows[200][2].caption == "also alone"
    assert run_of(own_store, "r").summary["alone"].record == rows[200][2].record
    np.testing.assert_array_equal(run_of(own_store, "later").table("again").rows()[2][0].array, pixels[7])


def test_frames_become_tables(own_store) -> None:
    import pandas as pd
    import polars as pl

    with diorama.init(project="t", id="r") as run:
        run.log({"pandas": pd.DataFrame({"a": [1, 2]}), "polars": pl.DataFrame({"a": ["x", "y"]})})
    read = run_of(own_store)
    assert read.table("pandas").get_column("a") == [1, 2]
    assert read.table("polars").rows() == [["x"], ["y"]]


def test_lists_of_tables(own_store) -> None:
    with diorama.init(project="t", id="r") as run:
        run.log({"t": [Table(columns=["n"], data=[[number]]) for number in range(3)]})
    read = run_of(own_store)
    assert [table.rows() for table in read.summary["t"]] == [[[0]], [[1]], [[2]]]
    assert read.table("t", index=2).rows() == [[2]]


def test_over_a_server(own_store, tmp_path, monkeypatch) -> None:
    store_dir = StoreDir(tmp_path / "server")
    with Service.open(store_dir) as service, running_server(service, store_dir) as handle:
        monkeypatch.setenv("DIORAMA_URL", handle.url)
        monkeypatch.setenv("DIORAMA_API_KEY", KEY)
        with diorama.init(project="t", id="r") as run:
            table = Table(columns=["n", "picture"], log_mode="INCREMENTAL")
            for step in range(3):
                for number in range(10):
                    table.add_data(number, pixel(10 * step + number + 2))
                run.log({"t": table})
        with Api(url=handle.url, key=KEY) as api:
            loaded = api.run("t/r").table("t")
            assert len(loaded) == 30
            assert [row[1].array[0, 0] for row in loaded.rows()] == list(range(2, 32))
            assert api.run("t/r").warnings == []
        assert service.check() == []
