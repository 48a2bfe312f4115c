"""One journal entry on disk: a frame.

    offset  size  what
    0       4     magic  b"\\xc1DJ1" (0xC1 is the one byte that msgpack never writes)
    4       4     crc32c, u32, over everything behind it (length, seq, payload)
    8       4     length of the payload, u32
    12      8     seq, u64: 1, 2, 3 ... within one writer
    20      n     payload

Numbers are big endian, as in msgpack, so that the head of a frame and that of its payload can be packed
in one go.

A frame stands alone: a reader that lost its way searches the next magic whose checksum holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from google_crc32c import value as crc32c_of

MAGIC = b"\xc1DJ1"
HEADER_BYTES = 20
PAYLOAD_LIMIT_BYTES = 0x7FFF_F000 - HEADER_BYTES
"""The most that one write() takes on Linux. A frame is always written by one write()."""

HEAD = Struct(">4sI")
"""magic, crc"""
BODY_HEAD = Struct(">IQ")
"""length, seq: what the checksum covers, before the payload"""
_WHOLE_HEAD = Struct(">4sIIQ")


class Frame(NamedTuple):
    """A frame whose checksum holds. `end` is the offset behind it."""

    seq: int
    payload: bytes
    end: int


class Incomplete(NamedTuple):
    """The bytes end before the frame does, if it is one."""

    needed_bytes: int


class Damaged(NamedTuple):
    """These bytes are not a frame."""

    reason: str


def encode_frame(seq: int, payload: bytes) -> bytes:
    """The bytes of a frame.

    >>> decode_frame(encode_frame(7, b"hello"), 0)
    Frame(seq=7, payload=b'hello', end=25)
    """
    body = BODY_HEAD.pack(len(payload), seq) + payload
    return HEAD.pack(MAGIC, crc32c_of(body)) + body


def decode_frame(data: bytes, offset: int) -> Frame | Incomplete | Damaged:
    """The frame that starts at `offset` of `data`."""
    left = len(data) - offset
    if left < HEADER_BYTES:
        here = data[offset : offset + 4]
        return Incomplete(HEADER_BYTES) if MAGIC.startswith(here) else Damaged("no frame starts here")
    magic, crc, length, seq = _WHOLE_HEAD.unpack_from(data, offset)
    if magic != MAGIC:
        return Damaged("no frame starts here")
    if length > PAYLOAD_LIMIT_BYTES:
        return Damaged("length out of range")
    if left < HEADER_BYTES + length:
        return Incomplete(HEADER_BYTES + length)
    end = offset + HEADER_BYTES + length
    if crc32c_of(data[offset + 8 : end]) != crc:
        return Damaged("checksum does not match")
    return Frame(seq, data[offset + HEADER_BYTES : end], end)


def decode_last_frame(data: bytes, offset: int) -> Frame | None:
    """The frame that fills `data` from `offset` to its end, when only its length field is damaged."""
    length = len(data) - offset - HEADER_BYTES
    if length < 0 or data[offset : offset + 4] != MAGIC:
        return None
    _, crc, _, seq = _WHOLE_HEAD.unpack_from(data, offset)
    body = BODY_HEAD.pack(length, seq) + data[offset + HEADER_BYTES :]
    if crc32c_of(body) != crc:
        return None
    return Frame(seq, data[offset + HEADER_BYTES :], len(data))


def find_frame(data: bytes, offset: int, *, after_seq: int) -> int | None:
    """Where the next whole frame with a seq above `after_seq` starts, at or behind `offset`."""
    while True:
        offset = data.find(MAGIC, offset)
        if offset < 0:
            return None
        found = decode_frame(data, offset)
        if isinstance(found, Frame) and found.seq > after_seq:
            return offset
        offset += 1


def scan(data: bytes) -> Iterator[Frame]:
    """All whole frames in `data`, in the order they lie there, past any damage."""
    offset = 0
    while True:
        found = decode_frame(data, offset)
        if isinstance(found, Frame):
            yield found
            offset = found.end
            continue
        start = find_frame(data, offset + 1, after_seq=0)
        if start is None:
            return
        offset = start
