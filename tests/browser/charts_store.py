"""A store with three runs whose curves and pictures have known values, for the tests of charts and clock.

Each run logs every step of 0..2999; `loss` starts at the run's own height and falls by 1/1000 a step, with
one spike; `epoch` is a hundredth of the step; pictures come every 100 steps (every 150 in "late"). `val/last`
comes once in each run, `val/seldom` once in "late" and often in "early".
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from diorama.journal.entry import Batch, Entry, Finish, Log, Numbered, Start, System
from diorama.media import ImageRecord
from diorama.model import OWNER, StoreDir
from diorama.service import Access, Service

STEPS = 3000
HEIGHTS = {"early": 5.0, "late": 6.0, "short": 7.0}
LAST = {"early": 0.5, "late": -0.25, "short": math.nan}
SELDOM_STEP = 1000
SPIKE_STEP = 1234
BEGAN = 1_700_000_000.0


def loss(run: str, step: int) -> float:
    return HEIGHTS[run] - step / 1000 + (20.0 if step == SPIKE_STEP and run == "early" else 0.0)


def fill(store: Path) -> None:
    opened = Service.open(StoreDir(store))
    service = opened.for_(OWNER)
    for run in HEIGHTS:
        head = Start(
            entity="lab",
            project="curves",
            run=run,
            writer=run,
            pid=1,
            pid_started=BEGAN,
            time=BEGAN,
            name=run,
        )
        numbered = [Numbered(seq, entry) for seq, entry in enumerate([head, *entries_of(run, service)], 1)]
        service.ingest(Batch(("lab", "curves", run), run, numbered))
    opened.close()


def entries_of(run: str, service: Access) -> Iterator[Entry]:
    steps = STEPS // 2 if run == "short" else STEPS
    for step in range(steps):
        data: dict[str, object] = {"loss": loss(run, step), "epoch": step / 100}
        if step % 100 == 0:
            # the sign changes, and one value is no number
            data["val/gain"] = math.nan if step == 1000 else step / 1000 - 0.5
            if run == "early" or (run == "late" and step == SELDOM_STEP):
                data["val/seldom"] = 1.0 if run == "late" else 0.0
        if step == 9:
            data["val/last"] = LAST[run]
        if step % (150 if run == "late" else 100) == 0:
            data["val/picture"] = picture(service, step)
        if step == 7 and run == "early":
            data["once"] = 0.25
        yield Log(step, step, BEGAN + step, data)
    for second in range(0, 300, 10):
        yield System(BEGAN + second, {"cpu": 50.0 + second / 10, "memory_percent": 40.0})
    yield Finish(BEGAN + steps, 0, "finished")


def picture(service: Access, step: int) -> ImageRecord:
    data = io.BytesIO()
    Image.new("RGB", (32, 24), (step % 256, 80, 160)).save(data, "PNG")
    return ImageRecord(blob=service.put_blob(data.getvalue(), "image/png"), width=32, height=24)
