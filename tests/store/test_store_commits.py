"""How often the disk has to sync for what is stored."""

from __future__ import annotations

import sqlalchemy as sa
from batches import BEGAN, RUN, batch, ingest, log, start
from owner import OpenStore

from diorama.journal.entry import Config, Finish


def test_a_new_run_costs_one_commit(open_store: OpenStore) -> None:
    """Its project, its run, its writer, its config, its points and its end are one transaction."""
    service = open_store()
    ingest(service, log(0, {"x": 1}))  # a connection's first transaction looks at versions as well
    commits: list[str] = []

    def note(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("diorama_writes"):
            commits.append("commit")

    sa.event.listen(service._database._engine, "commit", note)
    for number in range(3):
        run = (*RUN[:2], f"new{number}")
        entries = [
            start(run),
            Config({"lr": number / 7}, []),
            log(0, {"loss": 0.5}),
            log(1, {"loss": 0.25, "note": "text"}),
            Finish(BEGAN + 2, 0, "finished"),
        ]
        service.ingest(batch(entries, run=run))
        assert len(commits) == number + 1
        assert service.find_run(*run).state == "finished"
    sa.event.remove(service._database._engine, "commit", note)
