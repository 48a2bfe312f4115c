"""The list of a project with very many runs: `python -m bench run_lists [--runs 100000] [--postgres URL]`.

Filters, orders and pages as the page and scripts ask for them, p50 and p95 in milliseconds of --rounds. A few
runs are ingested; their rows are copied in SQL, with other numbers, until there are --runs of them. The limit
measured in the same run is one pass of the database over the project's runs and their names, which any list
without a fitting index needs: a ratio of 1 is as fast as that. The bound: a p95 of 300 ms at 100,000 runs.
--postgres is the URL of an empty database (postgresql+psycopg://...); what is in it is not removed.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.read import BEGAN, say, start
from diorama.journal.entry import Batch, Config, Finish, Log, Numbered
from diorama.model import OWNER, StoreDir
from diorama.service import Access, Service
from diorama.store import schema

PROJECT = ("local", "lists")
TEMPLATES = 50
AT_ONCE = 2_000

ASKED: dict[str, dict[str, Any]] = {
    "the newest 100": {},
    "page 900": {"offset": 90_000},
    "sorted by loss": {"sort": "summary.loss"},
    "sorted by lr, descending": {"sort": "-config.lr"},
    "sorted by name": {"sort": "name"},
    "lr<0.1": {"query": "lr<0.1"},
    "lr<0.9 net.name=net3": {"query": "lr<0.9 net.name=net3"},
    "lr<0.9, sorted by loss": {"query": "lr<0.9", "sort": "summary.loss"},
    "net.name!=net3": {"query": "net.name!=net3"},
    "net.name~ET3": {"query": "net.name~ET3"},
    "text": {"query": "run-77"},
    "tag:t3": {"query": "tag:t3"},
    "-tag:t3 state:finished": {"query": "-tag:t3 state:finished"},
    "$in": {"where": {"config.net.name": {"$in": ["net1", "net2", "net3"]}}},
    "$or": {"where": {"$or": [{"config.lr": {"$lt": 0.1}}, {"summary.loss": {"$gt": 0.9}}]}},
    "$exists false": {"where": {"config.rare": {"$exists": False}}},
    "$exists true": {"where": {"config.net": {"$exists": True}}},
    "$regex": {"where": {"display_name": {"$regex": "^run-[0-9]*7$"}}},
    "$regex of a leaf": {"where": {"config.net.name": {"$regex": "net[1-3]"}}},
    "an element of a list": {"where": {"config.layers": 64}},
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--postgres", metavar="URL")
    parser.add_argument("--only", nargs="+", choices=list(ASKED), metavar="NAME", default=list(ASKED))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="diorama-bench-") as folder:
        environ = {"DIORAMA_DATABASE_URL": options.postgres} if options.postgres else {}
        with Service.open(StoreDir(Path(folder)), environ=environ) as store:
            service = store.for_(OWNER)
            began = time.perf_counter()
            fill(service, options.runs)
            say(f"{options.runs:,} runs made", f"{time.perf_counter() - began:.0f} s")
            limit = statistics.median(times_of(lambda: one_pass(service), options.rounds))
            say("one pass over the runs and their names", f"p50 {limit:.0f} ms")
            for name in options.only:
                measure(service, name, limit, options.rounds)


def fill(service: Access, count: int) -> None:
    """Ingest a few runs and copy their rows until there are `count` runs."""
    for number in range(TEMPLATES):
        run = (*PROJECT, f"template{number}")
        config = {
            **{f"option{index}": index * number for index in range(8)},
            "lr": number / TEMPLATES,
            "net": {"name": f"net{number % 10}", "depth": number % 5},
            "layers": [32, 64 if number % 3 else 65, number],
            **({"rare": 1} if number == 7 else {}),
        }
        data = {"loss": number / TEMPLATES, **{f"metric{index}": index * 0.1 for index in range(8)}}
        begin = start(run, name=f"run-{number}", tags=[f"t{number % 7}", "all"])
        entries = [begin, Config(config), Log(0, 0, BEGAN, data), Finish(BEGAN + number, 0, "finished")]
        service.ingest(Batch(run, "w.0", [Numbered(seq, entry) for seq, entry in enumerate(entries, 1)]))
    copied = (schema.documents, schema.summaries, schema.sessions, schema.writers, schema.run_values)
    chance = random.Random(0)
    with service._database.write() as connection:
        templates = [dict(row) for row in connection.execute(sa.select(schema.runs)).mappings()]
        rows = {
            table: {
                template["id"]: [
                    dict(row)
                    for row in connection.execute(
                        sa.select(table).where(table.c.run == template["id"])
                    ).mappings()
                ]
                for template in templates
            }
            for table in copied
        }
        next_id = max(template["id"] for template in templates) + 1
        for first in range(len(templates), count, AT_ONCE):
            parents = [templates[number % TEMPLATES] for number in range(first, min(first + AT_ONCE, count))]
            runs = [
                parent
                | {"id": next_id + index, "run_id": f"copy{first + index}", "name": f"run-{first + index}"}
                | {"search": f"run-{first + index}\ncopy{first + index}", "created_at": BEGAN + first + index}
                for index, parent in enumerate(parents)
            ]
            connection.execute(sa.insert(schema.runs), runs)
            for table in copied:
                connection.execute(
                    sa.insert(table),
                    [
                        varied(row, chance) | {"run": run["id"]}
                        for run, parent in zip(runs, parents, strict=True)
                        for row in rows[table][parent["id"]]
                    ],
                )
            next_id += len(runs)
        connection.execute(sa.text("ANALYZE"))


def varied(row: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A row with another number, where it is a float."""
    if row.get("path") in {"config.lr", "summary.loss"}:
        return row | {"number": chance.random()}
    return row


def one_pass(service: Access) -> None:
    runs = schema.runs.c
    with service._database.read() as connection:
        connection.execute(sa.select(sa.func.count(), sa.func.max(runs.name))).all()


def measure(service: Access, name: str, limit: float, rounds: int) -> None:
    matched = service.runs(*PROJECT, limit=100, **ASKED[name]).matched
    taken = times_of(lambda: service.runs(*PROJECT, limit=100, **ASKED[name]), rounds)
    p50, p95 = statistics.median(taken), sorted(taken)[int(len(taken) * 0.95)]
    say(name, f"{matched:,} runs", f"p50 {p50:.0f} ms", f"p95 {p95:.0f} ms", f"{p50 / limit:.1f} passes")


def times_of(ask: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each of `rounds` calls."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


if __name__ == "__main__":
    main()
