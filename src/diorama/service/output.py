"""Console lines and files of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from diorama.errors import BadRequest, NotFound
from diorama.journal.entry import ConsoleLine
from diorama.service.flatten import column_text
from diorama.service.views import ConsoleLineView, ConsolePage, FileList, FileView
from diorama.store import schema
from diorama.store.database import Database
from diorama.store.live_runs import live_uids

LINE_LIMIT = 50_000
TEXT_LIMIT_CHARS = 100_000
"""Of a console line, a warning, notes."""


def store_lines(
    connection: sa.Connection,
    database: Database,
    lines: Mapping[int, ConsoleLine],
    *,
    run: int,
    session: int,
    writer_number: int,
) -> None:
    """Store lines of a writer by their numbers; a line that is there already keeps its place."""
    table = schema.console.c
    began_at = connection.execute(
        sa.select(table.began_at)
        .where(table.run == run, table.writer == writer_number)
        .order_by(table.number.desc())
        .limit(1)
    ).scalar()
    rows: list[dict[str, Any]] = []
    for number in sorted(lines):
        line = lines[number]
        # Inside a writer the numbers decide, whatever its clock does.
        began_at = line.time if began_at is None else max(began_at, line.time)
        rows.append(
            {
                "run": run,
                "writer": writer_number,
                "number": number,
                "session": session,
                "began_at": began_at,
                "time": line.time,
                "stream": line.stream,
                "text": column_text(line.text[:TEXT_LIMIT_CHARS]),
            }
        )
    connection.execute(
        database.upsert(schema.console, index=["run", "writer", "number"], update=["time", "stream", "text"]),
        rows,
    )


def console_page(connection: sa.Connection, uid: int, *, offset: int, limit: int, query: str) -> ConsolePage:
    """Lines of a run, session by session, in the order in which they began; with `query` only those that
    contain it (any case).

    A negative offset counts from the end: -100 is the last hundred.
    """
    if not 0 <= limit <= LINE_LIMIT:
        raise BadRequest(f"limit must lie between 0 and {LINE_LIMIT}")
    check_run(connection, uid)
    table = schema.console.c
    of_run = [table.run == uid]
    matching = [*of_run, table.text.icontains(column_text(query), autoescape=True)] if query else of_run
    total = connection.execute(
        sa.select(sa.func.count()).select_from(schema.console).where(*of_run)
    ).scalar_one()
    matched = total
    if query:
        matched = connection.execute(
            sa.select(sa.func.count()).select_from(schema.console).where(*matching)
        ).scalar_one()
    offset = max(0, matched + offset) if offset < 0 else offset
    rows = connection.execute(
        sa.select(table.number, table.time, table.stream, table.text)
        .where(*matching)
        .order_by(table.session, table.began_at, table.writer, table.number)
        .offset(offset)
        .limit(limit)
    )
    return ConsolePage([ConsoleLineView(*row) for row in rows], offset, matched, total)


def list_files(connection: sa.Connection, uid: int) -> FileList:
    """The files of a run, by name."""
    check_run(connection, uid)
    table = schema.files.c
    rows = connection.execute(_select_files().where(table.run == uid).order_by(table.name))
    return FileList([_view_of(row) for row in rows])


def find_file(connection: sa.Connection, uid: int, name: str) -> FileView:
    """A file of a run. Raises NotFound."""
    check_run(connection, uid)
    table = schema.files.c
    row = connection.execute(_select_files().where(table.run == uid, table.name == column_text(name))).first()
    if row is None:
        raise NotFound(f"run {uid} has no file {name[:200]!r}")
    return _view_of(row)


def check_run(connection: sa.Connection, uid: int) -> None:
    """Raise NotFound if there is no such run."""
    if not live_uids(connection, [uid]):
        raise NotFound(f"no run {uid}", hint="`diorama ls` lists the runs")


def _view_of(row: sa.Row[Any]) -> FileView:
    return FileView(row.name, row.size_bytes, row.mime, row.sha256, row.time)


def _select_files() -> sa.Select[Any]:
    table = schema.files.c
    return sa.select(table.name, table.size_bytes, table.mime, table.sha256, table.time)
