"""The process whose power is cut:  python power_trainer.py NOTES_FILE RUN_ID SEED

It logs scalars, pictures, tables, clouds and two films, and says in NOTES_FILE what it was promised: a line
"flushed N" once flush() returned True (so entries 0..N-1 are safe), "finished N" once finish() returned.
"""

from __future__ import annotations

import os
import random
import sys
import time

import numpy as np
from crash_trainer import image_of, scalars_of

ENTRIES = 240


def main() -> None:
    notes_path, run_id, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    import diorama

    rng = random.Random(seed)
    notes = os.open(notes_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    run = diorama.init(project="power", id=run_id)
    film = os.path.join(os.path.dirname(notes_path), "film.mp4")
    with open(film, "wb") as file:
        file.write(b"\0\0\0\x18ftypisom" + random.Random(5).randbytes(9 << 20))
    for number in range(ENTRIES):
        data: dict[str, object] = dict(scalars_of(number))
        pixels = image_of(number)
        if pixels is not None:
            data["image"] = diorama.Image(pixels)
        if number % 60 == 7:
            data["table"] = diorama.Table(
                columns=["a", "b"], data=[[number, f"row {at}"] for at in range(20)]
            )
        if number % 60 == 31:
            data["cloud"] = diorama.Object3D(np.full((200, 3), number, np.float32))
        if number in (100, 180):
            data["film"] = diorama.Video(film, caption=str(number))
        run.log(data)
        if rng.random() < 0.05:
            is_safe = run.flush(wait=rng.random() < 0.3, timeout_secs=60)
            os.write(notes, f"{'flushed' if is_safe else 'unsure'} {number + 1}\n".encode())
        if rng.random() < 0.02:
            time.sleep(0.05)
    run.finish()
    os.write(notes, f"finished {ENTRIES}\n".encode())


if __name__ == "__main__":
    main()
