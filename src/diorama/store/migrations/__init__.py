"""Steps from one shape of the database to the next.

Each file `mNNNN_<what>.py` has `apply(connection)`; it runs inside the transaction that also raises
meta.schema_version, so a store is always wholly at one version. A migration says what it means in its own
words: it imports neither `store.schema`, which is the shape of today, nor anything else that may change. It
may import what will never do anything else: `sql` in this folder, and `store.seal`, the checksum of packed
bytes. A new store runs all of them. `tests/store/test_store_migrations.py` sees that they lead to
`store.schema`.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from diorama.store.migrations import (
    m0001_initial,
    m0002_sealed,
    m0003_sessions,
    m0004_side_by_side,
    m0005_owners,
    m0006_whole_indexes,
    m0007_values_by_path,
)

MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    m0001_initial.apply,
    m0002_sealed.apply,
    m0003_sessions.apply,
    m0004_side_by_side.apply,
    m0005_owners.apply,
    m0006_whole_indexes.apply,
    m0007_values_by_path.apply,
)
"""MIGRATIONS[i] leads from version i to version i + 1."""

SCHEMA_VERSION = len(MIGRATIONS)
"""The newest version; a store says its own in meta."""
