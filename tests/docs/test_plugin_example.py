"""The plugin of docs/plugins.md: built and installed, used from script to read side, and taken away again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_site import EXAMPLE, ROOT, install_example, with_site

pytestmark = pytest.mark.slow

READ = """
import json, time
from diorama.api import Api
deadline = time.monotonic() + 60
while True:
    [run] = Api().runs("examples")
    if run.state == "finished" or time.monotonic() > deadline:
        break
    time.sleep(0.1)
rows = [row["colors"] for row in run.scan_history(keys=["colors"])]
loaded = [row.load() for row in rows]
print(json.dumps([run.state, [row.kind for row in rows], [row.caption for row in rows],
    [one if isinstance(one, dict) else [one.body, sorted(one.blobs), one.trouble] for one in loaded]]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    install_example(folder, tmp_path_factory.mktemp("workshop"))
    return folder


def run_python(environ: dict[str, str], *arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environ,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_logged_stored_read_and_still_there_without_the_plugin(site: Path, tmp_path: Path) -> None:
    bare = dict(os.environ)
    installed = with_site(site, bare)
    run_python(installed, str(EXAMPLE / "log_palettes.py"), cwd=tmp_path)
    state, kinds, captions, loaded = json.loads(run_python(installed, "-c", READ, cwd=tmp_path))
    assert (state, kinds, captions) == ("finished", ["plugin"] * 5, [f"picture {step}" for step in range(5)])
    assert [one.get("#cc2c2c", 0) for one in loaded] == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6])

    _, kinds, captions, loaded = json.loads(run_python(bare, "-c", READ, cwd=tmp_path))
    assert (kinds, captions[-1]) == (["plugin"] * 5, "picture 4")
    body, blobs, trouble = loaded[-1]
    assert (body["colors"][0], body["shares"][0]) == ([204, 44, 44], pytest.approx(4 / 6))
    assert (blobs, trouble) == (["thumbnail"], "the plugin 'palette' is not installed")


def test_the_importer_adds_what_is_new_and_nothing_twice(site: Path, tmp_path: Path) -> None:
    environ = with_site(site, dict(os.environ))
    log = tmp_path / "loss.csv"
    log.write_text((EXAMPLE / "loss.csv").read_text())
    command = ["-m", "diorama", "import", "csv-log", str(log), "--project", "imported"]
    assert re.search(r"local/imported/loss +3 +3 +0\n", run_python(environ, *command, cwd=tmp_path))
    assert re.search(r"local/imported/loss +3 +0 +0\n", run_python(environ, *command, cwd=tmp_path))
    with log.open("a") as file:
        file.write("30,0.125,later\n")
    assert re.search(r"local/imported/loss +4 +1 +0\n", run_python(environ, *command, cwd=tmp_path))
    read = (
        "from diorama.api import Api\n[run] = Api().runs('imported')\n"
        "print(run.state, [(row['_step'], row['loss']) for row in run.scan_history(keys=['loss'])])"
    )
    said = run_python(environ, "-c", read, cwd=tmp_path)
    assert said == "finished [(0, 1.0), (10, 0.5), (20, 0.25), (30, 0.125)]\n"
    delete = (
        "from diorama.model import OWNER, StoreDir\nfrom diorama.service import Service\n"
        "with Service.open(StoreDir.from_environ()) as service:\n"
        "    owner = service.for_(OWNER)\n"
        "    owner.delete_runs([owner.find_run('local', 'imported', 'loss').uid])"
    )
    run_python(environ, "-c", delete, cwd=tmp_path)
    assert re.search(r"local/imported/loss +4 +4 +0\n", run_python(environ, *command, cwd=tmp_path))
    assert re.search(r"local/imported/loss +4 +0 +0\n", run_python(environ, *command, cwd=tmp_path))
    assert run_python(environ, "-c", read, cwd=tmp_path) == said


def test_doctor_and_import_name_what_is_installed(site: Path, tmp_path: Path) -> None:
    environ = with_site(site, dict(os.environ))
    said = run_python(environ, "-m", "diorama", "doctor", cwd=tmp_path)
    assert "plugins: palette (diorama-palette 1.0): kind swatches, importer csv-log" in said
    assert re.search(
        r"csv-log +palette +a CSV file", run_python(environ, "-m", "diorama", "import", cwd=tmp_path)
    )


def test_a_training_looks_for_no_plugin(site: Path, tmp_path: Path) -> None:
    code = (
        "import sys, diorama, diorama.media\n"
        "print([name for name in ('importlib.metadata', 'diorama_palette') if name in sys.modules])\n"
        "run = diorama.init(project='plain'); run.log({'html': diorama.Html('<p>')}); run.finish()\n"
        "print('diorama_palette' in sys.modules)"
    )
    assert run_python(with_site(site, dict(os.environ)), "-c", code, cwd=tmp_path) == "[]\nFalse\n"


def test_the_page_of_docs_shows_the_files_as_they_are() -> None:
    """Every listing in docs/plugins.md that names its file is a part of that file."""
    page = (ROOT / "docs" / "plugins.md").read_text()
    listings = re.findall(r"`(examples/plugin/[^`]+)`[^\n]*\n\n```\w+\n(.*?)```", page, re.DOTALL)
    assert len(listings) >= 4
    for file, listing in listings:
        assert listing in (ROOT / file).read_text(), file
