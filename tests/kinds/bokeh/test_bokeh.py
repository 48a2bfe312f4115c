"""Bokeh documents: what they accept, what is kept, what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.embed import json_item
from bokeh.layouts import row
from bokeh.plotting import figure
from hypothesis import given, settings
from hypothesis import strategies as st

from diorama.media import Bokeh, adopt


def drawn(title: str = "A line") -> Any:
    plot = figure(title=title)
    plot.line(np.arange(5), np.arange(5) / 2)
    return plot


def test_a_model_becomes_a_document_that_bokeh_reads_again(trip) -> None:
    plot = drawn()
    media = Bokeh(plot, caption="c", sample_id="s")
    plot.title.text = "changed"
    travelled = trip(media)
    record = travelled.record
    assert (record.title, record.caption, record.sample_id) == ("A line", "c", "s")
    assert str(record.version).startswith("3.")
    again = Document.from_json(travelled.loaded)
    [root] = again.roots
    assert root.title.text == "A line"
    assert np.array_equal(root.renderers[0].data_source.data["y"], np.arange(5) / 2)


def test_a_model_can_be_logged_twice_and_used_afterwards() -> None:
    plot = drawn()
    assert Bokeh(plot).title == Bokeh(plot).title == "A line"
    document = Document()
    document.add_root(plot)
    assert plot.document is document


def test_documents_layouts_and_models_in_documents(trip) -> None:
    document = Document(title="Two plots")
    one, other = drawn("one"), drawn("other")
    document.add_root(one)
    document.add_root(row(other, drawn()))
    assert len(trip(Bokeh(document)).loaded["roots"]) == 2
    assert Bokeh(document).title == "Two plots"
    [root] = trip(Bokeh(one)).loaded["roots"]
    assert root["id"] == one.id
    with pytest.raises(ValueError, match="part of another"):
        Bokeh(other)


def test_bare_ones_are_adopted() -> None:
    assert isinstance(adopt(drawn()), Bokeh)
    assert isinstance(adopt(Document()), Bokeh)


@pytest.mark.parametrize("form", ["dict", "item", "text", "file"])
def test_json_in_every_form(form: str, tmp_path: Path, trip) -> None:
    item = json_item(drawn())
    content = json.loads(json.dumps(item["doc"]))
    file = tmp_path / "plot.json"
    file.write_text(json.dumps(content))
    forms: dict[str, Any] = {"dict": content, "item": item, "text": json.dumps(content), "file": file}
    travelled = trip(Bokeh(forms[form]))
    assert travelled.loaded == content
    assert travelled.record.title == "A line"
    if form == "file":
        assert travelled.blobs.get(travelled.record.blob) == file.read_bytes()


@pytest.mark.parametrize("wrong", [5, None, [1], object(), np.zeros(3)])
def test_anything_else_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="accepts Bokeh document/model"):
        Bokeh(wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [("{", "not valid JSON"), ("[]", "JSON object"), ("{}", "roots"), ('{"roots": 5}', "roots")],
)
def test_broken_json_is_refused(wrong: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Bokeh(wrong)


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Bokeh(tmp_path / "missing.json")
    with pytest.raises(ValueError, match="folder"):
        Bokeh(str(tmp_path))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="no regular file"):
        Bokeh(tmp_path / "pipe")


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    title=st.text() | st.integers() | st.none(),
    version=st.text() | st.none(),
    roots=st.lists(st.integers() | st.dictionaries(st.text(), st.text())),
)
def test_any_document_of_the_right_form_is_taken(title: Any, version: Any, roots: list[Any]) -> None:
    media = Bokeh({"title": title, "version": version, "roots": roots})
    assert json.loads(bytes(media.snapshot().buffers[0].read()))["roots"] == roots
