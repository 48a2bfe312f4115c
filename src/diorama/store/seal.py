"""Bytes in a column of the database with their checksum behind them.

SQLite keeps no checksums: one flipped bit in a page is another value, and nobody notices. So everything that
is packed into bytes is sealed when it is written, and proven whenever it is read.
"""

from __future__ import annotations

import zlib

from diorama.errors import Corrupt

SEAL_BYTES = 4


def seal(data: bytes) -> bytes:
    """The bytes, and their CRC-32 (little endian)."""
    return data + zlib.crc32(data).to_bytes(SEAL_BYTES, "little")


def unseal(data: bytes | memoryview) -> memoryview:
    """The bytes that were sealed. Raises Corrupt if they are not the same any more.

    >>> bytes(unseal(seal(b"points")))
    b'points'
    """
    view = memoryview(data)
    body, checksum = view[:-SEAL_BYTES], view[-SEAL_BYTES:]
    if len(view) < SEAL_BYTES or zlib.crc32(body) != int.from_bytes(checksum, "little"):
        raise Corrupt(
            "a value in the database does not match its checksum",
            hint="`diorama doctor` lists what is damaged; restore the database from a backup",
        )
    return body
