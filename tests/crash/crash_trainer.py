"""The process that is killed: it logs scalars and media at full speed, and keeps a record of its own.

    python crash_trainer.py RECORD_FILE RUN_ID SECONDS

For every call of log() it appends to RECORD_FILE, with one write each: before the call "invoke", after it
returned "ok", both with the number of the entry and the SHA-256 of what it logged. After SECONDS it
finishes the run. Where to log to comes from the environment, and so does what makes life hard:
CRASH_FIRST, the number of the first entry (for a second writer of the run); CRASH_FILES, a limit of open
files; CRASH_SIGNALS, seconds between signals whose handler raises.
"""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import struct
import sys
import time
from typing import Any

import numpy as np

RECORD = struct.Struct("<cQ32s")
INVOKE, OK = b"i", b"o"
SMALL, LARGE = 32, 128
IMAGE_EVERY, LARGE_EVERY = 50, 150
TABLE_AT, CLOUD_AT, VIDEO_AT, OTHERS_EVERY = 20, 70, 110, 200

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


def others_of(number: int, diorama: Any) -> dict[str, object]:
    """The other media of entry `number`."""
    at = number % OTHERS_EVERY
    if at == TABLE_AT:
        rows = [[number, f"row {row}", diorama.Image(_NOISE[row : row + 4, :4])] for row in range(5)]
        return {"table": diorama.Table(columns=["number", "name", "picture"], data=rows)}
    if at == CLOUD_AT:
        return {"cloud": diorama.Object3D(np.full((300, 3), number, np.float32))}
    if at == VIDEO_AT:
        frames = np.broadcast_to(np.uint8(number % 251), (4, 3, 16, 16))
        return {"video": diorama.Video(frames, fps=4, format="gif")}
    return {}


class Interrupted(Exception):
    """What the handler of a signal raises, anywhere."""


def digest_of(scalars: dict[str, float | int | str], pixels: np.ndarray | None) -> bytes:
    """SHA-256 over everything that an entry logs."""
    digest = hashlib.sha256(repr(sorted(scalars.items())).encode())
    if pixels is not None:
        digest.update(str(pixels.shape).encode() + pixels.tobytes())
    return digest.digest()


def main() -> None:
    record_path, run_id, secs = sys.argv[1], sys.argv[2], float(sys.argv[3])
    number = int(os.environ.get("CRASH_FIRST", "0"))
    signal_secs = float(os.environ.get("CRASH_SIGNALS", "0"))
    if files := int(os.environ.get("CRASH_FILES", "0")):
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    import diorama

    run = diorama.init(project="crash", id=run_id, resume="allow" if number else None)
    record = os.open(record_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    signal.signal(signal.SIGALRM, interrupt)
    until = time.monotonic() + secs
    while time.monotonic() < until:
        scalars, pixels = scalars_of(number), image_of(number)
        digest = digest_of(scalars, pixels)
        os.write(record, RECORD.pack(INVOKE, number, digest))
        try:
            signal.setitimer(signal.ITIMER_REAL, signal_secs * (0.2 + number % 7))
            data: dict[str, object] = {**scalars, **others_of(number, diorama)}
            if pixels is not None:
                data["image"] = diorama.Image(pixels)
            run.log(data, step=number)
            signal.setitimer(signal.ITIMER_REAL, 0)
            is_returned = True
        except Interrupted:
            is_returned = False
        if is_returned:
            os.write(record, RECORD.pack(OK, number, digest))
        number += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    run.finish()


def interrupt(number: int, frame: object) -> None:
    raise Interrupted


if __name__ == "__main__":
    main()
