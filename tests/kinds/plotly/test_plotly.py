"""Plotly figures: what they accept, what is kept, what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import matplotlib.figure
import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diorama.errors import UsageError
from diorama.media import Plotly, adopt

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ROUND = {"data": [{"type": "bar", "y": [3, 1, 2]}], "layout": {"title": {"text": "Counts"}}, "frames": []}


def test_a_figure_becomes_json_that_plotly_reads_again(trip) -> None:
    figure = go.Figure(
        [go.Scatter(y=np.sin(np.linspace(0, 6, 100))), go.Bar(y=[1, 2])],
        layout={"title": "Sines <b>and</b> bars"},
        frames=[go.Frame(name="0", data=[])],
    )
    media = Plotly(figure, caption="c", sample_id="s")
    before = bytes(media.snapshot().buffers[0].read())
    figure.data[0].y = [0]
    travelled = trip(media)
    record = travelled.record
    assert (record.title, record.traces) == ("Sines  and  bars", ["scatter", "bar"])
    assert (record.caption, record.sample_id, record.blob.mime) == ("c", "s", "application/json")
    assert travelled.blobs.get(record.blob) == before
    again = go.Figure(travelled.loaded)
    assert np.array_equal(again.data[0].y, np.sin(np.linspace(0, 6, 100)))
    assert again.frames[0].name == "0"


def test_bare_figures_are_adopted() -> None:
    assert isinstance(adopt(go.Figure()), Plotly)


@pytest.mark.parametrize("form", ["dict", "text", "bytes", "file", "path text"])
def test_json_in_every_form(form: str, tmp_path: Path, trip) -> None:
    text = json.dumps(ROUND)
    file = tmp_path / "figure.json"
    file.write_text(text)
    forms: dict[str, Any] = {
        "dict": ROUND,
        "text": text,
        "bytes": text.encode(),
        "file": file,
        "path text": str(file),
    }
    travelled = trip(Plotly(forms[form]))
    assert travelled.loaded == ROUND
    assert (travelled.record.title, travelled.record.traces) == ("Counts", ["bar"])
    if form in ("text", "bytes", "file", "path text"):
        assert travelled.blobs.get(travelled.record.blob) == text.encode()


def test_arrays_in_dicts_are_packed_as_plotly_packs_them(trip) -> None:
    wide, grid = np.arange(100), np.arange(40, dtype=np.float32).reshape(5, 8)
    trace = {"type": "heatmap", "x": wide, "y": wide / 2, "z": grid, "ids": np.arange(3), "zmax": np.int64(7)}
    travelled = trip(Plotly({"data": [trace]}))
    written = json.loads(travelled.blobs.get(travelled.record.blob))["data"][0]
    assert written["x"]["dtype"] == "i4"
    assert written["z"]["shape"] == "5, 8"
    assert (written["ids"], written["zmax"]) == ([0, 1, 2], 7)
    figure = go.Figure(travelled.loaded)
    assert np.array_equal(figure.data[0].z, grid)
    assert np.array_equal(figure.data[0].x, wide)


def test_broken_base64_comes_back_as_it_is(trip) -> None:
    odd = {
        "data": [{"x": {"dtype": "f8", "bdata": "AAA"}, "y": {"dtype": "f8", "bdata": "AAAA", "shape": "x"}}]
    }
    assert trip(Plotly(odd)).loaded == odd


def test_nan_becomes_null(trip) -> None:
    assert trip(Plotly({"data": [{"y": [1.0, float("nan")]}]})).loaded["data"][0]["y"] == [1.0, None]
    assert trip(Plotly('{"data": [{"y": [1, NaN, Infinity]}]}')).loaded["data"][0]["y"] == [1, None, None]


def test_a_matplotlib_figure_is_converted() -> None:
    figure = matplotlib.figure.Figure()
    figure.add_subplot().plot([1, 2, 3])
    assert Plotly(figure).traces == ["scatter"]
    figure.axes[0].imshow(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="images"):
        Plotly(figure)


def test_a_matplotlib_figure_without_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "plotly", None)
    with pytest.raises(UsageError, match=r"pip install \"diorama\[media\]\""):
        Plotly(matplotlib.figure.Figure())


@pytest.mark.parametrize("wrong", [5, None, [1], object(), np.zeros(3), ROUND["data"]])
def test_anything_else_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="must be plotly figures"):
        Plotly(wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("{", "not valid JSON"),
        ("[1, 2]", "must be a JSON object"),
        (b"\xff\xfe{", "not valid JSON"),
        ('{"data": 5}', "list of traces"),
        ('{"data": [5]}', "list of traces"),
        ('{"data": {}}', "list of traces"),
        ('{"data": [{"type": 5}]}', "list of traces"),
        ('{"layout": [1]}', "layout"),
        ('{"a":' * 100_000, "nested too deeply|not valid JSON"),
        ({"data": [{"x": object()}]}, "can't be written as JSON"),
    ],
)
def test_broken_json_is_refused_where_it_is_given(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plotly(wrong)


def test_a_dict_that_holds_itself() -> None:
    endless: dict[str, Any] = {"data": []}
    endless["layout"] = {"meta": endless}
    with pytest.raises(ValueError, match="holds itself"):
        Plotly(endless)


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Plotly(tmp_path / "missing.json")
    with pytest.raises(ValueError, match="folder"):
        Plotly(tmp_path)
    (tmp_path / "empty.json").touch()
    with pytest.raises(ValueError, match="empty"):
        Plotly(tmp_path / "empty.json")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="no regular file"):
        Plotly(tmp_path / "pipe")
    (tmp_path / "torn.json").write_text(json.dumps(ROUND)[:-5])
    with pytest.raises(ValueError, match="not valid JSON"):
        Plotly(tmp_path / "torn.json")


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@QUICK
@given(
    traces=st.lists(st.fixed_dictionaries({"type": st.text(max_size=12), "x": plain}), max_size=4), meta=plain
)
def test_any_figure_comes_back_as_it_was(trip, traces: list[dict[str, Any]], meta: Any) -> None:
    content = {"data": traces, "layout": {"meta": meta}}
    from_text = trip(Plotly(json.dumps(content)))
    assert from_text.loaded == content
    assert trip(Plotly(content)).loaded == content
