"""Make a golden store with the Diorama that is installed: `python tests/golden/stores/make.py NAME`.

It writes `NAME.zip` beside this file: the database, the blobs, and in `expected.json` what was read back from
them then. Run it once for each version of the database, with the code that first has that version; never
make one again. `tests/store/test_store_golden.py` opens every one of them with the code of today.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

HERE = Path(__file__).parent


def fill() -> None:
    """Log into the store that DIORAMA_DIR names."""
    import numpy as np

    import diorama

    # Names and paths of the machine that made it do not belong in here.
    environment = {"host": "golden", "cpu_count": 8, "memory_bytes": 2**36}
    mock.patch("diorama.client.init.describe_environment", return_value=environment).start()
    gradient = np.linspace(0, 255, 24 * 32, dtype=np.uint8).reshape(24, 32)
    with diorama.init(
        project="digits",
        id="first",
        name="the first run",
        notes="kept for ever: äöü 한국어 🙂",
        tags=["golden", "first"],
        group="a group",
        job_type="train",
        config={"lr": 0.1, "layers": [1, 2, 3], "optimizer": {"name": "adam", "beta": 0.9}, "big": 2**70},
    ) as run:
        run.define_metric("validation/*", step_metric="epoch", summary="max")
        for step in range(120):
            row: dict[str, Any] = {
                "loss": 1 / (step + 1),
                "accuracy": step / 120,
                "count": step,
                "even": step % 2 == 0,
            }
            if step % 10 == 0:
                row["epoch"] = step // 10
                row["validation/f1"] = (step % 70) / 70
            if step % 40 == 0:
                row["picture"] = diorama.Image(np.roll(gradient, step, axis=1), caption=f"step {step}")
                row["weights"] = diorama.Histogram(np.sin(np.arange(500) + step))
                row["note"] = f"text at {step}"
            run.log(row)
            if step % 30 == 0:
                print(f"step {step} is done")
        table = diorama.Table(columns=["name", "score", "ok", "picture"])
        for index in range(30):
            table.add_data(
                f"row {index}", index / 7, index % 3 == 0, diorama.Image(gradient + np.uint8(index % 3))
            )
        run.log({"predictions": table})
        run.summary["best"] = {"step": 119, "loss": 1 / 120}
    with diorama.init(project="digits", id="odd", config={"lr": float("nan")}) as run:
        odd = [
            0.0,
            -0.0,
            float("nan"),
            float("inf"),
            float("-inf"),
            5e-324,
            2**53 + 1,
            -(2**63),
            True,
            0.1 + 0.2,
        ]
        for step, value in enumerate(odd):
            run.log({"odd": value}, step=step * 1000)
    with diorama.init(project="other", id="second") as run:
        for step in range(20_000):
            run.log({"long": step * 0.25, "shared": step})
        run.log({"cloud": diorama.Object3D(np.arange(60, dtype=np.float32).reshape(20, 3))})


def read_back(root: Path, **more: Any) -> dict[str, Any]:
    """All that a store says, as JSON; floats by their bits. more: as `Service.open` takes it."""
    import msgspec

    from diorama.model import OWNER, StoreDir
    from diorama.service import Service
    from diorama.service.views import SeriesRequest, TableRequest

    with Service.open(StoreDir(root), **more) as opened:
        service = opened.for_(OWNER)
        found: dict[str, Any] = {"problems": service.check(), "runs": {}}
        for project in service.projects().projects:
            for view in service.runs(project.entity, project.name, sort="created_at").runs:
                uid = view.uid
                names = (
                    "id",
                    "name",
                    "state",
                    "exit_code",
                    "created_at",
                    "last_step",
                    "notes",
                    "tags",
                    "group",
                    "job_type",
                )
                keys = service.keys([uid]).keys
                rows = [plain(row) for row in service.scan_history(uid)]
                tables = [key.key for key in keys if key.kind == "table"]
                found["runs"][f"{project.entity}/{project.name}/{view.id}"] = {
                    "uid": uid,
                    "run": {name: plain(getattr(view, name)) for name in names},
                    "documents": plain(service.documents(uid)),
                    "environment": plain(service.run(uid).environment),
                    "keys": [
                        [
                            key.key,
                            key.kind,
                            key.step_key,
                            key.runs[0].count,
                            key.runs[0].first_step,
                            key.runs[0].last_step,
                        ]
                        for key in keys
                    ],
                    "row_count": len(rows),
                    "rows": rows if len(rows) <= 1000 else rows[:: len(rows) // 100],
                    "series": [
                        key.key
                        for key in keys
                        if key.kind == "metric" and service.series(SeriesRequest(runs=[uid], keys=[key.key]))
                    ],
                    "console": [[line.number, line.time, line.text] for line in service.console(uid).lines],
                    "files": [[file.name, file.sha256] for file in service.files(uid).files],
                    "tables": {
                        key: plain(
                            msgspec.to_builtins(service.table_page(TableRequest(run=uid, key=key)).rows)
                        )
                        for key in tables
                    },
                }
        with closing(sqlite3.connect(root / "diorama.db")) as database:
            named = [row[0] for row in database.execute("SELECT sha256 FROM blobs ORDER BY 1")]
        found["blobs"] = {sha256: len(service.get_blob(sha256)) for sha256 in named}
    return found


def plain(value: Any) -> Any:
    """JSON that is equal only for equal values of the same type (NaNs count as one)."""
    import msgspec

    if type(value) is float:
        return {"float": value.hex()}
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return {"int": str(value)}
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, msgspec.Struct):
        return plain(msgspec.to_builtins(value))
    return {type(value).__name__: str(value)}


def main(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "store"
        settings = {"DIORAMA_DIR": str(root), "DIORAMA_SIDECAR": "thread", "DIORAMA_SILENT": "1"}
        # A process of its own: when it has ended, nobody has the database open.
        subprocess.run([sys.executable, __file__], env=os.environ | settings, check=True)
        with closing(sqlite3.connect(root / "diorama.db")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.execute("PRAGMA journal_mode = DELETE")
        with zipfile.ZipFile(HERE / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted([root / "diorama.db", *(root / "blobs").rglob("*")]):
                if path.is_file():
                    archive.write(path, path.relative_to(root))
            archive.writestr("expected.json", json.dumps(read_back(root), indent=0, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1]) if len(sys.argv) > 1 else fill()
