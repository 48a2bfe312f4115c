"""Asks the store of this machine for a run, for a process that does not open it itself:

    python -m diorama.service STORE ENTITY PROJECT ID

prints what a resumed run has to know as JSON, or null if there is no such run. Exits with 1, and says why on
stderr, if that can't be found out.
"""

from __future__ import annotations

import sys
from pathlib import Path

from diorama.errors import DioramaError
from diorama.model import RunKey, StoreDir
from diorama.service.service import ask_past_run


def main(store: str, entity: str, project: str, run_id: str) -> int:
    """The answer as an exit code."""
    try:
        answer = ask_past_run(StoreDir(Path(store)), RunKey(entity, project, run_id))
    except DioramaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
