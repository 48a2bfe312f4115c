"""Captures stdout and stderr of a run, as a terminal would show it.

What a program prints still goes where it went; a copy becomes lines of the run. Progress bars that
redraw themselves (carriage return, cursor up) end as one line each. Escape sequences and control
characters are left out, so that stored text is harmless wherever it is shown.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from diorama.journal.entry import ConsoleLine

StreamName = Literal["stdout", "stderr"]

LINE_LIMIT_CHARS = 16_384
"""A longer line goes on as a new one."""
WINDOW_LINES = 64
"""How far up a program may move the cursor and still change a line."""
WAITING_LIMIT_CHARS = 32 << 20
BATCH_CHARS = 64 << 10

UNFINISHED_LIMIT_CHARS = 256
"""A sequence that has not come to its end after so many characters is taken for text."""

_SPECIAL = re.compile(
    r"\x1b\[(?P<numbers>[0-9;:?<=>]*)[ -/]*(?P<final>[@-~])"  # CSI: cursor, erase, colour
    r"|(?P<string>\x1b[\]PX^_])[^\x07\x18\x1a\x1b\n]*"  # OSC and so on
    r"(?P<end>\x07|\x1b\\|(?=[\x18\x1a\x1b\n]))?"
    r"|\x1b[ -/]*[0-~]"  # two-character sequences
    r"|(?P<control>[\x00-\x08\x0a-\x1f\x7f\x80-\x9f])"
)
"""Each alternative stops at the next escape character, so that a text of nothing but beginnings is read in
one go. Strings (titles of windows, links, pictures) may be long, but hold no line break."""
_END_OF_STRING = re.compile(r"\x07|\x1b\\|(?=[\x18\x1a\x1b\n])")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;:?<=>]*[ -/]*|[ -/]*)?")


class Screen:
    """The lines that one stream has written, as a terminal without a right edge would hold them."""

    def __init__(self, stream: StreamName, next_number: Callable[[], int]) -> None:
        self._stream: StreamName = stream
        self._next_number = next_number
        self._lines: list[list[Any]] = []  # [number, text] of the last WINDOW_LINES lines
        self._row = 0
        self._bottom = 0  # the lowest row that the cursor was in
        self._column = 0
        self._changed: dict[int, ConsoleLine] = {}
        self._unfinished = ""
        self._is_in_string = False

    def write(self, text: str, at: float) -> None:
        """Take what was printed at time `at`."""
        text = self._unfinished + text
        self._unfinished = ""
        last = text.rfind("\x1b")
        if last >= 0 and len(text) - last <= UNFINISHED_LIMIT_CHARS and _UNFINISHED.fullmatch(text, last):
            self._unfinished = text[last:]
            text = text[:last]
        position = 0
        if self._is_in_string:
            end = _END_OF_STRING.search(text)
            if end is None:
                return
            self._is_in_string = False
            position = end.end()
        for special in _SPECIAL.finditer(text, position):
            if special.start() > position:
                self._put(text[position : special.start()], at)
            position = special.end()
            control = special.group("control")
            if control == "\n":
                self._new_line(at)
            elif control == "\r":
                self._column = 0
            elif control == "\b":
                self._column = max(0, self._column - 1)
            elif special.group("string"):
                self._is_in_string = special.group("end") is None
            elif special.group("final"):
                self._move(special.group("final"), special.group("numbers"), at)
        if position < len(text):
            self._put(text[position:], at)

    def take_changed(self) -> list[ConsoleLine]:
        """Lines that are new or different since the last call, oldest first."""
        changed, self._changed = self._changed, {}
        return [changed[number] for number in sorted(changed)]

    def _put(self, text: str, at: float) -> None:
        while text:
            room = LINE_LIMIT_CHARS - self._column
            if room <= 0:
                self._new_line(at)
                continue
            piece, text = text[:room], text[room:]
            line = self._line()
            old = line[1]
            if self._column > len(old):
                old = old.ljust(self._column)
            self._column += len(piece)
            line[1] = old[: self._column - len(piece)] + piece + old[self._column :]
            self._note(line, at)

    def _line(self) -> list[Any]:
        while len(self._lines) <= self._row:
            self._lines.append([self._next_number(), ""])
        while len(self._lines) > WINDOW_LINES:
            self._lines.pop(0)
            self._row -= 1
            self._bottom -= 1
        return self._lines[self._row]

    def _new_line(self, at: float) -> None:
        line = self._line()
        if not line[1]:
            self._note(line, at)  # an empty line is a line too
        self._row += 1
        self._bottom = max(self._bottom, self._row)
        self._column = 0

    def _move(self, final: str, numbers: str, at: float) -> None:
        first = numbers.split(";")[0]
        count = int(first) if first.isdigit() and len(first) < 6 else 0
        if final == "A":
            self._row = max(0, self._row - max(1, count))
        elif final == "B":
            self._row = min(self._bottom, self._row + max(1, count))
        elif final == "C":
            self._column = min(LINE_LIMIT_CHARS, self._column + max(1, count))
        elif final == "D":
            self._column = max(0, self._column - max(1, count))
        elif final == "G":
            self._column = min(LINE_LIMIT_CHARS, max(0, count - 1))
        elif final == "K" and self._row < len(self._lines):
            line = self._line()
            kept = line[1][: self._column] if count == 0 else "" if count == 2 else line[1]
            if kept != line[1]:
                line[1] = kept
                self._note(line, at)

    def _note(self, line: list[Any], at: float) -> None:
        self._changed[line[0]] = ConsoleLine(line[0], at, self._stream, line[1])


class ConsoleCapture:
    """Copies sys.stdout and sys.stderr into `send(lines)` from `start()` to `stop()`.

    Writing costs the program an append to a queue; `flush()`, called by a thread now and then, does the rest.
    """

    def __init__(self, send: Callable[[list[ConsoleLine]], None]) -> None:
        self._send = send
        self._waiting: deque[tuple[StreamName, str, float]] = deque()
        self._waiting_chars = 0
        self._left_out_chars = 0
        self._lock = threading.RLock()
        self._sending = threading.RLock()
        self._last_number = 0
        self._screens: dict[StreamName, Screen] = {
            "stdout": Screen("stdout", self._next_number),
            "stderr": Screen("stderr", self._next_number),
        }
        self._wrapped: list[tuple[Any, Callable[[str], Any]]] = []
        self._is_on = False
        self._passing = threading.local()
        """`name`: the stream that this thread is writing to just now."""

    def start(self) -> None:
        """Begin. Streams that can't be wrapped are left alone."""
        self._is_on = True
        self._wrap("stdout", sys.stdout)
        self._wrap("stderr", sys.stderr)

    def stop(self) -> None:
        """Give the streams back and send what is left."""
        self._is_on = False
        for stream, wrapper in self._wrapped:
            # Somebody may have wrapped it after us; then ours stays below theirs and only passes on.
            if stream.__dict__.get("write") is wrapper:
                del stream.write
        self._wrapped.clear()
        self.flush()

    def forget(self) -> None:
        """In a forked child: print, but capture nothing. Somebody who is not here may hold the lock."""
        self._is_on = False
        self._waiting.clear()
        self._lock = threading.RLock()
        self._sending = threading.RLock()

    def flush(self) -> None:
        """Turn what was printed into lines and send them."""
        with self._sending:  # taking and sending are one step: an older text may not follow a newer one
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            while self._waiting:
                name, text, at = self._waiting.popleft()
                self._waiting_chars -= len(text)
                self._screens[name].write(text, at)
            if self._left_out_chars:
                left_out, self._left_out_chars = self._left_out_chars, 0
                self._screens["stderr"].write(
                    f"\n[{left_out} characters were printed too fast to be kept]\n", time.time()
                )
            lines = self._screens["stdout"].take_changed() + self._screens["stderr"].take_changed()
        batch: list[ConsoleLine] = []
        chars = 0
        for line in sorted(lines, key=lambda line: line.number):
            batch.append(line)
            chars += len(line.text) + 32
            if chars >= BATCH_CHARS:
                self._send(batch)
                batch, chars = [], 0
        if batch:
            self._send(batch)

    def _wrap(self, name: StreamName, stream: Any) -> None:
        write = getattr(stream, "write", None)
        if write is None or not hasattr(stream, "__dict__"):
            return

        if any(stream is each for each, _ in self._wrapped):
            return  # one object for both

        passing = self._passing

        def write_and_copy(text: str) -> Any:
            outer = getattr(passing, "name", None)
            passing.name = name
            try:
                written = write(text)
            finally:
                passing.name = outer
            if outer not in (None, name):
                return written  # the other stream writes through this one, and has its own copy
            if self._is_on and text and isinstance(text, str):
                self._keep_printed(name, text)
            return written

        try:
            stream.write = write_and_copy
        except (AttributeError, TypeError):
            return
        self._wrapped.append((stream, write_and_copy))

    def _keep_printed(self, name: StreamName, text: str) -> None:
        if self._waiting_chars > WAITING_LIMIT_CHARS:
            self._left_out_chars += len(text)
            return
        self._waiting_chars += len(text)
        self._waiting.append((name, text, time.time()))

    def _next_number(self) -> int:
        self._last_number += 1
        return self._last_number
