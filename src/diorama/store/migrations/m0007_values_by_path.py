"""Version 7: with SQLite, the index that repeats `run_values` has the values of a path side by side.

Lists of runs read one path of all runs; they had to look it up in each run.
"""

from __future__ import annotations

from sqlalchemy import Connection

from diorama.store.migrations.sql import mirror


def apply(connection: Connection) -> None:
    """What is stored means the same as before, and the index keeps its name, which statements of version 6
    have in them: its processes need not be waited for."""
    mirror(connection, "run_values", ("path", "run", "exact", "type", "number", "text", "folded"))
