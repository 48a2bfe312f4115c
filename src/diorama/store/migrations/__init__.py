"""Steps from one shape of the database to the next.

Each file `mNNNN_<what>.py` has `apply(connection)`; it runs inside the transaction that also raises
meta.schema_version, so a store is always wholly at one version. A migration never imports
`store.schema`'s tables as they are today if it means them as they were: m0001 is the exception, because
it makes whatever the first version has.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from diorama.store.migrations import m0001_initial

MIGRATIONS: tuple[Callable[[Connection], None], ...] = (m0001_initial.apply,)
"""MIGRATIONS[i] leads from version i to version i + 1."""
