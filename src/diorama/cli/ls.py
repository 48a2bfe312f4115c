"""`diorama ls`."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from typing import TYPE_CHECKING

from diorama.cli.arguments import whole_number
from diorama.cli.terminal import format_age, format_table, format_time, store_from_option
from diorama.errors import NotFound, UsageError
from diorama.model import OWNER

if TYPE_CHECKING:
    from diorama.model import StoreDir
    from diorama.service import Access
    from diorama.service.views import ProjectList, RunList

SUMMARY = "list projects, or the runs of one"
EXAMPLES = (
    ("diorama ls", "all projects"),
    ("diorama ls digits", "the runs of a project, newest first"),
    ("diorama ls digits --query 'lr < 0.01, state:finished'", "some of them"),
    ("diorama ls digits --json | jq '.runs[].name'", "for scripts"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", nargs="?", metavar="PROJECT", help='a project, "name" or "entity/name"')
    parser.add_argument(
        "--query", default="", metavar="Q", help="only runs that match, as in the UI's search"
    )
    parser.add_argument("--sort", default="-created_at", metavar="PATH", help="default: %(default)s")
    parser.add_argument(
        "--limit", type=whole_number, default=50, metavar="N", help="at most N runs (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, as the API answers it")


def run(options: argparse.Namespace) -> int:
    """List the projects of a store, or the runs of one project."""
    import msgspec

    from diorama.service import Service

    store_dir = store_from_option(options.store)
    if not store_dir.database.exists():
        raise _no_store(store_dir, options.store)
    if options.limit < 1:
        raise UsageError("--limit must be 1 or more")
    with Service.open(store_dir) as opened:
        service = opened.for_(OWNER)
        if options.project is None:
            projects = service.projects()
            text = _project_table(projects)
            answer: ProjectList | RunList = projects
        else:
            entity, name = _find_project(service, options.project)
            runs = service.runs(entity, name, query=options.query, sort=options.sort, limit=options.limit)
            text = run_table(runs) + ("" if runs.runs else _searched_texts(options.query))
            _tell_of_sort(options.sort, runs)
            answer = runs
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")
    else:
        print(text)
    return 0


def _no_store(store_dir: StoreDir, option: str | None) -> NotFound:
    """What to do where nothing is stored yet: journals may wait."""
    from diorama.sidecar.leftovers import list_tokens, outboxes

    roots = [store_dir.journal, *(root for _, root in outboxes(store_dir))]
    if any(list_tokens(root) for root in roots):
        command = "diorama sync" + (f" --store {shlex.quote(option)}" if option is not None else "")
        hint = f"what was logged waits in its journals; `{command}` stores it"
    else:
        hint = "log something, or try `diorama demo`"
    return NotFound(f"there is no store in {store_dir.root} yet", hint=hint)


def _searched_texts(query: str) -> str:
    """For a search that has found nothing: which of its words were no conditions."""
    from diorama.service.filter import searched_texts

    texts = searched_texts(query)
    if not texts:
        return ""
    return f"; searched as text: {', '.join(map(repr, texts))}"


def _tell_of_sort(sort: str, runs: RunList) -> None:
    """Say so where the order is by something that no run has."""
    from diorama.service.runs import is_known_order

    if runs.total and not is_known_order(sort, runs.columns):
        print(f"no run of this project has a value {sort.lstrip('+-')!r} to sort by", file=sys.stderr)


def _find_project(service: Access, wanted: str) -> tuple[str, str]:
    """The (entity, name) that `wanted` means. NotFound or UsageError when that is none or several."""
    known = [(project.entity, project.name) for project in service.projects().projects]
    found = [pair for pair in known if wanted in (pair[1], f"{pair[0]}/{pair[1]}")]
    if not found:
        raise NotFound(f"there is no project {wanted!r}", hint="`diorama ls` lists them")
    if len(found) > 1:
        names = ", ".join(f"{entity}/{name}" for entity, name in found)
        raise UsageError(f"{wanted!r} is the name of {len(found)} projects", hint=f"say which: {names}")
    return found[0]


def _project_table(projects: ProjectList) -> str:
    now = time.time()
    if not projects.projects:
        return "no projects yet"
    return format_table(
        ("PROJECT", "RUNS", "RUNNING", "LAST ACTIVITY"),
        [
            (
                f"{project.entity}/{project.name}",
                str(project.run_count),
                str(project.running_count),
                f"{format_age(now - project.last_activity_at)} ago",
            )
            for project in projects.projects
        ],
    )


def run_table(runs: RunList) -> str:
    """Runs as lines of a terminal, and how many more there are."""
    if not runs.runs:
        return "no runs" if not runs.total else f"none of {runs.total} runs matches"
    table = format_table(
        ("ID", "NAME", "STATE", "CREATED", "RUNTIME", "STEP"),
        [
            (
                run.id,
                run.name,
                "lost contact" if run.is_stale else run.state,
                format_time(run.created_at),
                format_age(run.runtime_secs),
                "" if run.last_step is None else str(run.last_step),
            )
            for run in runs.runs
        ],
    )
    hidden = runs.matched - len(runs.runs)
    return table + (f"\n{hidden} more; --limit shows them" if hidden > 0 else "")
