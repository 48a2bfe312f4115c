"""init(): what the run is and holds from its start, where it is kept, what is printed."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from journal_entries import entries_of
from offline_runs import QUIET, start
from owner import Service

import diorama
from diorama.client.current import open_runs
from diorama.client.environment import HIDDEN, redact_argv
from diorama.client.guard import DioramaWarning
from diorama.client.settings import Settings
from diorama.errors import ConfigError, UsageError
from diorama.journal.entry import File, Warn
from diorama.model import StoreDir
from diorama.sidecar import drain
from diorama.sidecar.local import LocalTransport

pytestmark = pytest.mark.usefixtures("no_open_runs")


def test_config_from_everything(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("lr: 1e-3\nnet: {depth: 2}\ndescribed:\n  desc: why\n  value: 7\nwandb_version: 1\n")
    run = start(config=str(file))
    assert run.config.as_dict() == {"lr": 0.001, "net": {"depth": 2}, "described": 7}
    run.finish()
    run = start(config=argparse.Namespace(lr=0.1, layers=[1, 2]))
    assert run.config.as_dict() == {"lr": 0.1, "layers": [1, 2]}
    run.finish()
    run = start(config={"a": 1, "b": 2}, config_exclude_keys=["a"])
    assert run.config.as_dict() == {"b": 2}
    run.finish()
    for bad in (tmp_path / "missing.yaml", [1, 2]):
        with pytest.raises((UsageError, TypeError)):
            start(config=bad)
    (tmp_path / "broken.yaml").write_text("a: [1")
    with pytest.raises(UsageError, match="can't be read"):
        start(config=tmp_path / "broken.yaml")
    assert diorama.run is None


@dataclasses.dataclass
class Optimizer:
    lr: float
    schedule: Any = None


@dataclasses.dataclass(slots=True)
class Model:
    depth: int
    parts: list[Any]
    optimizer: Optimizer


@pytest.mark.parametrize("is_disabled", [False, True])
def test_what_holds_named_values_becomes_a_dict_at_any_depth(is_disabled: bool) -> None:
    space = types.SimpleNamespace(warmup=argparse.Namespace(steps=10))
    model = Model(3, [Optimizer(0.2), (1, 2)], Optimizer(0.1, space))
    inner = {"lr": 0.1, "schedule": {"warmup": {"steps": 10}}}
    plain = {"depth": 3, "parts": [{"lr": 0.2, "schedule": None}, [1, 2]], "optimizer": inner}
    mode = "disabled" if is_disabled else "offline"
    run = start(config={"model": model, "space": space}, mode=mode)
    assert run.config.as_dict() == {"model": plain, "space": {"warmup": {"steps": 10}}}
    run.config.other = argparse.Namespace(model=model)
    assert run.config.other == {"model": plain}
    run.finish()
    run = start(config=model, mode=mode)
    assert run.config.as_dict() == plain
    run.finish()


def test_a_yaml_file_runs_no_code(tmp_path: Path) -> None:
    file = tmp_path / "evil.yaml"
    file.write_text("a: !!python/object/apply:os.system ['touch " + str(tmp_path / "owned") + "']")
    with pytest.raises(UsageError):
        start(config=file)
    assert not (tmp_path / "owned").exists()


def test_default_project_is_the_git_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "my-project" / "src"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert start(project=None).project == "uncategorized"
    diorama.finish()
    (tmp_path / "my-project" / ".git").mkdir()
    assert start(project=None).project == "my-project"


@pytest.mark.parametrize("name", ["a/b", "..", "", " ", "a\nb", "x" * 2000])
def test_bad_ids_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="id"):
        start(id=name) if name else start(id=" ")


def test_names_and_ids_are_made_up() -> None:
    run = start()
    assert len(run.id) == 8
    assert run.name.count("-") == 1
    assert run.path == f"local/p/{run.id}"
    assert run.url is None


def test_the_url_follows_the_server(own_store: Path) -> None:
    run = start(mode="online", id="abc", settings={**QUIET, "sidecar": "none"})
    assert run.url == "http://127.0.0.1:7117/local/p/runs/abc"
    run.finish()
    (own_store / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:9/base/"}))
    run = start(mode="online", id="a b", settings={**QUIET, "sidecar": "none"})
    assert run.url == "http://127.0.0.1:9/base/local/p/runs/a%20b"


def test_changing_config_at_init_of_the_same_run() -> None:
    run = start(config={"a": 1})
    with pytest.raises(ConfigError):
        run.config.update({"a": 2})
    run.finish()
    run = start(config={"a": 1}, allow_val_change=True)
    run.config.a = 2
    assert run.config.a == 2


def test_a_line_at_the_start_and_one_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIORAMA_SILENT")
    start(name="hello").finish()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all("hello" in line for line in lines)
    monkeypatch.setenv("DIORAMA_SILENT", "1")
    start().finish()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("place", ["file", "link", "below-file", "proc"])
def test_a_run_that_can_not_be_kept_is_told_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    where = {"below-file": tmp_path / "file" / "store", "proc": Path("/proc/store")}
    folder = where.get(place, tmp_path / place)
    if place == "link":
        folder = folder / "journal"
        folder.parent.unlink()
        folder.parent.mkdir()
        (folder.parent / "journal").symlink_to(tmp_path / "nowhere")
        folder = folder.parent
    monkeypatch.setenv("DIORAMA_DIR", str(folder))
    with pytest.raises(UsageError, match=f"can't be kept: {folder}.*DIORAMA_DIR"):
        start()
    assert diorama.run is None
    assert open_runs() == []


def test_a_failing_config_leaves_no_run_behind(own_store: Path) -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    with pytest.raises(UsageError, match="refers to itself"):
        start(config={"loop": loop})
    assert open_runs() == []
    assert not (own_store / "journal").exists()


@pytest.mark.parametrize("name", ["a:b", "a/b", "a#b", "x\ud800"])
def test_names_that_can_not_be_are_usage_errors(name: str) -> None:
    for argument in ("project", "entity", "id"):
        with pytest.raises(diorama.UsageError, match=argument):
            start(**{argument: name})
        with pytest.raises(ValueError, match=argument):
            start(**{argument: name})


def test_what_is_written_into_the_runs_folder_becomes_files_of_the_run(
    own_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    run = start(dir="out", id="r")
    assert run.dir == str(tmp_path / "work" / "out" / "files" / "local" / "p" / "r")
    monkeypatch.chdir(tmp_path)
    folder = Path(run.dir)
    (folder / "notes.txt").write_text("two epochs were enough")
    (folder / "sub").mkdir()
    large = bytes(range(256)) * 1000
    (folder / "sub" / "model.bin").write_bytes(large)
    (folder / "empty").write_bytes(b"")
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "pipe")
    run.finish()
    entries = entries_of(own_store / "journal")
    assert [each.name for each in entries if isinstance(each, File)] == [
        "empty", "notes.txt", "sub/model.bin",
    ]  # fmt: skip
    told = [each.text for each in entries if isinstance(each, Warn)]
    assert len(told) == 2
    assert "gone" in told[0]
    assert "pipe in run.dir can't be read" in told[1]
    with Service.open(StoreDir(own_store)) as service:
        drain(StoreDir(own_store), transport=LocalTransport(StoreDir(own_store), service))
        uid = service.find_run("local", "p", "r").uid
        assert service.get_blob(service.file(uid, "sub/model.bin").sha256) == large
        assert service.get_blob(service.file(uid, "notes.txt").sha256) == b"two epochs were enough"


def test_a_folder_that_can_not_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="dir="):
        start(dir=tmp_path / "file" / "out")


def test_tensorboard_is_not_taken_and_that_is_said(own_store: Path) -> None:
    for arguments in ({"sync_tensorboard": True}, {"tensorboard": True}):
        with pytest.warns(DioramaWarning, match="NOTHING that a SummaryWriter writes"):
            start(**arguments)
        diorama.finish()
    with pytest.warns(DioramaWarning, match="NOTHING that a SummaryWriter writes"):
        start(settings=Settings(sync_tensorboard=True, console="off"))
    diorama.finish()
    warned = [each.code for each in entries_of(own_store / "journal") if isinstance(each, Warn)]
    assert warned == ["tensorboard"] * 3


def test_w_and_bs_file_of_defaults_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config-defaults.yaml").write_text("lr: {desc: null, value: 0.5}\ndepth: {value: 3}\n")
    run = start(config={"lr": 0.1})
    assert run.config.as_dict() == {"lr": 0.1, "depth": 3}


def test_config_before_init_is_nothing_yet() -> None:
    assert not diorama.config
    with pytest.raises(UsageError, match=r"call diorama.init\(\)"):
        diorama.config.lr  # noqa: B018


def test_the_place_of_a_run_stays_wherever_the_script_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "there", "gone"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("DIORAMA_DIR", "store")
    other = start(resume="auto")
    other.finish(exit_code=1)
    run = start(resume="auto")
    assert run.id == other.id
    monkeypatch.chdir(tmp_path / "there")
    start(resume="auto", reinit="create_new").finish(exit_code=1)
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    run.log({"x": 1})
    run.finish()
    monkeypatch.chdir(tmp_path / "here")
    assert run.settings.store_dir.root == tmp_path / "here" / "store"
    assert start(resume="auto").id != run.id, "that one ended well"
    diorama.finish()


def test_a_run_starts_in_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    start(resume="auto", project=None).finish()


def test_secrets_in_the_command_line_are_hidden() -> None:
    argv = ["--api-key", "abc", "--lr", "0.1", "--hf_token=hf_abcdefghijklmnop", "ghp_abcdefghijklmnop1234",
            "https://me:pw@example.org/x", "--name", "token-mixer"]  # fmt: skip
    assert redact_argv(argv) == [
        "--api-key", HIDDEN, "--lr", "0.1", f"--hf_token={HIDDEN}", HIDDEN,
        f"https://{HIDDEN}@example.org/x", "--name", "token-mixer",
    ]  # fmt: skip


def test_what_is_not_available_says_so() -> None:
    with pytest.raises(UsageError, match="fork_from"):
        start(fork_from="x?_step=3")
    assert diorama.login()
    diorama.setup()


def test_importing_is_cheap() -> None:
    import subprocess

    code = (
        "import sys, diorama\n"
        "run = diorama.init(project='p', mode='offline', settings={'console': 'off'})\n"
        "run.log({'a': 1.0}); run.finish()\n"
        "print([name for name in ('numpy', 'PIL', 'sqlalchemy', 'psutil', 'sqlite3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
