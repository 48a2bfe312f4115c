"""What is printed still comes out, and becomes lines as a terminal would show them."""

from __future__ import annotations

import io
import re
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diorama.client import console
from diorama.client.console import LINE_LIMIT_CHARS, ConsoleCapture, Screen
from diorama.journal.entry import ConsoleLine


def shown(*pieces: str) -> list[str]:
    numbers = iter(range(1, 1_000_000))
    screen = Screen("stdout", lambda: next(numbers))
    lines: dict[int, str] = {}
    for piece in pieces:
        screen.write(piece, 1.0)
        lines.update({line.number: line.text for line in screen.take_changed()})
    return [lines[number] for number in sorted(lines)]


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        (["one\ntwo\n"], ["one", "two"]),
        (["one", " line\nnext"], ["one line", "next"]),
        (["a\n\nb\n"], ["a", "", "b"]),
        (["dos\r\nlines\r\n"], ["dos", "lines"]),
        (["  0%\r", " 50%\r", "100%\n", "done\n"], ["100%", "done"]),
        (["long text\rshort\n"], ["shorttext"]),
        (["long text\r\x1b[Kshort\n"], ["short"]),
        (["a\nb\n\x1b[2AA\n\x1b[BC\n"], ["A", "b", "C"]),
        (["\x1b[31mred\x1b[0m text\n"], ["red text"]),
        (["\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link\n"], ["textlink"]),
        (["\x1b[3", "1mred\x1b", "[0m\n"], ["red"]),
        (["abc\b\bX\n"], ["aXc"]),
        (["tab\tkept\x00\x07\x7f\n"], ["tab\tkept"]),
        (["\x1b[10Cx\n"], [" " * 10 + "x"]),
        (["bar 1\nbar 2\x1b[A\rBAR 1\n"], ["BAR 1", "bar 2"]),
        (["\x1b]0;a title", " in pieces\x1b", "\\text\n"], ["text"]),
        (["\x1b]1337;File=:" + "A" * 100_000, "B" * 100_000 + "\x07after\n"], ["after"]),
        (["\x1b]0;never ended\nnext\n"], ["", "next"]),
        (["\x1b]0;cut short\x1b[31mred\n"], ["red"]),
        (["\x1b[" + "1" * 1000 + "\n"], ["1" * 1000]),
    ],
)
def test_lines_are_what_a_terminal_shows(pieces: list[str], lines: list[str]) -> None:
    assert shown(*pieces) == lines


def test_a_long_line_goes_on_as_a_new_one() -> None:
    assert [len(line) for line in shown("x" * (2 * LINE_LIMIT_CHARS + 5))] == [LINE_LIMIT_CHARS] * 2 + [5]


@pytest.mark.slow
@pytest.mark.parametrize("start", ["\x1b]", "\x1bP", "\x1b[", "\x1b[1;", "\x1b", "\x1b ", "\x1b]x\x1b"])
def test_sequences_that_never_end_are_read_in_one_go(start: str) -> None:
    shown(start * 200_000)  # if each were looked for to the end of the text, this would take an hour
    shown(*[start] * 20_000, "1" * 100)
    screen = Screen("stdout", lambda: 1)
    for piece in [start, *"1" * 2000]:
        screen.write(piece, 1.0)
        assert len(screen._unfinished) <= console.UNFINISHED_LIMIT_CHARS


@given(st.text(max_size=200), st.integers(0, 200))
def test_anything_printed_gives_harmless_lines(text: str, cut: int) -> None:
    for line in shown(text[:cut], text[cut:]):
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f\x80-\x9f]", line)


@given(st.lists(st.text(st.characters(categories=["L", "N", "Zs"]), max_size=20), max_size=10))
def test_plain_lines_come_back(lines: list[str]) -> None:
    assert shown("".join(f"{line}\n" for line in lines)) == lines


class Stream(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def printed(self) -> str:
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]  # it is our BytesIO


def replace_streams(monkeypatch: pytest.MonkeyPatch) -> tuple[Stream, Stream]:
    """Called in the test, not in a fixture: pytest puts its own streams in place when a test begins."""
    out, err = Stream(), Stream()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    return out, err


def test_capture_copies_both_streams_and_gives_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = replace_streams(monkeypatch)
    sent: list[ConsoleLine] = []
    capture = ConsoleCapture(sent.extend)
    write_before = sys.stdout.write
    capture.start()
    print("to stdout")
    print("to stderr", file=sys.stderr)
    assert streams[0].printed() == "to stdout\n"
    assert streams[1].printed() == "to stderr\n"
    capture.stop()
    assert sys.stdout.write == write_before
    print("afterwards")
    capture.flush()
    assert {(line.stream, line.text) for line in sent} == {("stdout", "to stdout"), ("stderr", "to stderr")}


def test_a_progress_bar_is_one_line_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_streams(monkeypatch)
    sent: list[ConsoleLine] = []
    capture = ConsoleCapture(sent.extend)
    capture.start()
    for percent in range(101):
        sys.stderr.write(f"\r{percent:3}%|{'#' * (percent // 10):10}|")
        if percent % 20 == 0:
            capture.flush()
    capture.stop()
    assert {line.number for line in sent} == {1}
    assert sent[-1].text == "100%|##########|"
    assert len(sent) <= 7


def test_printing_while_sending_does_not_recurse(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_streams(monkeypatch)
    sent: list[str] = []

    def send(lines: list[ConsoleLine]) -> None:
        sent.extend(line.text for line in lines)
        if len(sent) < 50:
            print("from inside")

    capture = ConsoleCapture(send)
    capture.start()
    print("first")
    capture.flush()
    assert sent == ["first"]
    capture.stop()
    assert sent == ["first", "from inside"]


def test_many_lines_travel_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_streams(monkeypatch)
    batches: list[list[ConsoleLine]] = []
    capture = ConsoleCapture(batches.append)
    capture.start()
    for number in range(5000):
        print(f"line {number} " + "x" * 40)
    capture.stop()
    assert sum(map(len, batches)) == 5000
    assert 2 < len(batches) < 20


def test_what_is_printed_too_fast_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_streams(monkeypatch)
    monkeypatch.setattr("diorama.client.console.WAITING_LIMIT_CHARS", 100)
    sent: list[ConsoleLine] = []
    capture = ConsoleCapture(sent.extend)
    capture.start()
    for _ in range(10):
        sys.stdout.write("x" * 50 + "\n")
    capture.stop()
    assert any(re.search(r"\[\d+ characters were printed too fast", line.text) for line in sent)


def test_streams_that_cannot_be_wrapped_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fixed:
        __slots__ = ()

        def write(self, text: str) -> Any:
            return len(text)

    monkeypatch.setattr(sys, "stdout", Fixed())
    monkeypatch.setattr(sys, "stderr", None)
    capture = ConsoleCapture(lambda lines: None)
    capture.start()
    print("fine")
    capture.stop()


class Tee:
    def __init__(self, *streams: Any) -> None:
        self._streams = streams

    def write(self, text: str) -> int:
        for stream in self._streams:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("is_one_object", [True, False])
def test_a_line_that_passes_through_both_streams_is_kept_once(
    monkeypatch: pytest.MonkeyPatch, is_one_object: bool
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stdout", Tee(terminal))
    monkeypatch.setattr(sys, "stderr", sys.stdout if is_one_object else Tee(sys.stdout))
    lines: list[ConsoleLine] = []
    capture = ConsoleCapture(lines.extend)
    capture.start()
    print("to stdout")
    print("to stderr", file=sys.stderr)
    print("to stdout again")
    capture.stop()
    wanted = ["to stdout", "to stderr", "to stdout again"]
    assert [line.text for line in sorted(lines, key=lambda line: line.number)] in (
        wanted, [wanted[0], wanted[2], wanted[1]],
    )  # fmt: skip
    assert terminal.getvalue().splitlines() == wanted
    assert "write" not in sys.stdout.__dict__
