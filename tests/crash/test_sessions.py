"""A run that is resumed at once, while its first process is still being stored."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from processes import sidecar_pids, wait_for

import diorama
from diorama.model import StoreDir

TRAIN = """
import diorama, numpy as np
run = diorama.init(project="p", id="a", name="train", config={"of": "train"}, tags=["train"])
pictures = np.random.default_rng(0).integers(0, 255, (3, 200, 200, 3), dtype=np.uint8)
run.define_metric("score", summary="max")
for step in range(60):
    run.log({"loss": 100 + step, "score": step, **{f"p{n}": diorama.Image(pictures[n]) for n in range(3)}})
run.summary["note"] = "train"
print(run.summary["score"]["max"], flush=True)
run.finish()
"""
EVAL = """
import diorama
run = diorama.init(project="p", id="a", name="eval", resume="must", config={"of": "eval"}, tags=["eval"])
run.define_metric("score", summary="max")
run.log({"loss": 1, "score": 7})
run.summary["note"] = "eval"
print(run.summary["score"]["max"], run.summary["loss"], run.summary["note"], flush=True)
run.finish()
"""


@pytest.mark.slow
def test_the_later_session_has_the_last_word_however_late_the_first_is_stored(tmp_path: Path) -> None:
    environ = {**os.environ, "DIORAMA_DIR": str(tmp_path), "DIORAMA_SILENT": "1"}

    def _run(script: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", script],
            env=environ,
            check=True,
            capture_output=True,
            text=True,
            timeout=200,
        ).stdout.strip()

    assert _run(TRAIN) == "59"
    assert _run(EVAL) == "59 1 eval"
    # finish() hardly waits for a store on this machine: the sidecars go when all is stored.
    assert wait_for(lambda: not sidecar_pids(StoreDir(tmp_path))), "a sidecar hangs"
    run = diorama.Api(tmp_path).run("p/a")
    assert (run.name, run.config, run.tags, run.state) == ("eval", {"of": "eval"}, ["eval"], "finished")
    assert (run.summary["loss"], run.summary["note"], run.summary["score"]) == (1, "eval", {"max": 59})
    assert len(list(run.scan_history(keys=["loss"]))) == 61
