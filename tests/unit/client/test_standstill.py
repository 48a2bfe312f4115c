"""A server that takes nothing is told of while the run goes on, once."""

from __future__ import annotations

import time

import pytest

import diorama
from diorama.journal.folder import note_parked, note_taken


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, no_open_runs: None) -> None:
    monkeypatch.setattr("diorama.client.standstill.TELL_AFTER_SECS", 0.0)
    monkeypatch.setattr("diorama.client.standstill.LOOK_EVERY_SECS", 0.0)


def started(**settings: object) -> diorama.Run:
    return diorama.init(project="p", settings={"console": "off", "sidecar": "none", **settings})


def test_a_standstill_is_told_once_while_the_run_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    run = started(base_url="http://127.0.0.1:9")
    channel = run._channel
    assert channel is not None
    run.log({"x": 1})
    run._tick()
    assert "nothing of this run" not in capsys.readouterr().err
    note_parked(channel.writer.directory, "it answered 401 (set DIORAMA_API_KEY)")
    said = ""
    until = time.monotonic() + 30
    while "nothing of this run" not in said:
        assert time.monotonic() < until
        time.sleep(0.02)
        said += capsys.readouterr().err
    assert "it answered 401 (set DIORAMA_API_KEY)" in said
    assert "The run goes on" in said
    for _ in range(3):
        run._tick()
    assert "nothing of this run" not in capsys.readouterr().err


def test_what_passes_soon_is_not_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diorama.client.standstill.TELL_AFTER_SECS", 1000.0)
    run = started(base_url="http://127.0.0.1:9")
    channel = run._channel
    assert channel is not None
    note_parked(channel.writer.directory, "it is being restarted")
    run._tick()
    run._tick()
    assert run._standstill._since is not None
    note_taken(channel.writer.directory)
    run._tick()
    assert run._standstill._since is None
    assert "nothing of this run" not in capsys.readouterr().err


def test_a_run_of_this_machine_does_not_look(capsys: pytest.CaptureFixture[str]) -> None:
    run = started()
    channel = run._channel
    assert channel is not None
    note_parked(channel.writer.directory, "the disk is full")
    run._tick()
    run._tick()
    assert "nothing of this run" not in capsys.readouterr().err
