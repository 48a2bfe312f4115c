"""A toy kind of media, added to a copy of the tree as ARCHITECTURE.md tells; and each part of it forgotten in
turn: the check that fails must name what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "src",
    "tests/*.py",
    "tests/kinds",
    "tests/golden",
    "docs/media",
    "docs/openapi.json",
    "web",
    "pyproject.toml",
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", "static", "stores", ".*")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("toy kind"), pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Part:
    """Files that are new, and texts that stand in a file instead of others."""

    files: dict[str, str | bytes] = field(default_factory=dict)
    edits: tuple[tuple[str, str, str], ...] = ()

    def add(self, tree: Path) -> None:
        for name, text in self.files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        for name, before, after in self.edits:
            replace(tree / name, before, after)

    def forget(self, tree: Path) -> None:
        for name in self.files:
            (tree / name).unlink()
            if not any((tree / name).parent.iterdir()):
                (tree / name).parent.rmdir()
        for name, before, after in self.edits:
            replace(tree / name, after, before)


def replace(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert text.count(before) == 1, f"{path} does not have {before!r} once"
    path.write_text(text.replace(before, after))


HEAD = "from diorama.media.core.base import {}\n"
RECORD = {"kind": "toy", "caption": "a", "text": "t"}
KINDS = "src/diorama/media/__init__.py"
VIEWS = "web/src/media/views.ts"

PARTS: dict[str, Part] = {
    "__init__.py": Part(
        {
            "src/diorama/media/toy/__init__.py": HEAD.format("Kind")
            + "from diorama.media.toy.codec import encode\n"
            "from diorama.media.toy.load import decode\n"
            "from diorama.media.toy.media import Toy\n"
            "from diorama.media.toy.record import ToyRecord\n"
            'KIND = Kind(name="toy", cls=Toy, record=ToyRecord, encode=encode, decode=decode)\n'
        }
    ),
    "media.py": Part(
        {
            "src/diorama/media/toy/media.py": HEAD.format("Media, Snapshot")
            + '''class Toy(Media):
    """A text.

    Accepts: text. Raises: nothing.

    >>> Toy("a").text
    'a'
    """

    KIND = "toy"

    def __init__(self, text, caption=None):
        self.text, self.caption = text, caption

    def snapshot(self):
        return Snapshot("toy", {"text": self.text, "caption": self.caption})
'''
        }
    ),
    "record.py": Part(
        {
            "src/diorama/media/toy/record.py": HEAD.format("MediaRecord")
            + 'class ToyRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="toy"):\n'
            "    text: str\n"
        }
    ),
    "codec.py": Part(
        {
            "src/diorama/media/toy/codec.py": "from diorama.media.toy.record import ToyRecord\n"
            "def encode(snapshot, put_blob):\n    return ToyRecord(**snapshot.header)\n"
        }
    ),
    "load.py": Part(
        {"src/diorama/media/toy/load.py": "def decode(record, get_blob):\n    return record.text\n"}
    ),
    "import rule": Part(edits=(("pyproject.toml", "| text | vega", "| text | toy | vega"),)),
    "row in KINDS": Part(
        edits=(
            (
                KINDS,
                "from diorama.media.vega import KIND as VEGA\n",
                "from diorama.media.toy import KIND as TOY\nfrom diorama.media.vega import KIND as VEGA\n",
            ),
            (KINDS, "    PLUGIN,\n", "    PLUGIN,\n    TOY,\n"),
        )
    ),
    "row in the union": Part(
        edits=(
            (
                KINDS,
                "from diorama.media.vega.media import Vega\n",
                "from diorama.media.toy.record import ToyRecord\nfrom diorama.media.vega.media import Vega\n",
            ),
            (KINDS, "    PluginRecord,\n]", "    PluginRecord,\n    ToyRecord,\n]"),
        )
    ),
    "golden record": Part(
        {
            "tests/golden/toy/plain.json": msgspec.json.encode(RECORD),
            "tests/golden/toy/plain.msgpack": msgspec.msgpack.encode(RECORD),
        }
    ),
    "sample": Part(
        {
            "tests/kinds/samples/toy.py": "from diorama.media.toy.media import Toy\n"
            'SAMPLE = Toy("t", caption="a")\n'
        }
    ),
    "page of docs": Part({"docs/media/toy.md": "# Toy\n"}),
    "view": Part(
        {
            "web/src/media/toy/index.tsx": 'import type { ToyRecord } from "@/api/schema";\n'
            'import type { View } from "@/media/view";\n'
            "export const TOY_VIEW: View<ToyRecord> = {\n"
            '  name: "toy",\n'
            "  Card: ({ record }) => <span>{record.text}</span>,\n"
            "  aspect: () => null,\n"
            "  facts: () => [],\n"
            "};\n"
        }
    ),
    "row in views.ts": Part(
        edits=(
            (
                VIEWS,
                'import { VEGA_VIEW } from "@/media/vega";\n',
                'import { TOY_VIEW } from "@/media/toy";\nimport { VEGA_VIEW } from "@/media/vega";\n',
            ),
            (VIEWS, "  vega: VEGA_VIEW,\n", "  toy: TOY_VIEW,\n  vega: VEGA_VIEW,\n"),
        )
    ),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As much of the tree as the checks look at, with the toy kind in it."""
    folder = tmp_path_factory.mktemp("tree")
    for path in [path for name in COPIED for path in ROOT.glob(name)]:
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, copy, ignore=LEFT_OUT)
        else:
            shutil.copyfile(path, copy)
    if (ROOT / "web" / "node_modules").is_dir():
        (folder / "web" / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    for part in PARTS.values():
        part.add(folder)
    describe(folder)
    return folder


def run(tree: Path, *command: str, cwd: Path | None = None) -> tuple[bool, str]:
    """Whether a command ends well, and what it says."""
    environ = {**os.environ, "PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=cwd or tree, env=environ, capture_output=True, text=True, timeout=280, check=False
    )
    return done.returncode == 0, done.stdout + done.stderr


def describe(tree: Path, *more: str) -> tuple[bool, str]:
    """The description of the API and the types of the page, written anew; with --check only compared."""
    files = ("--json", "docs/openapi.json", "--typescript", "web/src/api/schema.ts")
    return run(tree, sys.executable, "-m", "diorama.server.openapi", *files, *more)


def imports(tree: Path) -> tuple[bool, str]:
    return run(tree, sys.executable, "-c", "import diorama.media")


def contract(tree: Path) -> tuple[bool, str]:
    options = (
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-k",
        "TestEveryKind and toy or golden_records and toy or place",
    )
    return run(tree, sys.executable, "-m", "pytest", *options, "tests/kinds/test_contract.py")


def import_rules(tree: Path) -> tuple[bool, str]:
    return run(tree, str(Path(sys.executable).with_name("lint-imports")), "--no-cache")


def typescript(tree: Path) -> tuple[bool, str]:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import build_ui
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    if not (ROOT / "web" / "node_modules").is_dir():
        pytest.skip("the UI's packages are not installed")
    options = ("--noEmit", "--incremental", "--tsBuildInfoFile", str(tree / "tsbuildinfo"))
    return run(tree, *build_ui.find_npm(), "exec", "--", "tsc", *options, cwd=tree / "web")


CHECKS: tuple[Callable[[Path], tuple[bool, str]], ...] = (
    imports,
    contract,
    import_rules,
    lambda tree: describe(tree, "--check"),
    typescript,
)


def test_with_all_its_parts_every_check_passes(tree: Path) -> None:
    for check in CHECKS:
        is_well, said = check(tree)
        assert is_well, said


@pytest.mark.parametrize(
    ("part", "check", "words"),
    [
        ("__init__.py", imports, "diorama.media.toy"),
        ("media.py", imports, "diorama.media.toy.media"),
        ("record.py", imports, "diorama.media.toy.record"),
        ("codec.py", imports, "diorama.media.toy.codec"),
        ("load.py", imports, "diorama.media.toy.load"),
        ("import rule", import_rules, "toy"),
        ("row in KINDS", contract, "src/diorama/media/toy is no row of KINDS"),
        ("row in the union", contract, "ToyRecord is no row of MediaRecord"),
        ("golden record", contract, "tests/golden/toy/*.json is missing"),
        ("sample", contract, "tests/kinds/samples/toy.py is missing"),
        ("page of docs", contract, "docs/media/toy.md is missing"),
        ("view", contract, "web/src/media/toy is missing"),
        ("row in views.ts", typescript, "Property 'toy' is missing"),
    ],
    ids=lambda value: value if isinstance(value, str) and value in PARTS else "",
)
def test_a_part_that_is_forgotten_is_named(
    tree: Path, part: str, check: Callable[[Path], tuple[bool, str]], words: str
) -> None:
    PARTS[part].forget(tree)
    try:
        is_well, said = check(tree)
    finally:
        PARTS[part].add(tree)
    assert not is_well
    assert words in said, said


def test_types_that_were_not_written_anew_are_named(tree: Path) -> None:
    schema = tree / "web" / "src" / "api" / "schema.ts"
    written = schema.read_text()
    schema.write_text((ROOT / "web" / "src" / "api" / "schema.ts").read_text())
    try:
        is_well, said = describe(tree, "--check")
    finally:
        schema.write_text(written)
    assert not is_well
    assert "web/src/api/schema.ts is not up to date" in said


def test_every_part_is_forgotten_once() -> None:
    [mark] = [
        mark for mark in test_a_part_that_is_forgotten_is_named.pytestmark if mark.name == "parametrize"
    ]
    assert {part for part, _, _ in mark.args[1]} == set(PARTS)
