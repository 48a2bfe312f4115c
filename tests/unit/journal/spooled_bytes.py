"""Bytes for the tests of the spool: put into it, and acknowledged as by a sidecar."""

from __future__ import annotations

import struct

from diorama.journal.slot import Spooled
from diorama.journal.spool import Spool

SIZE = 150_000  # a slot of its own
SMALL = 20_000  # shares one


def view_of(byte: int, size_bytes: int = SIZE) -> memoryview:
    return memoryview(bytes([byte]) * size_bytes)


def kept(spool: Spool, byte: int, size_bytes: int = SIZE) -> Spooled:
    found = spool.keep(view_of(byte, size_bytes))
    assert found is not None
    return found


def acknowledge(spool: Spool, seq: int) -> None:
    (spool.directory.parent / "ack").write_bytes(struct.pack("<Q", seq))
