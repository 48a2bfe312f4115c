"""`with_hint(table, "INDEXED BY name", "sqlite")` of a select: SQLAlchemy alone writes no hints for SQLite.

Syntax: https://www.sqlite.org/lang_indexedby.html
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler


class _WithHints(SQLiteCompiler):
    def get_from_hint_text(self, table: sa.FromClause, text: str | None) -> str | None:
        return text


def write_index_hints(engine: sa.Engine) -> None:
    """Make an engine of SQLite write the hints of its statements."""
    engine.dialect.statement_compiler = _WithHints
