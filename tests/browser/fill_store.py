"""Fill a store with small runs of every kind of thing that the UI shows, through the real SDK.

    DIORAMA_DIR=DIR python fill_store.py [PROJECT]

Two plain runs, and one whose every text is an attempt to run a script in the page.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from stored import wait_until_stored

import diorama
from diorama.journal.entry import Batch, File, Numbered, Start
from diorama.media import FileRecord
from diorama.model import OWNER, StoreDir
from diorama.service import Access, Service

STEPS = 60
CANARY = '<img src=x onerror="window.__xss=1"><script>window.__xss=1</script>'
LABELS = {0: "sky", 1: "road", 2: "car"}


def scene(rng: np.random.Generator, sure: float) -> diorama.Image:
    """A picture with a mask and a box, less noisy the surer the model is."""
    pixels = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
    mask = np.zeros((48, 64), dtype=np.uint8)
    mask[24:] = 1
    mask[16:32, 20:40] = 2
    mask[rng.random(mask.shape) > sure] = 0
    box = {
        "position": {"minX": 0.3, "maxX": 0.6, "minY": 0.3, "maxY": 0.7},
        "class_id": 2,
        "scores": {"score": sure},
        "box_caption": f"car {sure:.2f}",
    }
    return diorama.Image(
        pixels,
        caption="a scene",
        masks={"prediction": {"mask_data": mask, "class_labels": LABELS}},
        boxes={"detections": {"box_data": [box], "class_labels": LABELS}},
    )


def train(project: str, name: str, lr: float, tags: list[str], notes: str) -> None:
    rng = np.random.default_rng(7)
    config = {
        "lr": lr,
        "batch_size": 16,
        "model": {"name": "tiny", "depth": 3, "note": notes},
        "__proto__": {"polluted": True},
    }
    run = diorama.init(entity="lab", project=project, name=name, tags=tags, notes=notes, config=config)
    for step in range(STEPS):
        run.log({"train/loss": 1 / (step + 1) + lr, "train/lr": lr * (1 - step / STEPS)}, step=step)
        if step % 10 == 0:
            done = (step + 10) / STEPS
            run.log(
                {
                    "val/accuracy": done * (1 - lr),
                    "val/scenes": [scene(rng, done) for _ in range(2)],
                    "weights/first": diorama.Histogram(rng.normal(size=200) * (1 + done)),
                    "sample": notes,
                },
                step=step,
            )
            print(f"step {step} of {STEPS}: {notes}")
    print("one line for stderr", file=sys.stderr)
    run.summary["best"] = {"accuracy": 0.9, "text": notes}
    run.flush(wait=True)
    run.finish()


def add_files(service: Access, project: str) -> None:
    """Files come from a writer beside the training process."""
    found = service.runs("lab", project, query="baseline").runs[0]
    start = Start(
        entity="lab",
        project=project,
        run=found.id,
        writer="files",
        pid=1,
        pid_started=0.0,
        time=time.time(),
        is_secondary=True,
    )
    page = service.put_blob(b"<script>parent.window.__xss=1</script>", "text/html")
    notes = service.put_blob(b"line one\nline two\n", "text/plain")
    named = {"notes/readme.txt": notes, f"{CANARY}.html".replace("/", "|"): page}
    entries = [start, *(File(name, FileRecord(blob=blob, name=name)) for name, blob in named.items())]
    numbered = [Numbered(seq, entry) for seq, entry in enumerate(entries, start=1)]
    service.ingest(Batch(run=("lab", project, found.id), writer="files", entries=numbered))


def main() -> None:
    project = sys.argv[1] if len(sys.argv) > 1 else "scenes"
    train(project, "baseline", 0.001, ["base", "kept"], "the usual recipe")
    train(project, "wide", 0.1, ["base"], "twice as wide")
    train(project, CANARY, 0.5, [CANARY], CANARY)
    wait_until_stored("lab", project)
    opened = Service.open(StoreDir.from_environ())
    service = opened.for_(OWNER)
    add_files(service, project)
    opened.close()


if __name__ == "__main__":
    main()
