"""What a batch says about times and counts, checked before any of it is applied.

A type says "a float", and NaN and infinity are floats; a database takes the one for nothing, and readers of
JSON get a null where the API promises a number.
"""

from __future__ import annotations

import math

import msgspec

from diorama.errors import BadRequest
from diorama.journal.entry import Batch, Console, Entry, Log, Numbered

TIME_LIMIT_SECS = 2.0**52
"""No time may lie further from 1970: beyond all calendars, and sums and differences stay finite."""
INTEGER_LIMIT = 2**62
_TIMES = ("time", "pid_started")
_INTEGERS = ("step", "row", "pid", "session", "count", "exit_code", "number")


def check_batch(batch: Batch) -> None:
    """Raises BadRequest with the name of the field if its number is not allowed."""
    for place, numbered in enumerate(batch.entries):
        if not _is_usual(numbered):
            _check_entry(numbered, f"entries[{place}]")
    for place, lost in enumerate(batch.lost):
        if max(abs(lost.first_seq), abs(lost.last_seq)) > INTEGER_LIMIT:
            raise BadRequest(f"lost[{place}] has a seq beyond 2^62")


def _is_usual(numbered: Numbered) -> bool:
    """Whether it is a call of log() that is in order, as nearly all entries are: asked for each one."""
    entry = numbered.entry
    return (
        type(entry) is Log
        and 0 < numbered.seq < INTEGER_LIMIT
        and -INTEGER_LIMIT <= entry.step <= INTEGER_LIMIT
        and -INTEGER_LIMIT <= entry.row <= INTEGER_LIMIT
        and -TIME_LIMIT_SECS <= entry.time <= TIME_LIMIT_SECS
    )


def _check_entry(numbered: Numbered, name: str) -> None:
    if not 0 < numbered.seq < INTEGER_LIMIT:
        raise BadRequest(f"{name}.seq is {numbered.seq}: not between 1 and 2^62")
    _check_numbers(numbered.entry, name)
    if isinstance(numbered.entry, Console):
        for at, line in enumerate(numbered.entry.lines):
            _check_numbers(line, f"{name}.lines[{at}]")


def _check_numbers(one: Entry | msgspec.Struct, name: str) -> None:
    for field in one.__struct_fields__:
        if field in _TIMES:
            time = getattr(one, field)
            if not math.isfinite(time) or abs(time) > TIME_LIMIT_SECS:
                raise BadRequest(f"{name}.{field} is {time}: not a time in Unix seconds")
        elif field in _INTEGERS and abs(getattr(one, field)) > INTEGER_LIMIT:
            raise BadRequest(f"{name}.{field} is {getattr(one, field)}: beyond 2^62")
