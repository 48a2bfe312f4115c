"""Every test runs strict (a fault of ours raises) and has a store of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("usual", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=12)
"""For `make check`; `make test` tries as many as the tests say. No test depends on how fast it is."""
settings.load_profile("usual")


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty DIORAMA_DIR, no settings from outside, DIORAMA_STRICT=1; the store's folder."""
    for name in list(os.environ):
        if name.startswith(("DIORAMA_", "WANDB_")):
            monkeypatch.delenv(name)
    store = tmp_path / "store"
    monkeypatch.setenv("DIORAMA_DIR", str(store))
    monkeypatch.setenv("DIORAMA_STRICT", "1")
    monkeypatch.setenv("DIORAMA_SILENT", "1")
    return store
