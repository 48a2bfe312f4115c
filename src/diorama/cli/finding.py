"""What one check of `diorama doctor` has found."""

from __future__ import annotations

from typing import Literal

import msgspec

_NAMED_AT_MOST = 5


class Finding(msgspec.Struct):
    """One line of the report. mend: what to do about it, for everything but "ok"."""

    level: Literal["ok", "warn", "fail"]
    subject: str
    text: str
    mend: str = ""


def some(names: list[str]) -> str:
    """The first of the names, and how many more there are."""
    shown = ", ".join(names[:_NAMED_AT_MOST])
    hidden = len(names) - _NAMED_AT_MOST
    return f"{shown} and {hidden} more" if hidden > 0 else shown
