"""`diorama sync`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from diorama.cli.terminal import format_table, printable, store_from_option
from diorama.errors import NotFound

if TYPE_CHECKING:
    from diorama.model import StoreDir
    from diorama.sidecar.leftovers import DrainReport

SUMMARY = "store what offline, interrupted or killed runs have left in their journals"
EXAMPLES = (
    ("diorama sync", "everything that this machine has not stored yet"),
    ("diorama sync --dry-run", "what would be stored"),
    ("diorama sync --url https://lab.example", "to a server; the key is in DIORAMA_API_KEY"),
    ("diorama sync /scratch/job7/journal", "a journal that came from another machine"),
)

_PROGRESS_EVERY = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="a folder of journals, or one writer's folder in it (default: all journals of the store)",
    )
    parser.add_argument(
        "--url",
        default=os.environ.get("DIORAMA_URL"),
        help="to this server (default: $DIORAMA_URL, else the store)",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be stored")


def run(options: argparse.Namespace) -> int:
    """Store what journals hold and nobody has stored: of offline runs, of killed processes, of a server
    that was away. Nothing is stored twice, and a journal is removed once all of it is stored.

    Journals that a running training process is storing right now are left to it. The exit code is 1 if
    something could not be stored; it stays where it is then, and the next sync tries again."""
    from diorama.sidecar.leftovers import DrainReport, drain
    from diorama.sidecar.ship import transport_to

    store_dir = store_from_option(options.store)
    places = _places(options.paths, store_dir)
    if options.dry_run:
        return _tell_what_waits(places)
    report = DrainReport()
    progress = _Progress()
    transport = transport_to(store_dir, options.url, os.environ.get("DIORAMA_API_KEY"))
    try:
        for root, tokens in places:
            report.add(
                drain(
                    store_dir,
                    journal_root=root,
                    tokens=tokens,
                    transport=transport,
                    on_progress=progress.show,
                )
            )
    finally:
        transport.close()
        progress.clear()
    _tell(report, where=options.url or str(store_dir.root))
    return 1 if report.failed or report.refused else 0


def _places(paths: list[Path], store_dir: StoreDir) -> list[tuple[Path, set[str] | None]]:
    """(journal root, tokens or None for all) of what the user named."""
    from diorama.journal.reader import list_segments
    from diorama.sidecar.leftovers import journal_roots
    from diorama.sidecar.pump import token_of

    if not paths:
        return [(root, None) for root in journal_roots(store_dir)]
    places: list[tuple[Path, set[str] | None]] = []
    for path in (path.expanduser().absolute() for path in paths):
        if not path.is_dir():
            raise NotFound(f"there is no folder {path}", hint="name a folder of journals, or nothing")
        token = token_of(path.name)
        if token is not None and list_segments(path):
            places.append((path.parent, {token}))
        else:
            places.append((path / "journal" if (path / "journal").is_dir() else path, None))
    return places


def _tell_what_waits(places: list[tuple[Path, set[str] | None]]) -> int:
    from diorama.sidecar.leftovers import list_waiting

    rows: list[tuple[str, ...]] = []
    code = 0
    for root, tokens in places:
        for waiting in list_waiting(root, tokens):
            code = 1 if waiting.trouble else code
            run = "/".join(waiting.run) if waiting.run else "?"
            note = waiting.trouble or ("being stored now" if waiting.is_served else "")
            rows.append((run, str(waiting.entries), str(waiting.lost), waiting.directory.name, note))
    print(
        format_table(("RUN", "ENTRIES", "DAMAGED", "JOURNAL", ""), rows)
        if rows
        else "nothing waits to be stored"
    )
    return code


def _tell(report: DrainReport, *, where: str) -> None:
    rows = [
        ("/".join(run), str(tally.entries), str(tally.lost), str(tally.refused))
        for run, tally in sorted(report.tallies.items())
        if tally.entries or tally.lost or tally.refused
    ]
    if rows:
        print(format_table(("RUN", "ENTRIES", "DAMAGED", "REFUSED"), rows))
        print(f"stored {report.entries} entries of {len(rows)} runs in {printable(where)}")
    elif not report.failed:
        print("nothing was waiting to be stored")
    if report.lost:
        print(f"{report.lost} entries were damaged on disk; their runs' warnings name them", file=sys.stderr)
    if report.skipped_live:
        print(f"{report.skipped_live} journals are being stored by their own process", file=sys.stderr)
    for failure in report.failed:
        print(f"not stored: {printable(failure)}", file=sys.stderr)


class _Progress:
    """One line on stderr that counts up, on a terminal only."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._next_at = _PROGRESS_EVERY

    def show(self, report: DrainReport) -> None:
        if self._is_shown and report.entries >= self._next_at:
            self._next_at = report.entries + _PROGRESS_EVERY
            print(f"\r{report.entries} entries stored ...", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._is_shown and self._next_at > _PROGRESS_EVERY:
            print("\r\x1b[K", end="", file=sys.stderr)
