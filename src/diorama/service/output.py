"""Console lines and files of a run."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from diorama.errors import BadRequest, NotFound
from diorama.service.flatten import clean_text
from diorama.service.views import ConsoleLineView, ConsolePage, FileList, FileView
from diorama.store import schema

LINE_LIMIT = 50_000


def console_page(connection: sa.Connection, uid: int, *, offset: int, limit: int, query: str) -> ConsolePage:
    """Lines of a run, writer by writer, by number; with `query` only those that contain it (any case).

    A negative offset counts from the end: -100 is the last hundred.
    """
    if not 0 <= limit <= LINE_LIMIT:
        raise BadRequest(f"limit must lie between 0 and {LINE_LIMIT}")
    check_run(connection, uid)
    table = schema.console.c
    of_run = [table.run == uid]
    matching = [*of_run, table.text.icontains(clean_text(query), autoescape=True)] if query else of_run
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
        .order_by(table.writer, table.number)
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
    table = schema.files.c
    row = connection.execute(_select_files().where(table.run == uid, table.name == clean_text(name))).first()
    if row is None:
        raise NotFound(f"run {uid} has no file {name[:200]!r}")
    return _view_of(row)


def check_run(connection: sa.Connection, uid: int) -> None:
    """Raise NotFound if there is no such run."""
    if connection.execute(sa.select(schema.runs.c.id).where(schema.runs.c.id == uid)).first() is None:
        raise NotFound(f"no run {uid}", hint="`diorama ls` lists the runs")


def _view_of(row: sa.Row[Any]) -> FileView:
    return FileView(row.name, row.size_bytes, row.mime, row.sha256, row.time)


def _select_files() -> sa.Select[Any]:
    table = schema.files.c
    return sa.select(table.name, table.size_bytes, table.mime, table.sha256, table.time)
