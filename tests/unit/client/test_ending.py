"""Waiting until what was logged is stored."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diorama.client import ending
from diorama.client.channel import Channel
from diorama.client.ending import wait_until_stored
from diorama.journal.entry import Start
from diorama.journal.segments import ACK, note_busy


@pytest.fixture
def channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    monkeypatch.setattr(ending, "STALL_SECS", 0.4)

    def start(writer: str) -> Start:
        return Start(entity="local", project="p", run="r", writer=writer, pid=1, pid_started=2.0, time=3.0)

    opened = Channel(
        tmp_path,
        start,
        spool_bytes=None,
        is_draining=lambda: False,
        on_trouble=lambda code, text: None,
    )
    yield opened
    opened.close()


def test_a_standstill_is_not_waited_for(channel: Channel) -> None:
    began = time.monotonic()
    assert not wait_until_stored(channel, None)
    assert 0.3 < time.monotonic() - began < 5


def test_long_encoding_is_waited_for(channel: Channel) -> None:
    def work() -> None:
        for _ in range(12):
            note_busy(channel.writer.directory)
            time.sleep(0.1)
        (channel.writer.directory / "ack").write_bytes(ACK.pack(channel.writer.seq))

    sidecar = threading.Thread(target=work)
    sidecar.start()
    assert wait_until_stored(channel, None)
    sidecar.join()
