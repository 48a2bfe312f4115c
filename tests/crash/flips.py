"""Flips one bit at a time in everything that is kept on a disk, and looks what is then shown as right.

    python -m tests.crash.flips 2000 --seed 1

Each flip is in a copy of a small store: in its journal or spool before they are stored, or in its database,
its blobs or the Parquet of its tables. Then everything is read and compared with what was read before:

    harmless   all values are the same
    refused    what is damaged can't be read and is said to be damaged; all else is the same
    reported   values are absent or not the same, and the run's warnings or `diorama doctor` say so
    SILENT     values are absent or not the same, and nobody says a word
    CRASH      something other than an error of ours was raised
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from diorama.cli.store_checks import check_blobs, check_database
from diorama.errors import DioramaError
from diorama.model import OWNER, StoreDir
from diorama.service import Access, Service
from diorama.service.jsonable import to_json
from diorama.service.views import SeriesRequest, TableRequest
from diorama.sidecar import drain
from diorama.store.values import blobs_in

LOGS = """
import numpy as np
import diorama

with diorama.init(project="flips", id="a", name="a run", notes="its notes", tags=["good"],
                  config={"lr": 0.1, "net": {"depth": 3}, "text": "a text"}) as run:
    run.define_metric("val/*", step_metric="epoch", summary="max")
    noise = np.random.default_rng(1)
    for step in range(40):
        run.log({"loss": 1 / (step + 1), "count": step, "epoch": step // 10, "val/acc": step / 40})
        if step % 10 == 0:
            pixels = noise.integers(0, 255, (150, 150, 3), dtype=np.uint8)
            run.log({"picture": diorama.Image(pixels), "note": f"text at {step}"}, step=step)
            run.log({"weights": diorama.Histogram(noise.normal(size=200))}, step=step)
            print(f"step {step} is done")
    table = diorama.Table(columns=["name", "score", "ok"])
    for row in range(200):
        table.add_data(f"row {row}", row / 7, row % 3 == 0)
    run.log({"table": table})
with diorama.init(project="flips", id="b") as run:
    for step in range(300):
        run.log({"x": step * 0.37})
"""
"""A program that logs a bit of everything."""

DAMAGE = ("journal_damage", "media-failed")
"""What warnings of damage are called."""
PLACES = ("journal", "spool", "database", "blobs", "parquet")
WORDS = ("harmless", "refused", "reported", "SILENT", "CRASH")


@dataclass
class Said:
    """What a store says: values by where they are, errors of ours, and whether a run warns of damage."""

    values: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    warns: bool = False

    def note(self, where: str, value: object) -> None:
        self.values[where] = json.dumps(to_json(value), sort_keys=True, default=str)


def read_all(store: StoreDir) -> Said:
    """Everything that can be asked of a store."""
    said = Said()
    try:
        with Service.open(store) as opened:
            service = opened.for_(OWNER)
            for project in service.projects().projects:
                listed = service.runs(project.entity, project.name, sort="created_at").runs
                for view in listed:
                    name = f"{project.entity}/{project.name}/{view.id}"
                    for subject, ask in _questions(service, view.uid):
                        try:
                            for where, value in ask():
                                said.note(f"{name} {subject} {where}", value)
                        except DioramaError as error:
                            said.errors.append(f"{name} {subject}: {error}")
                    said.warns |= any(one.code in DAMAGE for one in service.run(view.uid).warnings)
    except DioramaError as error:
        said.errors.append(str(error))
    return said


def _questions(service: Access, uid: int) -> Iterator[tuple[str, Callable[[], Iterator[tuple[str, Any]]]]]:
    def run() -> Iterator[tuple[str, Any]]:
        view = msgspec.to_builtins(service.run(uid).run)
        for name in ("id", "name", "state", "exit_code", "notes", "tags", "last_step", "config", "summary"):
            yield name, view[name]
        yield "environment", service.run(uid).environment

    def documents() -> Iterator[tuple[str, Any]]:
        yield from zip(("config", "summary"), service.documents(uid), strict=True)

    def keys() -> Iterator[tuple[str, Any]]:
        for key in service.keys([uid]).keys:
            of_run = key.runs[0]
            yield f"{key.key} {key.kind}", [key.step_key, of_run.count, of_run.first_step, of_run.last_step]

    def history() -> Iterator[tuple[str, Any]]:
        for row in service.scan_history(uid):
            for key, value in row.items():
                yield f"{row['_step']} {key}", value

    def series() -> Iterator[tuple[str, Any]]:
        for key in ("loss", "count", "val/acc", "x"):
            yield key, service.series(SeriesRequest(runs=[uid], keys=[key])).hex()

    def console() -> Iterator[tuple[str, Any]]:
        for line in service.console(uid).lines:
            yield str(line.number), [line.time, line.stream, line.text]

    def media() -> Iterator[tuple[str, Any]]:
        for row in service.scan_history(uid, keys=["picture"]):
            for blob in blobs_in(row["picture"]):
                yield blob.sha256, service.get_blob(blob).hex()
                yield f"{blob.sha256} range", service.blob(blob.sha256).read_range(100, 200).hex()

    def table() -> Iterator[tuple[str, Any]]:
        if any(key.key == "table" for key in service.keys([uid]).keys):
            for number, row in enumerate(
                service.table_page(TableRequest(run=uid, key="table", limit=500)).rows
            ):
                yield str(number), row
            yield "csv", b"".join(service.table_csv([], run=uid, key="table")).decode()

    asked = (run, documents, keys, history, series, console, media, table)
    return iter([(ask.__name__, ask) for ask in asked])


class Bench:
    """A store to damage, before and after its journals are stored, and what it says when it is sound."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logged = folder / "logged"
        environ = {name: value for name, value in os.environ.items() if not name.startswith("DIORAMA_")}
        settings = {"DIORAMA_DIR": str(self.logged), "DIORAMA_MODE": "offline", "DIORAMA_SILENT": "1"}
        subprocess.run(
            [sys.executable, "-c", LOGS], env=environ | settings, check=True, stdout=subprocess.DEVNULL
        )
        self.stored = folder / "stored"
        shutil.copytree(self.logged, self.stored)
        drain(StoreDir(self.stored))
        with closing(sqlite3.connect(self.stored / "diorama.db")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            tables = [sha256 for (sha256,) in database.execute(f"SELECT sha256 FROM blobs WHERE {IS_TABLE}")]
        self.expected = read_all(StoreDir(self.stored))
        assert not self.expected.errors
        assert not self.expected.warns
        assert not _is_ill(StoreDir(self.stored))
        journal = [path for path in (self.logged / "journal").rglob("*") if path.is_file()]
        blobs = [path for path in (self.stored / "blobs").glob("??/*/*") if path.is_file()]
        found = {
            "journal": [path for path in journal if "spool" not in path.parts and path.suffix == ".log"],
            "spool": [path for path in journal if path.suffix != ".log"],
            "database": [self.stored / "diorama.db"],
            "blobs": [path for path in blobs if path.name not in tables],
            "parquet": [path for path in blobs if path.name in tables],
        }
        self.files = {
            place: [path for path in paths if path.stat().st_size] for place, paths in found.items()
        }
        assert all(self.files.values()), self.files

    def flip(self, place: str, chance: random.Random) -> tuple[str, str]:
        """Flip a bit and look; returns the word for what came of it, and where it was."""
        files = self.files[place]
        [path] = chance.choices(files, weights=[one.stat().st_size for one in files])
        bit = chance.randrange(path.stat().st_size * 8)
        is_logged = place in ("journal", "spool")
        original = self.logged if is_logged else self.stored
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(original, copy)
        target = copy / path.relative_to(original)
        with target.open("r+b") as file:
            file.seek(bit // 8)
            byte = file.read(1)[0]
            file.seek(bit // 8)
            file.write(bytes([byte ^ 1 << bit % 8]))
        where = f"{path.relative_to(original)} bit {bit}"
        try:
            if is_logged:
                drain(StoreDir(copy), patience_secs=0.5)
            return self._word(StoreDir(copy)), where
        except Exception as error:  # noqa: BLE001 it is counted, and told
            return "CRASH", f"{where}: {type(error).__name__}: {error}"

    def _word(self, store: StoreDir) -> str:
        said, expected = read_all(store), self.expected.values
        is_wrong = any(expected.get(where) != value for where, value in said.values.items())
        is_absent = not expected.keys() <= said.values.keys()
        if not is_wrong and not is_absent:
            return "harmless"
        if said.errors and not is_wrong:
            return "refused"
        return "reported" if said.warns or _is_ill(store) else "SILENT"


IS_TABLE = "mime = 'application/vnd.apache.parquet'"


def _is_ill(store: StoreDir) -> bool:
    """Whether the doctor finds something."""
    found = [*check_database(store), *check_blobs(store)]
    return any(finding.level == "fail" for finding in found)


def flip_many(count: int, seed: int, places: tuple[str, ...] = PLACES) -> dict[str, Counter[str]]:
    """Flip `count` bits in all, as many in each place; prints what should not be."""
    chance = random.Random(seed)
    table = {place: Counter[str]() for place in places}
    with tempfile.TemporaryDirectory(prefix="diorama-flips-") as folder:
        bench = Bench(Path(folder))
        for number in range(count):
            place = places[number % len(places)]
            word, where = bench.flip(place, chance)
            table[place][word] += 1
            if word in ("SILENT", "CRASH"):
                print(f"{word} in {place}: {where}", flush=True)
            if number % 100 == 99:
                print(
                    f"{number + 1} flips",
                    {place: dict(counts) for place, counts in table.items()},
                    flush=True,
                )
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "count", type=int, nargs="?", default=2000, help="how many bits (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=None, help="default: a random one, printed")
    parser.add_argument("--places", nargs="+", choices=PLACES, default=list(PLACES))
    args = parser.parse_args()
    seed = random.randrange(10**9) if args.seed is None else args.seed
    print(f"seed {seed}", flush=True)
    table = flip_many(args.count, seed, tuple(args.places))
    print(f"{'':10}" + "".join(f"{word:>10}" for word in WORDS))
    for place, counts in table.items():
        print(f"{place:10}" + "".join(f"{counts[word]:>10}" for word in WORDS))
    return 1 if any(counts["SILENT"] + counts["CRASH"] for counts in table.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
