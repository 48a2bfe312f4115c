"""Whether somebody stores what is logged: starts, deaths, other keys."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from stand_in import stand_in

from diorama.client import sidecar_start
from diorama.client.settings import resolve
from diorama.client.sidecar_start import STARTS_LIMIT, STARTS_WITHIN_SECS, SidecarHandle


class FakeProcess:
    """A process of a command, which lives until told otherwise."""

    def __init__(self, command: list[str], *, env: dict[str, str], **more: Any) -> None:
        self.key = env.get("DIORAMA_API_KEY")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self.returncode

    def terminate(self) -> None:
        self.returncode = 0


class Clock:
    now = 1000.0


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[FakeProcess]:
    processes: list[FakeProcess] = []

    def start(*args: Any, **more: Any) -> FakeProcess:
        processes.append(FakeProcess(*args, **more))
        return processes[-1]

    monkeypatch.setattr(sidecar_start, "subprocess", stand_in(subprocess, Popen=start))
    monkeypatch.setattr(sidecar_start, "_handles", {})
    monkeypatch.setattr(sidecar_start, "time", stand_in(time, monotonic=lambda: Clock.now))
    return processes


def handle(told: list[str], **settings: Any) -> SidecarHandle:
    resolved = resolve({}, settings, {})
    return SidecarHandle(resolved, lambda code, text: told.append(text))


def look(made: SidecarHandle, *, after_secs: float) -> None:
    Clock.now += after_secs
    made.tend()


def test_a_sidecar_that_keeps_dying_is_tried_again_later(own_store: Path, started: list[FakeProcess]) -> None:
    told: list[str] = []
    made = handle(told)
    made.start()
    for _ in range(STARTS_LIMIT * 3):
        started[-1].returncode = 1
        look(made, after_secs=2)
    assert len(started) == STARTS_LIMIT
    assert len(told) == 1
    assert "died 5 times" in told[0]
    look(made, after_secs=STARTS_WITHIN_SECS)
    assert len(started) == STARTS_LIMIT + 1
    look(made, after_secs=2)
    assert len(started) == STARTS_LIMIT + 1, "it lives"


def test_rare_deaths_are_forgiven(own_store: Path, started: list[FakeProcess]) -> None:
    told: list[str] = []
    made = handle(told)
    made.start()
    for number in range(3 * STARTS_LIMIT):
        started[-1].returncode = 1
        look(made, after_secs=STARTS_WITHIN_SECS / 2)
        assert len(started) == number + 2
    assert told == []


def test_another_key_is_used_by_what_is_sent_from_then_on(
    own_store: Path, started: list[FakeProcess]
) -> None:
    def run_with(key: str | None) -> SidecarHandle:
        settings = resolve({"url": "http://127.0.0.1:9", "api_key": key}, None, {})
        return sidecar_start.sidecar_for(settings, lambda code, text: None)

    first = run_with("old")
    assert run_with("old") is first
    assert [process.key for process in started] == ["old"]
    run_with("new")
    assert [process.key for process in started] == ["old", "new"]
    assert started[0].returncode is not None, "the one with the old key gives way"
    assert started[1].returncode is None
