"""Resuming a run from wherever the store keeps it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from owner import Service

import diorama
from diorama.client.guard import Reporter
from diorama.errors import CommError
from diorama.model import StoreDir
from diorama.sidecar import drain
from diorama.sidecar.local import LocalTransport


def store_everything(folder: StoreDir) -> None:
    with Service.open(folder) as service:
        report = drain(folder, transport=LocalTransport(folder, service))
    assert not report.failed
    shutil.rmtree(
        folder.root / "journal"
    )  # of a process that lives a drain leaves it: now only the database knows


def test_a_run_in_another_database_is_found(
    own_store: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIORAMA_DATABASE_URL", postgres_url)
    quiet = {"console": "off", "sidecar": "none"}
    with pytest.raises(CommError, match="there is no run"):
        diorama.init(project="p", id="a", resume="must", settings=quiet)
    run = diorama.init(project="p", id="a", name="first", tags=["t"], config={"lr": 0.1}, settings=quiet)
    run.log({"loss": 1.5}, step=7)
    run.finish()
    store_everything(StoreDir(own_store))
    resumed = diorama.init(project="p", id="a", resume="must", settings=quiet)
    assert (resumed.name, resumed.tags, resumed.config.lr, resumed.step) == ("first", ("t",), 0.1, 8)
    assert resumed.summary["loss"] == 1.5
    resumed.finish()
    with pytest.raises(CommError, match="exists"):
        diorama.init(project="p", id="a", resume="never", settings=quiet)


def test_the_same_id_again_in_another_database_is_told(
    own_store: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIORAMA_DATABASE_URL", postgres_url)
    quiet = {"console": "off", "sidecar": "none"}
    diorama.init(project="p", id="a", settings=quiet).finish()
    store_everything(StoreDir(own_store))
    told = threading.Event()
    monkeypatch.setattr(Reporter, "tell", lambda self, code, text: code == "same-id" and told.set())
    run = diorama.init(project="p", id="a", settings=quiet)
    assert told.wait(60)
    run.finish()


def test_a_database_that_does_not_answer_is_told(own_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIORAMA_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(CommError, match="can't look for run"):
        diorama.init(project="p", id="a", resume="allow", settings={"console": "off", "sidecar": "none"})
