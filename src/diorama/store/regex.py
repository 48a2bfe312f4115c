r"""Regular expressions with the same answers from SQLite and from PostgreSQL, without going back in the text.

A pattern is read once. SQLite is given a function that walks over the text with sets of states, PostgreSQL
the same pattern in its own words. What would need going back (back references, looking ahead) is refused:
somebody's pattern must not keep a server busy.

There is: text, . [a-z] [^a-z] \d \w \s (and \D \W \S), (...) (?:...) |, * + ? {2} {2,5} (also lazy), ^ $, and
(?i) at the beginning. \d are 0 to 9; \w are a to z, A to Z, 0 to 9, _ and everything beyond ASCII.
"""

from __future__ import annotations

import functools
from bisect import bisect_right
from dataclasses import dataclass

from diorama.errors import BadRequest
from diorama.store.letters import fold

PATTERN_LIMIT_CHARS = 1000
DEPTH_LIMIT = 30
REPEAT_LIMIT = 255
STATE_LIMIT = 2000
_STEP_LIMIT = 20_000
"""How many steps from state to state a pattern remembers."""
_LAST = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Chars:
    """One letter out of some."""

    ranges: Ranges


@dataclass(frozen=True)
class Edge:
    """The beginning ("^") or the end ("$") of the text."""

    sign: str


@dataclass(frozen=True)
class Sequence:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    options: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    part: Node
    least: int
    most: int | None


Node = Chars | Edge | Sequence | Choice | Repeat


def _complement(ranges: Ranges) -> Ranges:
    found: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if low > start:
            found.append((start, low - 1))
        start = high + 1
    return tuple([*found, (start, _LAST)] if start <= _LAST else found)


def _joined(ranges: list[tuple[int, int]]) -> Ranges:
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


_CLASSES: dict[str, Ranges] = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122), (128, _LAST)),
    "s": ((9, 13), (32, 32), (160, 160)),
}
_CLASSES |= {name.upper(): _complement(ranges) for name, ranges in _CLASSES.items()}
_CONTROLS = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11}
_ANY = _complement(((10, 10),))
_FOLDED_RANGE_LIMIT = 5000


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.ignores_case = text.startswith("(?i)")
        if self.ignores_case:
            self._at = 4

    def read(self) -> Node:
        node = self._choice(0)
        if self._at < len(self._text):
            raise self._refusal("a ) that closes nothing")
        return node

    def _refusal(self, what: str) -> BadRequest:
        return BadRequest(
            f"the regular expression {self._text[:80]!r} has {what}",
            hint=r"there is . [a-z] \d \w \s (...) | * + ? {2,5} ^ $ and (?i) at the beginning",
        )

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        found = self._peek()
        if not found:
            raise self._refusal("no end")
        self._at += 1
        return found

    def _choice(self, depth: int) -> Node:
        if depth > DEPTH_LIMIT:
            raise self._refusal(f"more than {DEPTH_LIMIT} levels of ()")
        options = [self._sequence(depth)]
        while self._peek() == "|":
            self._at += 1
            options.append(self._sequence(depth))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._one(depth)))
        return Sequence(tuple(parts))

    def _one(self, depth: int) -> Node:
        sign = self._take()
        if sign == "(":
            if self._peek() == "?":
                self._at += 1
                if self._take() != ":":
                    raise self._refusal("a (?...) that there is not")
            node = self._choice(depth + 1)
            if self._take() != ")":
                raise self._refusal("a ( that is not closed")
            return node
        if sign == "[":
            return Chars(self._class())
        if sign == ".":
            return Chars(_ANY)
        if sign in "^$":
            return Edge(sign)
        if sign in "*+?":
            raise self._refusal(f"a {sign} that repeats nothing")
        if sign == "\\":
            return Chars(self._folded(self._escape()))
        return Chars(self._folded(((ord(sign), ord(sign)),)))

    def _repeated(self, node: Node) -> Node:
        sign = self._peek()
        if sign in ("*", "+", "?"):
            self._at += 1
            node = Repeat(node, int(sign == "+"), 1 if sign == "?" else None)
        elif sign == "{" and (bounds := self._bounds()) is not None:
            node = Repeat(node, *bounds)
        else:
            return node
        if self._peek() == "?":  # lazy: whether it matches is the same
            self._at += 1
        if self._peek() in ("*", "+", "?", "{"):
            raise self._refusal("two repetitions one after the other")
        return node

    def _bounds(self) -> tuple[int, int | None] | None:
        """The numbers of {2,5}; None where the bracket is plain text."""
        end = self._text.find("}", self._at)
        low, comma, high = self._text[self._at + 1 : end].partition(",") if end > 0 else ("", "", "")
        words = [word for word in (low, high) if word]
        if not words or not all(word.isascii() and word.isdigit() and len(word) < 5 for word in words):
            return None
        self._at = end + 1
        least = int(low or 0)
        most = (int(high) if high else None) if comma else least
        if max(least, most or 0) > REPEAT_LIMIT or (most is not None and most < least):
            raise self._refusal(f"a {{}} that does not go upwards, or beyond {REPEAT_LIMIT}")
        return least, most

    def _escape(self) -> Ranges:
        sign = self._take()
        if sign in _CLASSES:
            return _CLASSES[sign]
        if sign in _CONTROLS:
            return ((_CONTROLS[sign], _CONTROLS[sign]),)
        if sign.isascii() and sign.isalnum():
            raise self._refusal(f"a \\{sign} that there is not")
        return ((ord(sign), ord(sign)),)

    def _class(self) -> Ranges:
        is_negated = self._peek() == "^"
        self._at += is_negated
        found: list[tuple[int, int]] = []
        while not (self._peek() == "]" and found):
            first = self._class_item()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                last = self._class_item()
                if len(first) > 1 or len(last) > 1 or first[0][0] > last[0][1]:
                    raise self._refusal("a range in [] that does not go upwards")
                first = ((first[0][0], last[0][1]),)
            found += first
        self._at += 1
        ranges = self._folded(_joined(found))
        ranges = _complement(ranges) if is_negated else ranges
        if not ranges:
            raise self._refusal("a [] that no letter is in")
        return ranges

    def _class_item(self) -> Ranges:
        sign = self._take()
        return self._escape() if sign == "\\" else ((ord(sign), ord(sign)),)

    def _folded(self, ranges: Ranges) -> Ranges:
        """With the small letters of what is in them, if the case is ignored: the text is folded, too."""
        if not self.ignores_case:
            return ranges
        more = list(ranges)
        for low, high in ranges:
            if high - low < _FOLDED_RANGE_LIMIT:
                more += [(ord(fold(chr(code))),) * 2 for code in range(low, high + 1)]
        return _joined(more)


class _State:
    """Where in the pattern one may be, all at once."""

    __slots__ = ("is_match", "is_match_at_end", "places", "steps")

    def __init__(self, places: frozenset[int], is_match: bool, is_match_at_end: bool) -> None:
        self.places = places
        self.is_match = is_match
        self.is_match_at_end = is_match_at_end
        self.steps: dict[str, _State] = {}


class Pattern:
    """A regular expression. Raises BadRequest for one that can't be had.

    >>> Pattern("net-(18|50)$").is_in("resnet-18"), Pattern("(?i)^RES").is_in("ResNet")
    (True, True)
    """

    def __init__(self, text: str) -> None:
        if len(text) > PATTERN_LIMIT_CHARS:
            raise BadRequest(f"a regular expression has more than {PATTERN_LIMIT_CHARS} characters")
        reader = _Reader(text)
        node = reader.read()
        self.ignores_case = reader.ignores_case
        """Whether the texts to look in have to be folded (`letters.fold`)."""
        self.for_postgres = "***:" + _postgres(node)
        self._letters: list[Ranges] = []
        self._edges: list[str] = []
        self._after: list[tuple[int, ...]] = []
        self._end = self._add()
        self._begin = self._build(node, self._end)
        self._forget()

    def is_in(self, text: str) -> bool:
        """Whether it matches somewhere in a text (which is folded, if it ignores the case)."""
        state = self._first
        for letter in text:
            if state.is_match:
                return True
            state = state.steps.get(letter) or self._step(state, letter)
        return state.is_match or state.is_match_at_end

    def _add(self, after: tuple[int, ...] = (), *, letters: Ranges = (), edge: str = "") -> int:
        if len(self._after) >= STATE_LIMIT:
            raise BadRequest("a regular expression repeats too much")
        self._letters.append(letters)
        self._edges.append(edge)
        self._after.append(after)
        return len(self._after) - 1

    def _build(self, node: Node, then: int) -> int:
        """Where `node` begins, if `then` follows it."""
        if isinstance(node, Chars):
            return self._add((then,), letters=node.ranges)
        if isinstance(node, Edge):
            return self._add((then,), edge=node.sign)
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                then = self._build(part, then)
            return then
        if isinstance(node, Choice):
            return self._add(tuple(self._build(option, then) for option in node.options))
        if node.most is None:
            again = self._add()
            self._after[again] = (self._build(node.part, again), then)
            then = again
        else:
            out = then
            for _ in range(node.most - node.least):
                then = self._add((self._build(node.part, then), out))
        for _ in range(node.least):
            then = self._build(node.part, then)
        return then

    def _reached(self, places: list[int], edges: str) -> frozenset[int]:
        """Everywhere that one comes from some places without a letter, at these edges of the text."""
        found: set[int] = set()
        left = list(places)
        while left:
            place = left.pop()
            if place in found:
                continue
            found.add(place)
            edge = self._edges[place]
            if not self._letters[place] and (not edge or edge in edges):
                left.extend(self._after[place])
        return frozenset(found)

    def _state(self, places: list[int], edges: str) -> _State:
        reached = self._reached(places, edges)
        state = self._states.get(reached)
        if state is None:
            at_end = self._reached(list(reached), edges + "$")
            state = _State(reached, self._end in reached, self._end in at_end)
            self._states[reached] = state
        return state

    def _step(self, state: _State, letter: str) -> _State:
        code = ord(letter)
        places = [self._begin]
        for place in state.places:
            ranges = self._letters[place]
            if ranges and (at := bisect_right(ranges, (code, _LAST))) and ranges[at - 1][1] >= code:
                places.extend(self._after[place])
        after = self._state(places, "")
        self._count += 1
        if self._count > _STEP_LIMIT:
            self._forget()
        else:
            state.steps[letter] = after
        return after

    def _forget(self) -> None:
        self._states: dict[frozenset[int], _State] = {}
        self._count = 0
        self._first = self._state([self._begin], "^")
        # What is known of "^" holds at the beginning only.
        self._states = {}


@functools.lru_cache(maxsize=64)
def pattern(text: str) -> Pattern:
    """The pattern of a text, read once."""
    return Pattern(text)


def _postgres(node: Node) -> str:
    if isinstance(node, Chars):
        ranges = "".join(f"{_letter(low)}-{_letter(high)}" for low, high in node.ranges)
        return f"[{ranges}]"
    if isinstance(node, Edge):
        return "^" if node.sign == "^" else "$"
    if isinstance(node, Sequence):
        return "".join(map(_postgres, node.parts)) or "(?:)"
    if isinstance(node, Choice):
        return f"(?:{'|'.join(map(_postgres, node.options))})"
    most = "" if node.most is None else node.most
    return f"(?:{_postgres(node.part)}){{{node.least},{most}}}"


def _letter(code: int) -> str:
    return f"\\U{max(code, 1):08X}"
