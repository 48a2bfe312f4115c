"""Files of the project stay small enough to be read in one go, and test files have names of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
FOLDERS = (
    "src",
    "tests",
    "bench",
    "examples",
    "scripts",
    "web/checks",
    "web/frames",
    "web/proofs",
    "web/src",
)
ENDINGS = {".py", ".js", ".ts", ".tsx", ".css"}
LINES_LIMIT = 500
GENERATED = {"web/src/api/schema.ts"}
BUILT = "src/diorama/server/static"
"""The UI as it is packaged: `make ui` puts it there, and git does not keep it."""


def _sources(root: Path) -> Iterator[Path]:
    """What people wrote, from the root down."""
    at_top = [*root.glob("*"), *(root / "web").glob("*")]
    for path in [*at_top, *(path for folder in FOLDERS for path in (root / folder).rglob("*"))]:
        name = path.relative_to(root)
        is_made = name.as_posix() in GENERATED or name.is_relative_to(BUILT)
        if path.suffix in ENDINGS and not is_made:
            yield path


def _too_long(root: Path) -> list[str]:
    """Names of sources with more lines than the limit, each with how many it has."""
    counts = {path: len(path.read_bytes().splitlines()) for path in _sources(root)}
    return sorted(
        f"{path.relative_to(root).as_posix()}: {count} lines, the limit is {LINES_LIMIT}"
        for path, count in counts.items()
        if count > LINES_LIMIT
    )


def test_no_file_is_too_long() -> None:
    assert _too_long(REPOSITORY) == []


def test_a_long_file_is_named(tmp_path: Path) -> None:
    for name, count in {
        "src/diorama/short.py": LINES_LIMIT,
        "src/diorama/long.py": LINES_LIMIT + 1,
        "web/src/media/long.css": 900,
        "web/src/long.tsx": 501,
        "web/src/api/schema.ts": 2000,
        f"{BUILT}/assets/app.css": 2000,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("\n" * count, encoding="utf-8")
    assert _too_long(tmp_path) == [
        "src/diorama/long.py: 501 lines, the limit is 500",
        "web/src/long.tsx: 501 lines, the limit is 500",
        "web/src/media/long.css: 900 lines, the limit is 500",
    ]


def test_no_two_test_files_have_the_same_name() -> None:
    """The folders of the tests are no packages, so that pytest can collect only one of each name."""
    counts = Counter(path.name for path in (REPOSITORY / "tests").rglob("test_*.py"))
    assert [name for name, count in counts.items() if count > 1] == []
