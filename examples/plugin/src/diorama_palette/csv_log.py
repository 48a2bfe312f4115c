"""CSV logs as runs: one run for each file, one row for each line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from diorama.plugins import ImportedRun, ImportRow


def read_csv_log(path: Path) -> Iterator[ImportedRun]:
    """The run in a CSV file, or those in the CSV files of a folder."""
    for file in sorted(path.glob("*.csv")) if path.is_dir() else [path]:
        yield ImportedRun(
            id=file.stem,
            rows=_rows(file),
            config={"source": file.name},
            created_at=file.stat().st_mtime,
        )


def _rows(file: Path) -> Iterator[ImportRow]:
    with file.open(newline="", encoding="utf-8") as lines:
        for number, line in enumerate(csv.DictReader(lines)):
            data = {name: _value(text) for name, text in line.items() if name and text}
            step = data.pop("step", number)
            yield ImportRow(step=int(step), data=data, time=file.stat().st_mtime)


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
