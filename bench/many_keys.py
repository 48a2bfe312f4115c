"""What rows of many keys cost until they are stored: `python -m bench many_keys [--keys 100000]`.

Each load is stored as the sidecar does it, batch by batch. Beside it, in the same run, the least that a
store with one row for each value could do: json.dumps of every call, and a plain sqlite3 `executemany` of as
many (key, step, value) rows into an indexed table, one transaction a batch. Seconds of CPU, the least of
--repeats.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.checkouts import owned
from bench.read import BEGAN, cpu_of, say, start
from diorama.journal.entry import Batch, Log, Numbered
from diorama.model import StoreDir
from diorama.service import Service

if TYPE_CHECKING:
    from diorama.service import Access  # version 0.1 has none

Run = tuple[str, str, str]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keys", type=int, default=100_000, help="keys of the widest row")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for name, calls, keys, size in (
        ("1,000 calls x 200 keys, 1,000 a batch", 1000, 200, 1000),
        ("1,000 calls x 200 keys, 100 a batch", 1000, 200, 100),
        ("200 calls x 200 keys, each a batch", 200, 200, 1),
        ("4,000 calls x 10 keys, 20 a batch", 4000, 10, 20),
        (f"2 calls x {options.keys:,} keys, each a batch", 2, options.keys, 1),
    ):
        measure(name, calls_of(calls, keys), size, options.repeats)


def calls_of(calls: int, keys: int) -> list[Log]:
    """Calls that log a float for each key."""
    return [
        Log(step, step, BEGAN + step, {f"layer/{key}": step * 0.5 + key for key in range(keys)})
        for step in range(calls)
    ]


def measure(name: str, logs: list[Log], size: int, repeats: int) -> None:
    """One line: stored by Diorama, the plain rows, the ratio; and all rows read back."""
    ours, plain, scans = [], [], []
    with tempfile.TemporaryDirectory(prefix="diorama-bench-") as folder:
        with Service.open(StoreDir(Path(folder) / "store")) as opened:
            service = owned(opened)
            for number in range(repeats):
                run = ("local", "many-keys", f"run{number}")
                service.ingest(Batch(run, "w.0", [Numbered(1, start(run))]))
                ours.append(store(service, run, logs, size))
                uid = service.find_run(*run).uid
                scans.append(cpu_of(lambda: list(service.scan_history(uid))))  # noqa: B023 called at once
        for number in range(repeats):
            plain.append(store_plainly(Path(folder) / f"plain{number}.db", logs, size))
    say(
        name,
        f"{min(ours):.2f} s CPU",
        f"plain rows {min(plain):.2f} s",
        f"ratio {min(ours) / min(plain):.1f}",
        f"scan_history {min(scans):.2f} s",
    )


def store(service: Access, run: Run, logs: list[Log], size: int) -> float:
    """Seconds of CPU until all calls are in the store."""
    batches = [
        Batch(
            run,
            "w.0",
            [Numbered(first + place + 2, one) for place, one in enumerate(logs[first : first + size])],
        )
        for first in range(0, len(logs), size)
    ]
    began = time.process_time()
    for batch in batches:
        service.ingest(batch)
    return time.process_time() - began


def store_plainly(path: Path, logs: list[Log], size: int) -> float:
    """The same for a table with a row for each value."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE calls (step INTEGER, data TEXT)")
    connection.execute("CREATE TABLE points (key TEXT, step INTEGER, value REAL, PRIMARY KEY (key, step))")
    began = time.process_time()
    for first in range(0, len(logs), size):
        some = logs[first : first + size]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO calls VALUES (?, ?)", [(one.step, json.dumps(one.data)) for one in some]
        )
        connection.executemany(
            "INSERT INTO points VALUES (?, ?, ?)",
            [(key, one.step, value) for one in some for key, value in one.data.items()],
        )
        connection.execute("COMMIT")
    took = time.process_time() - began
    connection.close()
    return took


if __name__ == "__main__":
    main()
