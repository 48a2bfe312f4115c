"""Waiting until what was logged is stored."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

import diorama
from diorama.client import ending
from diorama.client.channel import Channel
from diorama.client.ending import wait_until_stored
from diorama.client.run import Run
from diorama.journal.entry import Start
from diorama.journal.folder import ACK, note_busy, parked_reason
from diorama.model import StoreDir


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


@pytest.mark.slow
def test_a_standstill_is_not_waited_for(channel: Channel) -> None:
    began = time.monotonic()
    assert not wait_until_stored(channel, None)
    assert 0.3 < time.monotonic() - began < 5


@pytest.mark.slow
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


# -- finish() whatever the disk does ---------------------------------------------------------------


def quiet_run(**settings: object) -> Run:
    return diorama.init(project="p", settings={"console": "off", "silent": False, **settings})


@pytest.mark.parametrize(
    "error", [PermissionError(13, "no rights"), OSError(5, "EIO"), OSError(116, "stale")]
)
@pytest.mark.parametrize("step", ["sync", "close", "end", "report_dropped"])
def test_finish_raises_nothing_whatever_the_disk_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError, step: str
) -> None:
    run = quiet_run(sidecar="none")
    run.log({"x": 1})
    channel = run._channel
    assert channel is not None
    real_close = channel.close
    monkeypatch.setattr(channel, step, Mock(side_effect=error))
    run.finish()
    real_close()
    said = capsys.readouterr().err
    assert str(error) in said
    assert "what was written before lies in" in said
    assert diorama.run is None


def test_no_address_for_what_is_not_there(
    own_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = quiet_run(sidecar="none")
    run.log({"x": 1})
    run.finish()
    said = capsys.readouterr().err.splitlines()[-1]
    assert "http" not in said
    assert str(own_store) in said


@pytest.mark.slow
def test_no_address_for_a_store_that_takes_nothing(
    own_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A read-only disk, a broken mount: the sidecar lives, and can do nothing."""
    StoreDir(own_store).database.mkdir(parents=True)  # no file can be there
    run = quiet_run(sidecar="thread", finish_wait_secs=0)
    channel = run._channel
    assert channel is not None
    run.log({"x": 1})
    until = time.monotonic() + 60
    while not parked_reason(channel.writer.directory):
        assert time.monotonic() < until, "nobody says that nothing is stored"
        time.sleep(0.01)
    run.finish()
    said = capsys.readouterr().err.splitlines()[-1]
    assert "http" not in said
    assert str(own_store) in said
    assert "the store does not take it now" in said
    StoreDir(own_store).database.rmdir()
    assert run._sidecar is not None
    run._sidecar.stop_thread(20)


def test_a_journal_that_was_deleted_under_the_run_is_not_stored(own_store: Path) -> None:
    run = quiet_run(sidecar="none")
    run.log({"x": 1})
    channel = run._channel
    assert channel is not None
    shutil.rmtree(channel.writer.directory)
    assert not channel.is_stored
    run.finish()


def test_finish_makes_sure_that_somebody_stores_the_rest(
    own_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = quiet_run(sidecar="thread")
    sidecar = run._sidecar
    assert sidecar is not None
    sidecar.stop_thread(20)
    assert not sidecar.is_alive()
    run._tick()
    sidecar.stop_thread(20)
    run.log({"x": 1})
    run.finish()
    assert "finished · http" in capsys.readouterr().err
