"""`python -m diorama` is the `diorama` command."""

from __future__ import annotations

import sys

from diorama.cli import main

if __name__ == "__main__":
    sys.exit(main())
