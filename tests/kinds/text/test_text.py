"""Text and Markdown: literal text, files, odd characters, length."""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import diorama
from diorama.media import Text, record_warnings
from diorama.media.adopt import adopt
from diorama.media.text.codec import BEGINNING_CHARS, INLINE_BYTES
from diorama.media.text.media import Markdown
from diorama.media.text.record import TextRecord


def test_text_is_always_literal(trip, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("the content")
    assert trip(Text(str(path))).loaded == str(path)
    assert trip(Text(path)).loaded == "the content"
    assert trip(Text("")).loaded == ""


def test_a_text_in_full(trip) -> None:
    record = trip(Text("one\ntwo\n", caption="c", format="plain", language="python", sample_id="s")).record
    assert record == TextRecord(
        text="one\ntwo\n", char_count=8, line_count=2, language="python", caption="c", sample_id="s"
    )


def test_positional_arguments(trip) -> None:
    record = trip(Text("x = 1", "code", "plain", "python")).record
    assert (record.caption, record.format, record.language) == ("code", "plain", "python")
    assert trip(Markdown("*x*", "note", sample_id="s")).record.format == "markdown"


@given(text=st.text(), caption=st.none() | st.text(), is_markdown=st.booleans())
def test_any_text_comes_back(trip, text: str, caption: str | None, is_markdown: bool) -> None:
    made = Markdown(text, caption) if is_markdown else Text(text, caption)
    travelled = trip(made)
    assert travelled.loaded == text
    assert travelled.record.caption == caption
    assert travelled.record.char_count == len(text)
    assert travelled.record.blob is None


@given(data=st.binary(min_size=1, max_size=400))
def test_any_file_is_kept(trip, data: bytes) -> None:
    travelled = trip(Text(io.BytesIO(data)))
    record = travelled.record
    if record.source is None:
        assert record.text.encode() == data
        assert record.undecoded == 0
    else:
        assert travelled.blobs.get(record.source) == data


@pytest.mark.parametrize(
    ("text", "lines"), [("", 0), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n", 1), ("\r\n\r\n", 2)]
)
def test_lines_are_counted_as_editors_do(trip, text: str, lines: int) -> None:
    assert trip(Text(text)).record.line_count == lines


def test_what_utf8_cannot_hold_is_written_out(trip) -> None:
    assert trip(Text("a\udcffb", caption="\ud800")).loaded == "a\\udcffb"
    assert trip(Text(io.StringIO("\udcff"))).loaded == "\\udcff"


@pytest.mark.parametrize("size", [INLINE_BYTES - 1, INLINE_BYTES, INLINE_BYTES + 1, 1_000_000])
def test_long_text_lies_in_a_blob(trip, size: int) -> None:
    text = "0123456789abcde\n" * (size // 16) + "x" * (size % 16)
    travelled = trip(Text(text))
    record = travelled.record
    assert travelled.loaded == text
    assert record.char_count == size
    assert (record.blob is not None) == (size > INLINE_BYTES)
    if record.blob:
        assert record.text == text[:BEGINNING_CHARS]
        assert record.blob.mime == "text/plain"


@pytest.mark.parametrize(
    ("name", "language"), [("a.py", "python"), ("B.JSON", "json"), ("x.txt", None), ("noend", None)]
)
def test_files_of_code_know_their_language(trip, tmp_path: Path, name: str, language: str | None) -> None:
    path = tmp_path / name
    path.write_bytes(b"1\r\n2")
    record = trip(Text(path)).record
    assert (record.language, record.name, record.text) == (language, name, "1\r\n2")
    assert trip(Text(path, language="sql")).record.language == "sql"
    with path.open() as opened:
        assert trip(Text(opened)).record.language == language


def test_utf16_and_other_bytes(trip) -> None:
    given_bytes = "grüße".encode("utf-16")
    travelled = trip(Text(io.BytesIO(given_bytes)))
    assert travelled.loaded == "grüße"
    assert travelled.blobs.get(travelled.record.source) == given_bytes
    latin = trip(Text(io.BytesIO("grüße".encode("latin-1")))).record
    assert (latin.text, latin.undecoded) == ("gr\\xfc\\xdfe", 2)
    [(code, _, count)] = record_warnings(latin)
    assert (code, count) == ("text.undecoded", 2)
    assert record_warnings(trip(Text("ok")).record) == []


def test_a_stream_is_read_from_its_start(trip) -> None:
    stream = io.StringIO()
    stream.write("written just now")
    assert trip(Text(stream)).loaded == "written just now"


def test_changing_the_file_afterwards_changes_nothing(trip, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("before")
    made = Markdown(path)
    path.write_text("after!")
    assert trip(made).loaded == "before"


@pytest.mark.parametrize("bad", [5, None, b"bytes", ["a"], {"a": 1}])
def test_other_things_are_no_text(bad: Any) -> None:
    with pytest.raises(TypeError, match="must be a str, a Path or an open file"):
        Text(bad)


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Text(tmp_path / "missing.txt")
    with pytest.raises(ValueError, match="folder"):
        Text(tmp_path)
    (tmp_path / "empty.txt").touch()
    with pytest.raises(ValueError, match="empty"):
        Text(tmp_path / "empty.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(ValueError, match="no regular file"):
        Text(tmp_path / "pipe.txt")


def test_bad_options() -> None:
    with pytest.raises(ValueError, match="format must be one of"):
        Text("x", format="html")
    with pytest.raises(TypeError, match="language"):
        Text("x", language=3)  # type: ignore[arg-type]  # that is the test


def test_a_notebooks_markdown_is_adopted(trip) -> None:
    foreign = type("Markdown", (SimpleNamespace,), {"__module__": "IPython.core.display"})(data="*a*")
    adopted = adopt(foreign)
    assert isinstance(adopted, diorama.Markdown)
    assert trip(adopted).record.format == "markdown"


def test_names_at_the_top() -> None:
    assert diorama.Text is Text
    assert diorama.Markdown is Markdown
    assert "Text('short')" in repr(Text("short"))
