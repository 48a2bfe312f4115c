"""Settings of init(): where they come from, which win, and which are refused."""

from __future__ import annotations

import pytest
from offline_runs import QUIET, start

import diorama
from diorama.client.settings import Settings, is_hosted, resolve
from diorama.errors import UsageError

pytestmark = pytest.mark.usefixtures("no_open_runs")


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


def test_settings_tell_what_the_run_is() -> None:
    run = start(project=None)
    settings = run.settings
    assert (settings.run_id, settings.project, settings.entity) == (run.id, run.project, run.entity)
    assert Settings(x_disable_stats=True).x_disable_stats is True
    assert Settings().x_disable_stats is False
    assert Settings(x_disable_stats=False)._disable_stats is False
