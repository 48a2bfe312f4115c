"""The command line, called as a person calls it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from owner import Service
from server_sample import PICTURE_SHA256, fill

from diorama.cli import VERBS, main
from diorama.cli.checks import run_checks
from diorama.cli.ls import run_table
from diorama.model import StoreDir
from diorama.store.blobs import path_of

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def store_dir(own_store: Path) -> StoreDir:
    return StoreDir(own_store)


@pytest.fixture
def filled(store_dir: StoreDir) -> StoreDir:
    with Service.open(store_dir) as service:
        fill(service)
    return store_dir


def levels(store_dir: StoreDir, *, is_reading_data: bool = False) -> dict[str, str]:
    """The worst level of each subject."""
    order = ["ok", "warn", "fail"]
    found: dict[str, str] = {}
    for finding in run_checks(store_dir, is_reading_data=is_reading_data):
        assert finding.level == "ok" or finding.mend, f"{finding.subject} does not say how to mend it"
        worst = max(found.get(finding.subject, "ok"), finding.level, key=order.index)
        found[finding.subject] = worst
    return found


def test_help_is_short_and_names_every_verb(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert len(text.splitlines()) < 40
    for verb in VERBS:
        assert re.search(rf"^    {verb} ", text, re.MULTILINE)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_examples(verb: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as left:
        main([verb, "--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert "examples:" in text
    assert f"diorama {verb}" in text.partition("examples:")[2]


def test_no_verb_prints_help(capsys: Capture) -> None:
    assert main([]) == 0
    assert "examples:" in capsys.readouterr().out


def test_wrong_usage_is_2(capsys: Capture) -> None:
    for arguments in (["nonsense"], ["ui", "--port", "99999"], ["ui", "--port", "x"], ["ls", "--limit", "x"]):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 2
    capsys.readouterr()


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from diorama.cli import build_parser; build_parser(); print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "PIL", "sqlalchemy", "starlette", "uvicorn"} & set(modules)


def test_key_prints_only_the_key(store_dir: StoreDir, capsys: Capture) -> None:
    assert main(["key"]) == 0
    key = capsys.readouterr().out.strip()
    assert len(key) >= 40
    assert main(["key"]) == 0
    assert capsys.readouterr().out.strip() == key
    assert stat.S_IMODE(store_dir.key_file.stat().st_mode) == 0o600
    assert main(["key", "--rotate"]) == 0
    assert capsys.readouterr().out.strip() != key


def test_ls_projects_and_runs(filled: StoreDir, capsys: Capture) -> None:
    assert main(["ls"]) == 0
    assert "local/demo" in capsys.readouterr().out
    for name in ("demo", "local/demo"):
        assert main(["ls", name]) == 0
        out = capsys.readouterr().out
        assert "First run" in out
        assert "finished" in out
    assert main(["ls", "demo", "--query", "lr > 1"]) == 0
    assert "none of 1 runs" in capsys.readouterr().out
    assert main(["ls", "demo", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["id"] == "first"


def test_ls_says_on_a_line_of_its_own_what_its_limit_left_out(filled: StoreDir) -> None:
    with Service.open(filled) as service:
        runs = service.runs("local", "demo", limit=1)
    runs.matched = 11
    lines = run_table(runs).splitlines()
    assert len(lines) == 3
    assert lines[-1] == "10 more; --limit shows them"


def test_ls_of_what_is_not_there_says_so(filled: StoreDir, tmp_path: Path, capsys: Capture) -> None:
    assert main(["ls", "nothing"]) == 1
    assert "no project" in capsys.readouterr().err
    assert main(["ls", "--store", str(tmp_path / "nowhere")]) == 1
    assert "no store" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_doctor_finds_a_good_store_good(filled: StoreDir, capsys: Capture) -> None:
    assert main(["key"]) == 0
    found = levels(filled, is_reading_data=True)
    assert {found[name] for name in ("folder", "key", "database", "blobs", "journals", "server")} == {"ok"}
    assert main(["doctor", "--json"]) == 0
    capsys.readouterr()


def test_doctor_before_anything_was_logged(store_dir: StoreDir) -> None:
    found = levels(store_dir)
    assert found["folder"] == "warn"
    assert "fail" not in found.values()
    assert not store_dir.root.exists(), "a doctor changes nothing"


@pytest.mark.slow
def test_doctor_finds_missing_and_damaged_blobs(
    filled: StoreDir, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled.blobs / path_of(PICTURE_SHA256)
    data = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert levels(filled)["blobs"] == "fail", "a small store is read whole"
    with monkeypatch.context() as patched:
        patched.setattr("diorama.cli.store_checks.READ_UNASKED_BYTES", 0)
        assert levels(filled)["blobs"] == "ok"
        assert levels(filled, is_reading_data=True)["blobs"] == "fail"
    path.write_bytes(data[:-1])
    assert levels(filled)["blobs"] == "fail"
    path.unlink()
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert PICTURE_SHA256 in out
    assert "mend it:" in out


def test_doctor_finds_a_damaged_database(filled: StoreDir) -> None:
    with filled.database.open("r+b") as file:
        file.seek(4096)
        file.write(hashlib.sha256(b"noise").digest() * 400)
    assert levels(filled)["database"] == "fail"
    filled.database.write_bytes(b"this is no database at all" * 100)
    assert levels(filled)["database"] == "fail"


def damage_text(filled: StoreDir, old: bytes, new: bytes) -> None:
    """Change bytes of the database's file behind its back: those that count, not a copy that a migration
    left in a page that is free now."""
    with closing(sqlite3.connect(filled.database)) as database:
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = filled.database.read_bytes()
    assert old in data
    filled.database.write_bytes(data.replace(old, new, 1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"CREATE TABLE chunks", b"CREATE TABLE chvnks"),
        (b"CREATE TABLE chunks", b"CREATE TABXE chunks"),
        (b"CREATE TABLE console", b"CREATE TABLE\xffconsole"),
        (b"is_secondary BOOLEAN", b"is_secondary BOOLE\x00N"),
        (b"is_secondary BOOLEAN", b"is_secondary BOOLEEN"),
        (b"CREATE INDEX runs_mirror", b"CREATE INDEX runs_mjrror"),
    ],
)
def test_doctor_has_a_finding_for_a_damaged_schema(filled: StoreDir, old: bytes, new: bytes) -> None:
    damage_text(filled, old, new)
    assert levels(filled)["database"] == "fail"
    assert main(["doctor"]) == 1


def test_doctor_finds_a_value_that_changed_by_itself(filled: StoreDir) -> None:
    """SQLite has no checksums, and a text is a text."""
    damage_text(filled, b"first run", b"worst run")
    assert levels(filled)["database"] == "fail"


@pytest.mark.slow
def test_doctor_finds_what_nothing_names(filled: StoreDir) -> None:
    def _told() -> str:
        return " ".join(finding.text for finding in run_checks(filled) if finding.subject == "blobs")

    draft = filled.blobs / "tmp" / "dead" / "draft"
    draft.parent.mkdir(parents=True)
    draft.write_bytes(b"half a blob")
    assert "draft" not in _told(), "perhaps somebody writes it"
    os.utime(draft.parent, (0, 0))
    assert "1 drafts of processes that died" in _told()
    orphan = filled.blobs / path_of("ab" * 32)
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"x" * 1000)
    assert re.search(r" 1 more \(1\.0 kB\) are named by no run", _told())
    (filled.blobs / "holiday.jpg").write_bytes(b"x")
    assert "1 names are no blobs: holiday.jpg" in _told()


def test_doctor_survives_its_own_faults(filled: StoreDir, monkeypatch: pytest.MonkeyPatch) -> None:
    def _break(_: object) -> None:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr("diorama.cli.store_checks.abandoned", _break)
    assert levels(filled)["blobs"] == "fail"


def test_doctor_knows_newer_stores(filled: StoreDir) -> None:
    with closing(sqlite3.connect(filled.database)) as database, database:
        database.execute("UPDATE meta SET number = 999 WHERE name = 'schema_version'")
    assert levels(filled)["database"] == "fail"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_doctor_finds_open_doors(filled: StoreDir) -> None:
    assert main(["key"]) == 0
    filled.key_file.chmod(0o644)
    filled.root.chmod(0o777)
    found = levels(filled)
    assert (found["key"], found["folder"]) == ("fail", "warn")


def test_doctor_finds_a_stale_server_file(filled: StoreDir) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    filled.server_file.write_text(
        json.dumps({"url": f"http://127.0.0.1:{port}", "pid": 1, "started_at": 0.0})
    )
    assert levels(filled)["server"] == "warn"
    filled.server_file.write_text("not json")
    assert levels(filled)["server"] == "warn"


@contextmanager
def ui(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`diorama ui` in a process of its own, and the URL that it prints."""
    command = [sys.executable, "-m", "diorama", "ui", "--no-browser", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found is not None, line + (process.stderr.read() if process.stderr else "")
        yield process, found[0]
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.mark.slow
def test_ui_serves_prints_a_login_and_cleans_up(filled: StoreDir) -> None:
    with ui() as (process, url):
        assert json.loads(filled.server_file.read_text())["pid"] == process.pid
        assert stat.S_IMODE(filled.server_file.stat().st_mode) == 0o600
        with httpx.Client() as browser:
            assert browser.get(url).status_code == 303
            base = url.partition("/?")[0]
            assert browser.get(f"{base}/api/projects").json()["projects"][0]["name"] == "demo"
            assert browser.get(f"{base}/healthz").json()["status"] == "ok"
        assert {"server": "ok"}.items() <= levels(filled).items()
        # A second one on the same store finds the first.
        again = subprocess.run(
            [sys.executable, "-m", "diorama", "ui", "--no-browser"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert "runs already" in again.stdout
        second = re.search(r"http://\S+", again.stdout)
        assert second is not None
        with httpx.Client() as browser:
            browser.get(second[0])
            assert browser.get(f"{base}/api/projects").status_code == 200
    assert not filled.server_file.exists()


@pytest.mark.slow
def test_ui_stops_on_ctrl_c_within_seconds(filled: StoreDir) -> None:
    import signal

    with ui("--no-auth") as (process, url):
        with httpx.stream("GET", f"{url}api/live", timeout=5) as live:
            assert live.status_code == 200
            before = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        assert time.monotonic() - before < 8
    assert not filled.server_file.exists()


def test_ui_says_when_the_port_is_taken(filled: StoreDir, capsys: Capture) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        assert main(["ui", "--no-browser", "--port", port]) == 1
    error = capsys.readouterr().err
    assert f"port {port}" in error
    assert "--port 0" in error


def test_ui_refuses_to_be_open_to_all(filled: StoreDir, capsys: Capture) -> None:
    assert main(["ui", "--no-browser", "--host", "0.0.0.0", "--no-auth"]) == 1
    error = capsys.readouterr().err
    assert "without authentication" in error
    assert "leave out --no-auth" in error
    assert main(["ui", "--no-browser", "--base-path", "diorama"]) == 1
    assert "base path" in capsys.readouterr().err


@pytest.mark.slow
def test_demo_trains_three_runs_and_exits(store_dir: StoreDir, capsys: Capture) -> None:
    command = [
        sys.executable,
        "-m",
        "diorama",
        "demo",
        "--no-browser",
        "--port",
        "0",
        "--exit",
        "--steps",
        "3",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"http://127\.0\.0\.1:\d+/local/digit-scenes\?token=", done.stdout)
    assert main(["sync"]) == 0
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with Service.open(store_dir) as service:
            runs = service.runs("local", "digit-scenes").runs
        if [run.state for run in runs] == ["finished"] * 3:
            return
        time.sleep(0.5)
    raise AssertionError(f"not finished: {[(run.name, run.state) for run in runs]}")
