"""Which step and row a `log()` call belongs to: W&B's rules, except that nothing is dropped for being late.

log(d)                   into the open row, which is then closed: the next call is one step on
log(d, commit=False)     into the open row, which stays open
log(d, step=s)           s = current: into the open row; s > current: a new row at s. It stays open
log(d, step=s, commit=True)   the same, and closed
log(d, step=s), s < current   late: a row of its own at s (calls in succession for one step share it);
                         the open row and the current step stay as they are
"""

from __future__ import annotations

import operator
from typing import Any

from diorama.errors import WrongType, WrongValue

STEP_LIMIT = 2**61
"""Of steps that are given. The store takes steps up to 2**62, so no count from here on reaches its limit."""


def step_from(value: Any) -> int:
    """A step as an int: ints, numpy and torch integers, floats without a fraction.

    Raises WrongType for what is no number (bool included), WrongValue for a fraction and for steps beyond
    2**61.
    """
    if type(value) is int:
        step = value
    elif isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        raise WrongType("step must be a whole number, not a bool")
    else:
        try:
            step = operator.index(value)
        except TypeError:
            step = _whole(value)
    if not -STEP_LIMIT <= step <= STEP_LIMIT:
        raise WrongValue(f"step {step} lies beyond 2^61")
    return step


def _whole(value: Any) -> int:
    is_float_like = isinstance(value, float) or (hasattr(value, "__float__") and hasattr(value, "dtype"))
    if not is_float_like:
        raise WrongType(f"step must be a whole number, not {type(value).__name__}")
    number = float(value)
    if not number.is_integer():
        raise WrongValue(f"step must be a whole number, not {number!r}")
    return int(number)


class StepCounter:
    """Where in the history the next `log()` call goes. Not thread-safe: its owner holds a lock."""

    __slots__ = ("_late_row", "_late_step", "next_row", "row", "step")

    def __init__(self, step: int = 0) -> None:
        self.step = step
        """The current step: that of the open row, else of the next one."""
        self.row = -1
        self.next_row = 0
        self._late_step = 0
        self._late_row = -1

    def assign(self, step: int | None, commit: bool | None) -> tuple[int, int]:
        """(step, row) of a call; moves on as the rules above say."""
        if step is None:
            is_closing = commit is None or commit
        elif step < self.step:
            return self._assign_late(step, bool(commit))
        else:
            is_closing = bool(commit)
            if step > self.step:
                self.row = -1
                self.step = step
        row = self.row
        if row < 0:
            row = self.row = self.next_row
            self.next_row = row + 1
        here = self.step
        if is_closing:
            self.row = -1
            self.step = here + 1
        return here, row

    def _assign_late(self, step: int, is_closing: bool) -> tuple[int, int]:
        row = self._late_row
        if row < 0 or self._late_step != step:
            row = self.next_row
            self.next_row = row + 1
        self._late_step = step
        self._late_row = -1 if is_closing else row
        return step, row
