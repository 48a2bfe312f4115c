"""A whole run where no process can be started: its sidecar is a thread, and nobody decodes its files."""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import PIL.Image
import pytest
from owner import Service
from stand_in import stand_in

import diorama
from diorama.client import sidecar_start
from diorama.media.core import limited
from diorama.model import StoreDir
from diorama.sidecar import machine, surroundings
from diorama.store.values import blobs_in


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """No process can be started; what was tried to be."""
    tried: list[Any] = []

    def refuse(command: Any, *_: object, **__: object) -> NoReturn:
        tried.append(command)
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    for module in (limited, sidecar_start, surroundings, machine):
        monkeypatch.setattr(module, "subprocess", stand_in(subprocess, Popen=refuse, run=refuse))
    monkeypatch.setattr(limited, "START_WAITS_SECS", ())
    monkeypatch.setattr(limited, "_pool", limited._Pool())
    return tried


@pytest.mark.slow
def test_files_are_kept_and_stored_at_the_end(
    own_store: Path, tmp_path: Path, no_processes: list[Any]
) -> None:
    picture, model = tmp_path / "a.png", tmp_path / "a.obj"
    PIL.Image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 10, 3)).save(picture)
    model.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    run = diorama.init(project="p", settings={"console": "off", "sidecar": "thread"})
    for step in range(3):
        run.log(
            {
                "loss": 1.0 / (step + 1),
                "pixels": diorama.Image(np.full((8, 8, 3), step, np.uint8)),
                "picture": diorama.Image(str(picture)),
                "model": diorama.Object3D(str(model)),
                "rows": diorama.Table(columns=["a"], data=[[diorama.Image(str(picture))]]),
            }
        )
    run.finish()
    assert run._sidecar is not None
    run._sidecar.stop_thread(60)
    assert no_processes, "somebody wanted one"
    store = StoreDir(own_store)
    with Service.open(store) as service:
        assert service.find_run("local", "p", run.id).state == "finished"
    [stored] = diorama.Api(store=own_store).runs("p")
    rows = list(stored.scan_history())
    assert [row["loss"] for row in rows] == [1.0, 0.5, 1.0 / 3]
    with Service.open(store) as service:
        for row in rows:
            for key, path in (("picture", picture), ("model", model)):
                named = [service.get_blob(ref.sha256) for ref in blobs_in(row[key].record)]
                assert path.read_bytes() in named, key
