"""Which Diorama is measured: the one that is here, and an older one beside it.

`--before PATH`, or DIORAMA_BENCH_BEFORE, names a checkout of another version. What is measured is a script in
a process of its own, with the interpreter and the packages of this one and the `src` of a checkout.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]


def add_option(parser: argparse.ArgumentParser) -> None:
    """The option `--before`."""
    parser.add_argument(
        "--before",
        type=Path,
        metavar="PATH",
        default=os.environ.get("DIORAMA_BENCH_BEFORE"),
        help="a checkout of an older version, to be measured in the same run",
    )


def checkouts(options: argparse.Namespace) -> dict[str, Path]:
    """Name -> checkout, in the order in which to measure them."""
    before = {} if options.before is None else {"before": Path(options.before).resolve()}
    for path in before.values():
        if not (path / "src" / "diorama").is_dir():
            raise SystemExit(f"there is no Diorama in {path}")
    return {**before, "now": HERE}


def start(checkout: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """A Python process with the Diorama of a checkout, and no settings but those given. Its output is read by
    the caller, its input is a pipe."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("DIORAMA_")}
    paths = os.pathsep.join([str(checkout / "src"), str(HERE)])
    kept: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={**outside, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1", **(environ or {})},
        **kept,
    )


def run(checkout: Path, *arguments: str) -> int:
    """Run a Python process with the Diorama of a checkout and the settings of this one; its exit code."""
    paths = os.pathsep.join([str(checkout / "src"), str(HERE)])
    return subprocess.run(
        [sys.executable, *arguments], env={**os.environ, "PYTHONPATH": paths}, check=False
    ).returncode


def owned(service: Any) -> Any:
    """What the owner of a store may ask. Versions without actors are asked themselves."""
    if not hasattr(service, "for_"):
        return service
    from diorama.model import OWNER

    return service.for_(OWNER)
