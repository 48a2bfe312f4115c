"""init(): settings and where they come from, resuming, reinit, projects, what is printed."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import Any, ClassVar

import pytest
from journal_entries import entries_of
from owner import Service
from stand_in import stand_in

import diorama
from diorama.client import same_id
from diorama.client.current import open_runs
from diorama.client.environment import HIDDEN, redact_argv
from diorama.client.guard import DioramaWarning
from diorama.client.resume import PastRun
from diorama.client.settings import Settings, is_hosted, resolve
from diorama.errors import CommError, ConfigError, UsageError
from diorama.journal.entry import File, Warn
from diorama.model import StoreDir
from diorama.sidecar import drain
from diorama.sidecar.local import LocalTransport

QUIET = {"console": "off"}


def start(**arguments: Any) -> Any:
    return diorama.init(**{"project": "p", "mode": "offline", "settings": dict(QUIET), **arguments})


@pytest.fixture(autouse=True)
def no_open_runs() -> Any:
    yield
    for run in open_runs():
        run.finish()


def test_arguments_win_over_ours_over_wandbs() -> None:
    environ = {
        "WANDB_PROJECT": "theirs",
        "WANDB_ENTITY": "lab",
        "DIORAMA_PROJECT": "ours",
        "WANDB_TAGS": "a, b",
    }
    found = resolve({"project": None}, None, environ)
    assert (found.project, found.entity, found.run_tags) == ("ours", "lab", ["a", "b"])
    assert resolve({"project": None}, {"project": "set"}, environ).project == "set"
    assert resolve({"project": "said"}, {"project": "set"}, environ).project == "said"
    assert resolve({}, None, {}).mode == "online"


@pytest.mark.parametrize(
    ("environ", "mode"),
    [
        ({"WANDB_MODE": "dryrun"}, "offline"),
        ({"WANDB_DISABLED": "true"}, "disabled"),
        ({"WANDB_MODE": "disabled", "DIORAMA_MODE": "local"}, "online"),
        ({"WANDB_MODE": "offline", "WANDB_DISABLED": "false"}, "offline"),
    ],
)
def test_modes(environ: dict[str, str], mode: str) -> None:
    assert resolve({}, None, environ).mode == mode


@pytest.mark.parametrize(
    "environ",
    [{"DIORAMA_MODE": "sometimes"}, {"DIORAMA_SPOOL_BYTES": "much"}, {"DIORAMA_URL": "not a url"},
     {"DIORAMA_SIDECAR": "maybe"}, {"DIORAMA_SILENT": "perhaps"}, {"DIORAMA_URL": "https://api.wandb.ai"}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        resolve({}, None, environ)


def test_nothing_goes_to_a_hosted_service(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIORAMA_SILENT")
    environ = {"WANDB_BASE_URL": "https://api.wandb.ai", "WANDB_API_KEY": "secret"}
    found = resolve({}, None, environ)
    assert found.url is None
    assert found.api_key is None
    assert "ignored" in capsys.readouterr().err
    own = resolve({}, None, {"WANDB_BASE_URL": "http://10.0.0.1:8080/", "WANDB_API_KEY": "secret"})
    assert (own.url, own.api_key) == ("http://10.0.0.1:8080", "secret")
    assert is_hosted("https://x.wandb.ai.")
    assert not is_hosted("https://notwandb.ai")
    assert "secret" not in repr(own)


def test_wandbs_settings_are_accepted_and_unknown_ones_told_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIORAMA_SILENT")
    given = Settings(
        start_method="thread", _disable_stats=True, no_such_setting_at_all=1, run_name="n", **QUIET
    )
    assert given.stats_interval_secs == 0.0
    for _ in range(2):
        run = diorama.init(project="p", mode="offline", settings=given)
        assert run.name == "n"
        run.finish()
    assert capsys.readouterr().err.count("no_such_setting_at_all") == 1


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


def test_reinit() -> None:
    first = start()
    assert start(config={"more": 1}) is first
    assert first.config.more == 1
    second = start(reinit="create_new")
    assert second is not first
    first.log({"a": 1})
    third = start(reinit=True)
    assert diorama.run is third
    with pytest.raises(UsageError):
        second.log({"a": 1})
    first.finish()
    with pytest.raises(UsageError, match="reinit"):
        start(reinit="sometimes")


def test_resume_from_journals_that_nobody_has_stored() -> None:
    run = start(id="r1", config={"lr": 0.1, "seed": 1}, name="kept", tags=["t"])
    for value in range(5):
        run.log({"loss": float(value)})
    run.log({"late": 1}, step=2)
    run.summary["best"] = 3
    run.finish()
    again = start(id="r1", resume="must", config={"lr": 0.2})
    assert again.resumed
    assert again.step == again.starting_step == 5
    assert again.config.as_dict() == {"lr": 0.2, "seed": 1}
    assert (again.name, again.tags) == ("kept", ("t",))
    assert again.summary["best"] == 3
    assert again.summary["loss"] == 4.0
    again.log({"loss": 9.0})
    again.finish()
    assert start(id="r1", resume="allow").step == 6


def test_resume_must_never_and_allow() -> None:
    with pytest.raises(CommError, match="there is no run"):
        start(id="nothing", resume="must")
    with pytest.raises(UsageError, match="needs the id"):
        start(resume="must")
    run = start(id="r2", resume="never")
    assert not run.resumed
    run.finish()
    with pytest.raises(CommError, match="exists"):
        start(id="r2", resume="never")
    fresh = start(id="r3", resume="allow")
    assert not fresh.resumed
    with pytest.raises(UsageError, match="resume="):
        start(resume="perhaps", reinit="create_new")


def test_resume_auto_goes_on_with_the_run_that_did_not_end_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = start(resume="auto")
    run.log({"a": 1})
    run.finish(exit_code=1)
    again = start(resume=True)
    assert (again.id, again.step, again.resumed) == (run.id, 1, True)
    again.finish()
    assert start(resume="auto").id != run.id


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


def test_the_same_id_again_without_resume_is_told() -> None:
    start(id="a").finish()
    with pytest.warns(DioramaWarning, match="resume='allow'"):
        start(id="a")
    diorama.finish()
    start(id="a", resume="allow").finish()
    start(id="a", project="another").finish()
    start(id="b").finish()


def test_the_same_id_again_in_a_store_is_told(own_store: Path) -> None:
    start(id="a").finish()
    with Service.open(StoreDir(own_store)) as service:
        drain(StoreDir(own_store), transport=LocalTransport(StoreDir(own_store), service))
    with pytest.warns(DioramaWarning, match="resume='allow'"):
        start(id="a")
    diorama.finish()


def same_id_online(monkeypatch: pytest.MonkeyPatch, answers: list[PastRun | Exception | None]) -> list[str]:
    """Start a run under an id of its own on a server that answers so; returns what it warns of."""
    asked: list[str | None] = []
    own: list[str] = []

    def find_stored(*_: object, url: str | None, **more: object) -> PastRun | None:
        asked.append(url)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            answer.ends = {writer or own[0]: end for writer, end in answer.ends.items()}
        return answer

    monkeypatch.setattr(same_id, "find_stored", find_stored)
    monkeypatch.setattr(same_id, "ASK_AFTER_SECS", (0.0, 0.0))
    monkeypatch.setattr(same_id, "threading", stand_in(threading, Thread=_Waiting))
    _Waiting.started.clear()
    settings = {**QUIET, "sidecar": "none", "url": "http://127.0.0.1:9"}
    run = start(mode="online", id="a", settings=settings)
    own.append(run._channel.name)
    for thread in _Waiting.started:
        thread.run_now()
    run.finish()
    assert set(asked) <= {"http://127.0.0.1:9"}
    assert not answers
    return [each.text for each in entries_of(run.settings.journal_root) if isinstance(each, Warn)]


class _Waiting(threading.Thread):
    """A thread that does its work when it is told to."""

    started: ClassVar[list[_Waiting]] = []

    def start(self) -> None:
        if self.name == "diorama-same-id":
            self.started.append(self)
        else:
            super().start()

    def run_now(self) -> None:
        threading.Thread.run(self)


@pytest.mark.parametrize(
    ("answers", "is_told"),
    [
        ([None], False),
        ([PastRun(ends={"other.1": 1.0, "": None})], True),
        ([PastRun(ends={"other.1": 1.0, "another.1": None, "": None})], False),
        ([PastRun(ends={"other.1": 1e11, "": None})], False),
        ([PastRun(ends={"": None})], False),
        ([CommError("away"), PastRun(ends={"other.1": 1.0})], True),
        ([CommError("away"), CommError("still away")], False),
    ],
    ids=["no run", "ended", "one runs", "ended since", "only this one", "away at first", "away"],
)
def test_the_same_id_again_on_a_server_is_told(
    monkeypatch: pytest.MonkeyPatch, answers: list[PastRun | Exception | None], is_told: bool
) -> None:
    told = same_id_online(monkeypatch, list(answers))
    assert [("resume='allow'" in text) for text in told] == [True] * is_told


def test_a_process_that_got_the_id_of_a_dead_one_is_not_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal of a process that died; its id belongs to another one now."""
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: other.pid)
        patched.setattr("diorama.client.run.own_start", lambda: 1.0)
        run = start(id="a")
        channel = run._channel
        channel.sync()
    with pytest.warns(DioramaWarning, match="resume='allow'"):
        start(id="a", reinit="create_new").finish()
    run.finish()
    other.communicate(b"\n")


def test_a_run_that_another_process_logs_to_may_be_joined() -> None:
    script = (
        "import diorama, sys\n"
        "run = diorama.init(project='p', id='shared', mode='offline', settings={'console': 'off'})\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"ready\n"
    start(id="shared").finish()
    other.communicate()
    assert other.returncode == 0


def test_w_and_bs_file_of_defaults_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config-defaults.yaml").write_text("lr: {desc: null, value: 0.5}\ndepth: {value: 3}\n")
    run = start(config={"lr": 0.1})
    assert run.config.as_dict() == {"lr": 0.1, "depth": 3}


def test_settings_tell_what_the_run_is() -> None:
    run = start(project=None)
    settings = run.settings
    assert (settings.run_id, settings.project, settings.entity) == (run.id, run.project, run.entity)
    assert Settings(x_disable_stats=True).x_disable_stats is True
    assert Settings().x_disable_stats is False
    assert Settings(x_disable_stats=False)._disable_stats is False


def test_config_before_init_is_nothing_yet() -> None:
    assert not diorama.config
    with pytest.raises(UsageError, match=r"call diorama.init\(\)"):
        diorama.config.lr  # noqa: B018


# -- a second init() -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [{"project": "q"}, {"id": "b"}, {"name": "x"}, {"group": "g"}, {"entity": "e"}]
)
def test_a_second_init_returns_the_open_run_and_says_what_has_no_effect(arguments: dict[str, Any]) -> None:
    run = start(id="a", config={"lr": 1})
    assert start(id="a") is run
    assert start(project="p", config={"depth": 2}) is run
    with pytest.warns(DioramaWarning, match=r"run local/p/a .* is active.*reinit="):
        assert start(**arguments) is run
    with pytest.raises(ConfigError, match=r"run local/p/a .* is active.*reinit="):
        start(config={"lr": 2})
    assert run.config.as_dict() == {"lr": 1, "depth": 2}


def test_another_run_can_not_be_resumed_beside_an_open_one() -> None:
    start(id="old").finish()
    run = start(id="new")
    with pytest.raises(diorama.Error, match="run local/p/new is active"):
        start(id="old", resume="must")
    resumed = start(id="old", resume="must", reinit="create_new")
    assert resumed.id == "old"
    assert diorama.run is run


def test_a_run_made_beside_another_is_not_the_current_one() -> None:
    alone = start(reinit="create_new")
    assert diorama.run is None
    assert start() is alone, "the newest run that is open"
    alone.finish()
    first = start()
    second = start(reinit="create_new")
    assert second is not first
    assert diorama.run is first
    second.finish()
    assert diorama.run is first
    first.finish()
    assert diorama.run is None


@pytest.mark.parametrize("reinit", [True, "finish_previous"])
def test_finish_previous_ends_all_open_runs(reinit: Any) -> None:
    runs = [start(), start(reinit="create_new"), start(reinit="create_new")]
    last = start(reinit=reinit)
    assert open_runs() == [last]
    for run in runs:
        with pytest.raises(UsageError, match="after it was finished"):
            run.log({"x": 1})


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
