"""The process whose system calls fail:  python refused_trainer.py NOTES_FILE RUN_ID

After the start it says "ready" on stdout and waits for a line on stdin. It notes every call of ours that
raises as "raised ...", every promise as "flushed N" or "finished N", and every log() that returned as
"returned N".
"""

from __future__ import annotations

import os
import sys

import numpy as np
from crash_trainer import scalars_of

ENTRIES = 24


def image_of(number: int) -> np.ndarray | None:
    """A small picture for every eighth entry."""
    return np.full((16, 16, 3), number, np.uint8) if number % 8 == 3 else None


def _say(word: bytes) -> None:
    """One line on stdout, said again when it is this very write that fails: it is the test's, not ours."""
    line = word + b"\n"
    while line:
        try:
            line = line[os.write(1, line) :]
        except OSError:
            continue


def main() -> None:
    notes_path, run_id = sys.argv[1], sys.argv[2]
    import diorama

    # Opened in front: what fails afterwards is to be Diorama's, not this script's.
    notes = os.open(notes_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    pending: list[str] = []

    def note(text: str) -> None:
        pending.append(text)

    run = diorama.init(project="refused", id=run_id)
    run.log({"warm": diorama.Image(np.zeros((4, 4, 3), np.uint8))}, step=10_000)
    run.flush(wait=True, timeout_secs=60)
    data: list[dict[str, object]] = []
    for number in range(ENTRIES):
        values: dict[str, object] = dict(scalars_of(number))
        pixels = image_of(number)
        if pixels is not None:
            values["image"] = pixels
        data.append(values)
    _say(b"ready")
    sys.stdin.readline()
    for number, values in enumerate(data):
        try:
            if "image" in values:
                values["image"] = diorama.Image(values["image"])
            run.log(values, step=number)
            note(f"returned {number}")
            if number % 8 == 5 and run.flush():
                note(f"flushed {number + 1}")
        except BaseException as error:  # noqa: BLE001 whatever comes out of our calls is what is looked for
            note(f"raised {type(error).__name__}: {error}")
    try:
        run.finish()
        note(f"finished {ENTRIES}")
    except BaseException as error:  # noqa: BLE001 as above
        note(f"raised {type(error).__name__}: {error}")
    _say(b"done")
    sys.stdin.readline()  # until nothing fails any more
    os.write(notes, "".join(f"{line}\n" for line in pending).encode())
    os.close(notes)


if __name__ == "__main__":
    main()
