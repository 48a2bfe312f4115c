"""`diorama sync`."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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
    ("diorama sync --refused", "what a store has refused, once more: after an update, or to another one"),
)

_PROGRESS_EVERY = 1000
_HERE = "this machine's store"


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
        help="to this server (default: where each run was meant to go: a server, or the store here)",
    )
    parser.add_argument(
        "--refused",
        action="store_true",
        help="instead, offer the entries that were refused once more: to a store that was mended, or another",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be stored")


def run(options: argparse.Namespace) -> int:
    """Store what journals hold and nobody has stored: of offline runs, of killed processes, of a server
    that was away. Nothing is stored twice, and a journal is removed once all of it is stored.

    Runs go where they were meant to go when they began: to the server of that time, or to the store on
    this machine; --url changes that. The key for a server is taken from DIORAMA_API_KEY. Where runs for
    several servers wait, it is used for the one that --url or DIORAMA_URL names, and for no other; what it
    was not used for is said, on stderr.

    An entry that a store refuses (a value that its database can't hold, a blob over its limit) is put aside,
    whole, in the folder `refused` of the journals; --refused offers those entries again.

    Journals that a process of their own is storing right now are left to it; how much waits there, and what
    the process was told last by the store, is said. The exit code is 1 if something could not be stored; it
    stays where it is then, and the next sync tries again."""
    from diorama.sidecar.descriptors import raise_descriptor_limit
    from diorama.sidecar.destination import transport_to
    from diorama.sidecar.leftovers import DrainReport, drain

    raise_descriptor_limit()
    store_dir = store_from_option(options.store)
    places = _places(options.paths, store_dir, options.url)
    if options.dry_run:
        return _tell_what_waits(places, is_refused=options.refused)
    report = DrainReport()
    progress = _Progress()
    try:
        for place in places:
            transport = transport_to(
                store_dir, place.url, _key_for(place, options.url, places, is_refused=options.refused)
            )
            try:
                report.add(
                    drain(
                        store_dir,
                        journal_root=place.root,
                        tokens=place.tokens,
                        transport=transport,
                        is_refused=options.refused,
                        on_progress=progress.show,
                    )
                )
            finally:
                transport.close()
    finally:
        progress.clear()
    served = _served(places, is_refused=options.refused) if report.skipped_live else {}
    _tell(report, served)
    is_in_trouble = any(waiting.troubles for waiting in served.values())
    return 1 if report.failed or report.refused or is_in_trouble else 0


class _Place(NamedTuple):
    """Journals to bring in: those of `tokens` (None: all) below `root`, to the server at `url` or, without
    one, to the store on this machine."""

    root: Path
    tokens: set[str] | None
    url: str | None


def _places(paths: list[Path], store_dir: StoreDir, url: str | None) -> list[_Place]:
    from diorama.journal.reader import list_segments
    from diorama.sidecar.leftovers import outboxes
    from diorama.sidecar.pump import token_of

    own_url = {root: own for own, root in outboxes(store_dir)}
    if not paths:
        local = [_Place(store_dir.journal, None, url)] if store_dir.journal.is_dir() else []
        return local + [_Place(root, None, url or own) for root, own in own_url.items()]
    places: list[_Place] = []
    for path in (path.expanduser().absolute() for path in paths):
        if not path.is_dir():
            raise NotFound(f"there is no folder {path}", hint="name a folder of journals, or nothing")
        token = token_of(path.name)
        if token is not None and list_segments(path):
            places.append(_Place(path.parent, {token}, url or own_url.get(path.parent)))
        else:
            root = path / "journal" if (path / "journal").is_dir() else path
            places.append(_Place(root, None, url or own_url.get(root)))
    return places


def _key_for(place: _Place, asked_url: str | None, places: list[_Place], *, is_refused: bool) -> str | None:
    """The key in the environment, for the one server that it can be meant for: never for another. Says so
    where journals wait and get no key."""
    key = os.environ.get("DIORAMA_API_KEY")
    if not key or place.url is None:
        return None
    named = asked_url or os.environ.get("DIORAMA_URL")
    meant_for = {url.rstrip("/") for url in ([named] if named else [one.url for one in places]) if url}
    if meant_for == {place.url.rstrip("/")}:
        return key
    from diorama.sidecar.leftovers import list_tokens

    if list_tokens(_root_of(place, is_refused=is_refused)):
        why = (
            f"DIORAMA_URL names another server, {named}"
            if named
            else f"this machine has runs for {len(meant_for)} servers, and nothing says which one it is for"
        )
        print(
            f"the key of DIORAMA_API_KEY was not used for {printable(place.url)}, because {printable(why)}; "
            f"use `diorama sync --url {printable(place.url)} {printable(shlex.quote(str(place.root)))}`",
            file=sys.stderr,
        )
    return None


def _root_of(place: _Place, *, is_refused: bool) -> Path:
    from diorama.sidecar.refuse import refused_root

    return refused_root(place.root) if is_refused else place.root


class _Served(NamedTuple):
    """What waits for one server or store and is left to the processes that are storing it. troubles: why
    that store did not take it when it was tried last."""

    entries: list[int]
    runs: set[tuple[str, str, str]]
    troubles: set[str]


def _served(places: list[_Place], *, is_refused: bool) -> dict[str, _Served]:
    """By where it is to go."""
    from diorama.journal.folder import parked_reason
    from diorama.sidecar.leftovers import list_waiting

    found: dict[str, _Served] = {}
    for place in places:
        for waiting in list_waiting(_root_of(place, is_refused=is_refused), place.tokens):
            if waiting.is_served and waiting.run is not None and waiting.entries:
                served = found.setdefault(place.url or _HERE, _Served([], set(), set()))
                served.entries.append(waiting.entries)
                served.runs.add(waiting.run)
                served.troubles.update({parked_reason(waiting.directory)} - {""})
    return found


def _tell_what_waits(places: list[_Place], *, is_refused: bool) -> int:
    from diorama.journal.folder import parked_reason
    from diorama.sidecar.leftovers import list_waiting

    rows: list[tuple[str, ...]] = []
    code = 0
    for place in places:
        for waiting in list_waiting(_root_of(place, is_refused=is_refused), place.tokens):
            code = 1 if waiting.trouble else code
            run = "/".join(waiting.run) if waiting.run else "?"
            note = waiting.trouble or ("being stored now" if waiting.is_served else "")
            if waiting.is_served and not waiting.trouble:
                note = parked_reason(waiting.directory) or note
            where = place.url or _HERE
            rows.append((run, str(waiting.entries), str(waiting.lost), where, waiting.directory.name, note))
    print(
        format_table(("RUN", "ENTRIES", "DAMAGED", "TO", "JOURNAL", ""), rows)
        if rows
        else "nothing waits to be stored"
    )
    return code


def _tell(report: DrainReport, served: dict[str, _Served]) -> None:
    rows = [
        ("/".join(run), str(tally.entries), str(tally.lost), str(tally.refused))
        for run, tally in sorted(report.tallies.items())
        if tally.entries or tally.lost or tally.refused
    ]
    if rows:
        print(format_table(("RUN", "ENTRIES", "DAMAGED", "REFUSED"), rows))
        print(f"stored {report.entries} entries of {len(rows)} runs")
    elif not report.failed and not served:
        print("nothing was waiting to be stored")
    if report.lost:
        print(f"{report.lost} entries were damaged on disk; their runs' warnings name them", file=sys.stderr)
    if report.refused:
        hint = "they are kept, and `diorama sync --refused` offers them again"
        print(f"{report.refused} entries were refused; {hint}", file=sys.stderr)
    for where, waiting in served.items():
        many = f"{sum(waiting.entries)} entries of {len(waiting.runs)} runs"
        text = f"{many} wait for {where}; they are left to the process that is storing them"
        if waiting.troubles:
            text += f", which could not store them: {'; '.join(sorted(waiting.troubles))}"
        print(printable(text), file=sys.stderr)
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
