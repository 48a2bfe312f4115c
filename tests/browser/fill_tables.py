"""Fill a store with tables whose every cell is known, through the real SDK.

DIORAMA_DIR=DIR python fill_tables.py
"""

from __future__ import annotations

import numpy as np
from stored import wait_until_stored

import diorama

MANY = 200_000
STEPS = 3
WORDS = ("<img src=x onerror=alert(1)>", "plain", "two\nlines", "", "한국어")


def score(row: int, step: int) -> float:
    """Different in every row; the order of rows changes with the step."""
    return float((row * 7919 + step * 31) % 1000) + row / 1000


def mixed(step: int) -> diorama.Table:
    """Every type of value, and the values that are easily mistaken for each other."""
    table = diorama.Table(columns=["id", "word", "score", "odd", "tree", "vector"])
    numbers = [None, float("nan"), float("inf"), 0.0, -0.0]
    for row in range(150):
        odd = numbers[row] if row < len(numbers) else row / 8
        vector = np.arange(3, dtype=np.float32) + row
        table.add_data(
            2**53 + 1 if row == 0 else row, WORDS[row % 5], score(row, step), odd, {"at": row}, vector
        )
    return table


def pictures(step: int) -> diorama.Table:
    """A picture of one colour in every row but the second: red says the row, green the step."""
    table = diorama.Table(columns=["row", "picture"])
    for row in range(40):
        pixels = np.full((20, 30, 3), (row * 6, 40 + step * 40, 0), np.uint8)
        table.add_data(
            row, None if row == 1 else diorama.Image(pixels, normalize=False, caption=f"row {row}")
        )
    return table


def sounds() -> diorama.Table:
    """A sound in every row; each lasts a little longer than the one above."""
    table = diorama.Table(columns=["row", "sound"])
    for row in range(4):
        times = np.arange(800 * (row + 1)) / 8000
        table.add_data(row, diorama.Audio(np.sin(times * 3000).astype(np.float32), sample_rate=8000))
    return table


def main() -> None:
    run = diorama.init(entity="lab", project="tables", name="every")
    growing = diorama.Table(columns=["step", "loss"], log_mode="INCREMENTAL")
    for step in range(STEPS):
        for at in range(5):
            growing.add_data(step, at / 10)
        run.log({"mixed": mixed(step), "pictures": pictures(step), "growing": growing}, step=step)
    rows = np.stack([np.arange(MANY), np.arange(MANY)[::-1] * 2], axis=1)
    run.log({"many": diorama.Table(columns=["up", "down"], data=rows)}, step=0)
    wide = np.arange(20)[:, None] * 1000 + np.arange(200)[None, :]
    run.log({"wide": diorama.Table(columns=[f"c{at}" for at in range(200)], data=wide)}, step=0)
    run.log({"sounds": sounds()}, step=0)
    run.log({"none": diorama.Table(columns=["a", "b"])}, step=0)
    run.flush(wait=True)
    run.finish()
    wait_until_stored("lab", "tables")


if __name__ == "__main__":
    main()
