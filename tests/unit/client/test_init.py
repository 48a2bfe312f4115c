"""init(): settings and where they come from, resuming, reinit, projects, what is printed."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import diorama
from diorama.client.environment import HIDDEN, redact_argv
from diorama.client.settings import Settings, is_hosted, resolve
from diorama.errors import CommError, ConfigError, UsageError

QUIET = {"console": "off"}


def start(**arguments: Any) -> Any:
    return diorama.init(**{"project": "p", "mode": "offline", "settings": dict(QUIET), **arguments})


@pytest.fixture(autouse=True)
def no_open_runs() -> Any:
    yield
    from diorama.client.current import open_runs

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


def test_an_unwritable_store_is_told_and_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DIORAMA_DIR", str(tmp_path / "file"))
    run = start()
    run.log({"a": 1})
    assert run.status()["waiting"] > 0
    run.finish()
    said = capsys.readouterr().err
    assert "can't be written" in said
    assert "lost" in said


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
