"""What the API looks like, derived from the structs.

    python -m diorama.server.openapi --typescript web/src/api/schema.ts [--check]

--check writes nothing and exits with 1 when the file is not what it should be.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from diorama.media.histogram import HistogramRecord
from diorama.media.image import ImageRecord
from diorama.server.typescript import structs_from_module, typescript_from_structs
from diorama.service import views


def schema_typescript() -> str:
    """The text of `web/src/api/schema.ts`."""
    return typescript_from_structs(structs_from_module(views), [ImageRecord, HistogramRecord])


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m diorama.server.openapi", description=__doc__)
    parser.add_argument("--typescript", metavar="PATH", type=Path, help="write the UI's types")
    parser.add_argument("--check", action="store_true", help="compare instead of writing; exit 1 on drift")
    asked = parser.parse_args(argv)
    wanted = {asked.typescript: schema_typescript()} if asked.typescript else {}
    has_drifted = False
    for path, text in wanted.items():
        if not asked.check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            print(f"{path} is not up to date: run this command without --check", file=sys.stderr)
            has_drifted = True
    return 1 if has_drifted else 0


if __name__ == "__main__":
    raise SystemExit(main())
