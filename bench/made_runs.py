"""Runs as a sidecar would ship them. It imports nothing that older versions of Diorama lack."""

from __future__ import annotations

from diorama.journal.entry import Batch, Config, Finish, Log, Numbered, Start

BEGAN = 1_700_000_000.0


def start(run: tuple[str, str, str], **fields: object) -> Start:
    """The first entry of a journal."""
    entity, project, run_id = run
    return Start(
        entity=entity,
        project=project,
        run=run_id,
        writer="w.0",
        pid=1,
        pid_started=0.0,
        time=BEGAN,
        **fields,
    )


def run_of(number: int) -> Batch:
    """A whole run in one batch."""
    run = ("local", "many", f"run{number}")
    config = {"lr": number / 7, "seed": number, "net": {"name": f"net{number % 7}", "depth": 18}}
    logged = {"loss": number / 3, "accuracy": number / 5}
    entries = [start(run), Config(config), Log(0, 0, BEGAN, logged), Finish(BEGAN + 1, 0, "finished")]
    return Batch(run, "w.0", [Numbered(place + 1, entry) for place, entry in enumerate(entries)])
