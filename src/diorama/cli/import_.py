"""`diorama import`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from diorama.cli.terminal import format_table, printable, store_from_option
from diorama.errors import DioramaError, NotFound, UsageError
from diorama.model import DEFAULT_ENTITY, DEFAULT_PROJECT

if TYPE_CHECKING:
    from diorama.plugins import ImportedRun, Importer
    from diorama.sidecar.imports import ImportTally

SUMMARY = "bring in what other programs have logged, by an importer of a plugin"
EXAMPLES = (
    ("diorama import", "list the importers that are installed"),
    ("diorama import csv-log logs/ --project old", "the runs in a folder of CSV files"),
    ("diorama import csv-log a.csv b.csv", "several files"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("importer", nargs="?", metavar="IMPORTER", help="which one; without it, list them")
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="what to read")
    parser.add_argument("--project", default=DEFAULT_PROJECT, help="for the runs (default: %(default)s)")
    parser.add_argument("--entity", default=DEFAULT_ENTITY, help="for the project (default: %(default)s)")
    parser.add_argument(
        "--url", help="to this server; the key is in DIORAMA_API_KEY (default: the store here)"
    )


def run(options: argparse.Namespace) -> int:
    """Bring runs of other programs into the store. Plugins have the importers; docs/plugins.md says how to
    write one.

    Nothing is stored twice: what an earlier import of the same run has stored is passed over, and what has
    come since is added. The exit code is 1 if something could not be imported; another import goes on there.
    """
    if options.importer is None:
        return _list_importers()
    if not options.paths:
        raise UsageError("name what to import", hint=f"diorama import {options.importer} PATH")
    from diorama.sidecar.destination import transport_to
    from diorama.sidecar.imports import RunImport
    from diorama.sidecar.transport import Unavailable

    plugin, importer = _find_importer(options.importer)
    transport = transport_to(store_from_option(options.store), options.url, os.environ.get("DIORAMA_API_KEY"))
    tallies: list[ImportTally] = []
    failures: list[str] = []
    try:
        for path in options.paths:
            try:
                for found in _runs_at(path, importer):
                    work = RunImport(
                        transport, f"{plugin}-{importer.name}", options.entity, options.project, found
                    )
                    tallies.append(work.tally)
                    work.run(on_progress=_show)
            except Unavailable:
                raise
            except DioramaError as error:
                failures.append(f"{path}: {error}")
    finally:
        transport.close()
        _clear()
    _tell(tallies, failures)
    return 1 if failures else 0


def _runs_at(path: Path, importer: Importer) -> Iterable[ImportedRun]:
    """What an importer finds; whatever it raises becomes a DioramaError."""
    if not path.exists():
        raise NotFound(f"there is no {path}")
    try:
        yield from importer.read(path)
    except DioramaError:
        raise
    except Exception as error:
        raise DioramaError(f"{importer.name} can't read it: {type(error).__name__}: {error}") from error


def _list_importers() -> int:
    from diorama.media.plugin.catalog import describe_plugins

    described = describe_plugins()
    rows = [(name, plugin.name, summary) for plugin in described for name, summary in plugin.importers]
    print(format_table(("IMPORTER", "PLUGIN", "READS"), rows) if rows else "no importers are installed")
    for plugin in described:
        if plugin.trouble:
            print(f"the plugin {plugin.name}: {printable(plugin.trouble)}", file=sys.stderr)
    return 0


def _find_importer(wanted: str) -> tuple[str, Importer]:
    """(plugin, importer) of "csv-log", or of "palette:csv-log" where two plugins have one of that name."""
    from diorama.media.plugin.catalog import describe_plugins
    from diorama.media.plugin.kinds import checked_kinds

    found = [
        (plugin.name, name)
        for plugin in describe_plugins()
        for name, _ in plugin.importers
        if wanted in (name, f"{plugin.name}:{name}")
    ]
    if not found:
        raise NotFound(f"there is no importer {wanted!r}", hint="`diorama import` lists them")
    if len(found) > 1:
        named = ", ".join(f"{plugin}:{name}" for plugin, name in found)
        raise UsageError(f"{len(found)} plugins have an importer {wanted!r}", hint=f"say which: {named}")
    [(plugin, name)] = found
    return plugin, next(one for one in checked_kinds(plugin).importers if one.name == name)


def _tell(tallies: list[ImportTally], failures: list[str]) -> None:
    rows = [
        (str(tally.key), str(tally.rows), str(tally.new_rows), str(tally.failed_media)) for tally in tallies
    ]
    if rows:
        print(format_table(("RUN", "ROWS", "NEW", "MEDIA NOT ENCODED"), rows))
    elif not failures:
        print("nothing was found to import")
    for failure in failures:
        print(f"not imported: {printable(failure)}", file=sys.stderr)


def _show(tally: ImportTally) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{printable(str(tally.key))}: {tally.rows} rows", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
