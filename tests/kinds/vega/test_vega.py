"""Vega and Vega-Lite: what they accept, what is kept, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import altair
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diorama.media import Vega, adopt, record_warnings

BARS = {"mark": "bar", "data": {"values": [{"a": 1}]}, "encoding": {"x": {"field": "a"}}, "title": "Bars"}
FULL = {
    "$schema": "https://vega.github.io/schema/vega/v6.json",
    "marks": [],
    "title": {"text": ["Two", "lines"]},
}


def rows(count: int) -> altair.Data:
    return altair.Data(values=[{"x": number} for number in range(count)])


@pytest.mark.slow
def test_altair_charts_of_any_size(trip) -> None:
    chart = altair.Chart(rows(9_000), title="Many").mark_bar().encode(x="x:Q")
    travelled = trip(Vega(chart, caption="c", sample_id="s"))
    record = travelled.record
    assert (record.mode, record.title, record.caption, record.sample_id) == ("vega-lite", "Many", "c", "s")
    assert len(travelled.loaded["data"]["values"]) == 9_000
    assert record_warnings(record) == []


@pytest.mark.parametrize("chart", [lambda c: c, lambda c: c + c, lambda c: c | c, lambda c: c & c])
def test_bare_altair_charts_are_adopted(chart: Any) -> None:
    adopted = adopt(chart(altair.Chart(rows(3)).mark_bar().encode(x="x:Q")))
    assert isinstance(adopted, Vega)
    assert adopted.mode == "vega-lite"


def test_json_in_every_form(tmp_path: Path, trip) -> None:
    file = tmp_path / "chart.json"
    file.write_text(json.dumps(BARS))
    for form in (BARS, json.dumps(BARS), json.dumps(BARS).encode(), file, str(file)):
        travelled = trip(Vega(form))
        assert travelled.loaded == BARS
        assert (travelled.record.mode, travelled.record.title) == ("vega-lite", "Bars")
    assert Vega(FULL).mode == "vega"
    assert Vega(FULL).title == "Two lines"
    assert Vega({"$schema": "https://vega.github.io/schema/vega-lite/v5.json"}).mode == "vega-lite"
    assert Vega({"signals": []}).mode == "vega"
    assert Vega({"a": 1}, mode="vega").mode == "vega"


def test_a_later_change_changes_nothing(trip) -> None:
    spec: dict[str, Any] = {"mark": "bar", "data": {"values": [{"a": 1}]}}
    media = Vega(spec)
    spec["mark"] = "line"
    assert trip(media).loaded["mark"] == "bar"


def test_addresses_are_named_and_warned_of(trip) -> None:
    spec = {
        "layer": [{"mark": "bar", "data": {"url": "https://example.org/a.csv"}}],
        "data": {"url": "data:text/csv,a", "values": [{"url": "in the data"}]},
        "datasets": {"d": [{"url": "in the data"}]},
    }
    record = trip(Vega(spec)).record
    assert record.outside == ["https://example.org/a.csv"]
    [(code, text, count)] = record_warnings(record)
    assert (code, count) == ("vega.outside", 1)
    assert "never loaded" in text


@pytest.mark.parametrize("wrong", [5, None, [1], object()])
def test_anything_else_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="must be a dict, JSON, a path or an Altair chart"):
        Vega(wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({}, "neither"), ({"a": 1}, "neither"), ("{", "not valid JSON"), ("[]", "JSON object")],
)
def test_what_is_no_specification_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Vega(wrong)
    with pytest.raises(ValueError, match="mode must be"):
        Vega(BARS, mode="svg")  # type: ignore[arg-type]  # that is the test


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(extra=st.dictionaries(st.text(max_size=8), plain, max_size=4))
def test_any_specification_comes_back(trip, extra: dict[str, Any]) -> None:
    spec = {**extra, "mark": "bar"}
    assert trip(Vega(spec)).loaded == spec
    assert trip(Vega(json.dumps(spec))).loaded == spec
