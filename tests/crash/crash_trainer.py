"""The process that is killed: it logs scalars and images at full speed, and keeps a record of its own.

    python crash_trainer.py RECORD_FILE RUN_ID SECONDS

For every call of log() it appends to RECORD_FILE, with one write each: before the call "invoke", after it
returned "ok", both with the number of the entry and the SHA-256 of what it logged. After SECONDS it
finishes the run. Where to log to comes from the environment.
"""

from __future__ import annotations

import hashlib
import os
import struct
import sys
import time

import numpy as np

RECORD = struct.Struct("<cQ32s")
INVOKE, OK = b"i", b"o"
SMALL, LARGE = 32, 128
IMAGE_EVERY, LARGE_EVERY = 50, 150

_NOISE = np.random.default_rng(7).integers(0, 256, (LARGE, LARGE, 3), dtype=np.uint8)


def image_of(number: int) -> np.ndarray | None:
    """The picture that entry `number` logs, if it logs one. Every one is different in every pixel row."""
    if number % IMAGE_EVERY:
        return None
    size = SMALL if number % LARGE_EVERY else LARGE
    pixels = np.roll(_NOISE[:size, :size] ^ np.uint8(number % 251), number, axis=1)
    pixels[0, :8, 0] = np.frombuffer(struct.pack("<Q", number), dtype=np.uint8)
    return pixels


def scalars_of(number: int) -> dict[str, float | int | str]:
    """The other values of entry `number`."""
    values: dict[str, float | int | str] = {"i": number, "x": 1.0 / (number + 1), "big": 2**53 + number}
    if number % 3 == 0:
        values["note"] = f"entry {number}"
    return values


def digest_of(scalars: dict[str, float | int | str], pixels: np.ndarray | None) -> bytes:
    """SHA-256 over everything that an entry logs."""
    digest = hashlib.sha256(repr(sorted(scalars.items())).encode())
    if pixels is not None:
        digest.update(str(pixels.shape).encode() + pixels.tobytes())
    return digest.digest()


def main() -> None:
    record_path, run_id, secs = sys.argv[1], sys.argv[2], float(sys.argv[3])
    import diorama

    run = diorama.init(project="crash", id=run_id)
    record = os.open(record_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    until = time.monotonic() + secs
    number = 0
    while time.monotonic() < until:
        scalars, pixels = scalars_of(number), image_of(number)
        digest = digest_of(scalars, pixels)
        data: dict[str, object] = dict(scalars)
        if pixels is not None:
            data["image"] = diorama.Image(pixels)
        os.write(record, RECORD.pack(INVOKE, number, digest))
        run.log(data)
        os.write(record, RECORD.pack(OK, number, digest))
        number += 1
    run.finish()


if __name__ == "__main__":
    main()
