"""A newer Diorama migrates a store that an older one has open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from batches import ingest, log, rows_of
from conftest import OpenStore
from owner import Service

from diorama.errors import TooNew
from diorama.service.views import RunPatch
from diorama.store import database as databases
from diorama.store.migrations import MIGRATIONS, SCHEMA_VERSION


def rename_column(connection: sa.Connection) -> None:
    connection.execute(sa.text("ALTER TABLE chunks RENAME COLUMN count TO point_count"))


def change_what_a_value_means(connection: sa.Connection) -> None:
    connection.execute(sa.text("UPDATE runs SET last_step = last_step + 1000"))


@contextmanager
def newer_diorama(migrate: Callable[[sa.Connection], None]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(databases, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
        patch.setattr(databases, "MIGRATIONS", (*MIGRATIONS, migrate))
        yield


@pytest.mark.parametrize("migrate", [rename_column, change_what_a_value_means])
def test_who_has_a_store_open_notices_a_migration(
    migrate: Callable[[sa.Connection], None], open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads and whoever writes is told so, also where no statement would fail."""
    old = open_store()
    uid = ingest(old, log(0, {"x": 1}))
    assert rows_of(old, uid) == [{"_step": 0, "x": 1}]
    if migrate is change_what_a_value_means:
        monkeypatch.setattr(databases, "LOOK_SECS", 0.0)  # else PostgreSQL's readers may take a second
        assert old.run(uid).run.last_step == 0
    with newer_diorama(migrate):
        open_store()
    asks: list[Callable[[Service], object]] = [
        lambda service: rows_of(service, uid),
        lambda service: service.run(uid),
        lambda service: service.keys([uid]),
        lambda service: service.version(),
        lambda service: service.patch_run(uid, RunPatch(name="new")),
        lambda service: service.delete_runs([uid]),
        lambda service: ingest(service, log(1, {"x": 2}), writer="w.1"),
    ]
    for ask in asks:
        with pytest.raises(TooNew, match=f"version {SCHEMA_VERSION + 1}"):
            ask(old)
