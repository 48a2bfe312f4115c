"""mode="disabled": every call of W&B's API is answered; nothing is written."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

import diorama
from diorama.client.run import Run


def through_pickle(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 our own


@pytest.fixture
def run() -> Any:
    started = diorama.init(mode="disabled", project="p", config={"a": 1})
    yield started
    started.finish()


def test_nothing_is_written_and_nothing_breaks(run: Run, own_store: Path) -> None:
    run.log({"x": object()})
    run.log({"x": 1}, step=7)
    run.define_metric("x")
    run.name = "other"
    run.config.b = [1, 2]
    run.mark_preempting()
    assert run.flush(wait=True)
    assert Path(run.dir).is_dir()
    assert (run.config.a, run.config.b, run.name) == (1, [1, 2], "other")
    assert run.disabled
    assert run.url is None
    assert (run.sweep_id, run.sweep_url) == (None, None)
    assert run.status()["logged"] == 0
    assert not own_store.exists()


@pytest.mark.parametrize(
    "name",
    ["alert", "watch", "unwatch", "save", "log_artifact", "use_artifact", "link_artifact", "finish_artifact",
     "upsert_artifact", "log_code", "log_model", "use_model", "link_model", "restore", "display", "to_html",
     "write_logs", "pin_config_keys"],
)  # fmt: skip
def test_every_call_is_answered(run: Any, name: str) -> None:
    getattr(run, name)("x", anything=1)
    assert not getattr(run, name)()


def test_artifacts_and_modules_functions_are_answered(run: Any) -> None:
    artifact = diorama.Artifact("model", type="model")  # type: ignore[attr-defined]  # there while disabled
    artifact.add_file("model.pt")
    with artifact.new_file("a.txt") as file:
        file.write("x")
    run.log_artifact(artifact).wait().name.upper()
    diorama.watch(None)  # type: ignore[attr-defined]
    diorama.alert("title", "text")  # type: ignore[attr-defined]
    diorama.save("*.pt")  # type: ignore[attr-defined]
    run.finish()
    with pytest.raises(AttributeError, match="not there yet"):
        diorama.watch  # type: ignore[attr-defined]  # noqa: B018


def test_the_summary_holds_what_was_logged(run: Any) -> None:
    run.log({"acc": 1, "nested": {"deep": {"x": 2}}})
    run.log({"acc": 2})
    assert run.summary["acc"] == 2
    assert run.summary.acc == 2
    assert run.summary.nested.deep.x == 2
    run.summary["best"] = 3
    run.summary.update({"more": 4})
    run.summary.nested.deep.x = 5
    assert run.summary["nested"]["deep"]["x"] == 5
    assert diorama.summary["more"] == 4
    with pytest.raises(AttributeError, match="no key 'missing'"):
        run.summary.missing  # noqa: B018
    run.finish()


def test_it_can_be_copied_and_pickled(run: Any) -> None:
    run.log({"acc": 1})
    assert copy.deepcopy({"run": run})["run"] is run
    assert through_pickle(run) is run
    run.finish()
    again = through_pickle(run)
    assert again.disabled
    assert again.summary["acc"] == 1
    assert again.config.a == 1
    again.log({"acc": 2})


def test_wrong_arguments_are_still_told(run: Any) -> None:
    with pytest.raises(diorama.UsageError):
        run.log(3)
