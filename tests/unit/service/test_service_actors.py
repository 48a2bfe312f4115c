"""Who may ask a store: its owner, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from diorama.errors import Forbidden, NotFound
from diorama.model import OWNER, Actor, StoreDir
from diorama.service import Access, Service


def test_the_owner_may_do_everything(own_store: Path) -> None:
    with Service.open(StoreDir(own_store)) as service:
        face = service.for_(OWNER)
        assert face.actor == OWNER
        assert face.projects().projects == []


@pytest.mark.parametrize("name", ["guest", "", "Owner", "owner "])
def test_nobody_else_may_do_anything(own_store: Path, name: str) -> None:
    with Service.open(StoreDir(own_store)) as service, pytest.raises(Forbidden, match="no rights"):
        service.for_(Actor(name))


def test_a_store_answers_nothing_without_an_actor(own_store: Path) -> None:
    with Service.open(StoreDir(own_store)) as service:
        asked = {name for name in dir(Access) if not name.startswith("_")}
        assert not [name for name in asked if hasattr(service, name)]
        assert not [part for part in vars(service.for_(OWNER)).values() if isinstance(part, Service)]


def test_a_blob_is_read_through_what_names_it(own_store: Path) -> None:
    with Service.open(StoreDir(own_store)) as service:
        face = service.for_(OWNER)
        stored = face.put_blob(b"named by nothing", "text/plain")
        with pytest.raises(NotFound):
            face.get_blob(stored)
        with pytest.raises(NotFound):
            face.blob(stored.sha256)
