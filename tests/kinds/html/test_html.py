"""HTML: paths, literals, what is kept, what a page says about itself."""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diorama
from diorama.media import Html
from diorama.media.adopt import adopt
from diorama.media.html.facts import inspect

PAGE = b"""<!doctype html><html><head><title> A
 report </title><link rel=stylesheet href="https://cdn.example.org/a.css">
<link rel=canonical href="https://other.example/"><style>b{background:url(//img.example:8080/x.png)}</style></head>
<body><script src="http://js.example/x.js"></script><script>import x from "https://mod.example/m.js"</script>
<img src="plot.png" srcset="big.png 2x"><a href="https://linked.example">elsewhere</a>
<b>First words</b></body>"""


def test_a_path_is_read_and_kept_as_it_is(trip, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(PAGE)
    for given_path in (str(path), path):
        travelled = trip(Html(given_path, caption="c", sample_id="s"))
        assert travelled.loaded.data == PAGE
        assert travelled.loaded.html == PAGE.decode()
        record = travelled.record
        assert (record.name, record.title, record.is_styled) == ("report.html", "A report", True)
        assert record.outside == ("cdn.example.org", "img.example:8080", "js.example", "mod.example")
        assert record.beside == ("plot.png", "big.png")
        assert record.excerpt == "elsewhere First words"
        assert (record.caption, record.sample_id, record.note) == ("c", "s", None)
        assert record.blob.mime == "text/html"


def test_other_text_is_html(trip, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(PAGE)
    assert trip(Html("<b>bold</b>")).loaded.data == b"<b>bold</b>"
    assert trip(Html(str(path), data_is_not_path=True)).loaded.html == str(path)
    assert trip(Html(str(path), True, True)).loaded.html == str(path)
    assert trip(Html("")).loaded.data == b""


def test_a_mistyped_path_warns_at_the_users_line(trip) -> None:
    with pytest.warns(UserWarning, match="there is no file 'reprot.html'") as caught:
        made = Html("reprot.html")
    assert caught[0].filename == __file__
    assert trip(made).loaded.html == "reprot.html"
    Html("reprot.html", data_is_not_path=True)
    Html("<a href=reprot.html>a sentence ends in reprot.html")


def test_streams(trip, tmp_path: Path) -> None:
    assert trip(Html(io.StringIO("<p>é"))).loaded.data == "<p>é".encode()
    assert trip(Html(io.BytesIO(PAGE))).loaded.data == PAGE
    written = io.StringIO()
    written.write("<p>from the start")
    assert trip(Html(written)).loaded.html == "<p>from the start"
    path = tmp_path / "x.htm"
    path.write_bytes(PAGE)
    with path.open("rb") as file:
        assert trip(Html(file)).record.name == "x.htm"


def test_inject_is_only_noted(trip) -> None:
    travelled = trip(Html("<p>x", inject=False))
    assert travelled.record.is_styled is False
    assert travelled.loaded.data == b"<p>x"
    assert trip(Html("<p>x", False)).record.is_styled is False


@settings(max_examples=40)
@given(text=st.text(max_size=300), inject=st.booleans())
def test_any_text_comes_back(trip, text: str, inject: bool) -> None:
    travelled = trip(Html(text, inject, data_is_not_path=True))
    assert travelled.loaded.html == text
    assert travelled.record.is_styled is inject


@given(data=st.binary(max_size=300))
def test_any_bytes_can_be_looked_into(data: bytes) -> None:
    found = inspect({}, memoryview(data))
    assert set(found) == {"title", "excerpt", "outside", "beside"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        "<" * 20_000,
        "<!--" * 5_000,
        "<a " * 5_000,
        "<style>" + "url(" * 5_000,
        "<script>" + "import " * 5_000,
        "<div>" * 20_000,
        "<img src='//\x00'><img src='http://[::1'><img src='https://<b>'>",
        "<img srcset='" + "a," * 20_000 + "'>",
    ],
)
def test_hostile_pages_are_kept(trip, page: str) -> None:
    travelled = trip(Html(page, data_is_not_path=True))
    assert travelled.loaded.html == page
    assert len(travelled.record.outside) <= 50
    assert len(travelled.record.beside) <= 50


def test_bytes_that_are_not_utf8(trip) -> None:
    data = "<p>grüße".encode("latin-1")
    assert trip(Html(io.BytesIO(data))).loaded.data == data
    assert trip(Html("a\udcffb", data_is_not_path=True)).loaded.html == "a\\udcffb"


def test_changing_the_file_afterwards_changes_nothing(trip, tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("before")
    made = Html(path)
    path.write_text("after!")
    assert trip(made).loaded.html == "before"
    assert made.html == "before"


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="data must be a string or an io object"):
        Html(tmp_path / "missing.html")
    with pytest.raises(ValueError, match=r"ends in \.html or \.htm"):
        Html(tmp_path)
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(ValueError, match=r"ends in \.html or \.htm"):
        Html(tmp_path / "x.txt")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ValueError, match="folder"):
        Html(tmp_path / "folder.html")
    (tmp_path / "empty.html").touch()
    with pytest.raises(ValueError, match="empty"):
        Html(str(tmp_path / "empty.html"))
    os.mkfifo(tmp_path / "pipe.html")
    with pytest.raises(ValueError, match="no regular file"):
        Html(tmp_path / "pipe.html")
    with pytest.raises(ValueError, match="empty"):
        Html(io.BytesIO(b""))


@pytest.mark.parametrize("bad", [5, None, b"<p>", ["<p>"]])
def test_other_things_are_no_page(bad: Any) -> None:
    with pytest.raises(TypeError, match="data must be a string or an io object"):
        Html(bad)


def test_a_notebooks_html_is_adopted(trip) -> None:
    foreign = type("HTML", (SimpleNamespace,), {"__module__": "IPython.core.display"})(data="<b>x</b>")
    adopted = adopt(foreign)
    assert isinstance(adopted, diorama.Html)
    assert trip(adopted).loaded.html == "<b>x</b>"


def test_the_same_content_is_equal(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<b>x</b>")
    assert Html("<b>x</b>") == Html("<b>x</b>")
    assert len({Html("<b>x</b>"), Html("<b>x</b>")}) == 1
    assert Html("<b>x</b>") != Html("<b>y</b>")
    assert Html("<b>x</b>") != Html("<b>x</b>", caption="c")
    assert Html("<b>x</b>") != "<b>x</b>"
