"""Decoders that misbehave take nothing with them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diorama.media import limited
from diorama.media.limited import DecodeError, run_limited

TASKS = """
import sys

def echo(header, data):
    return {"header": header, "size": len(data), "head": bytes(data[:3])}

def refuse(header, data):
    raise ValueError("this is no picture")

def eat_memory(header, data):
    return len(bytearray(header["bytes"]))

def spin(header, data):
    while True:
        pass

def sleep(header, data):
    import time
    time.sleep(60)

def crash(header, data):
    import os, signal
    os.kill(os.getpid(), signal.SIGSEGV)

def chatter(header, data):
    print("a library says hello")
    sys.stdout.flush()
    return "answer"

def answer_nonsense(header, data):
    return object()

def reach_out(header, data):
    import socket
    try:
        socket.create_connection(("127.0.0.1", header["port"]), 2).close()
    except OSError as error:
        return type(error).__name__
    return "connected"
"""


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Names a function of TASKS as if it were one of ours; the pool is fresh, so that workers find it."""
    (tmp_path / "tasks.py").write_text(TASKS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    pool = limited._Pool()
    monkeypatch.setattr(limited, "_pool", pool)
    (tmp_path / "sitecustomize.py").write_text(
        f"import diorama.media\ndiorama.media.__path__.append({str(tmp_path)!r})\n"
    )
    yield lambda name: f"diorama.media.tasks:{name}"
    pool.close()


def test_a_task_gets_its_data_and_answers(task) -> None:
    answer = run_limited(task("echo"), {"a": [1, None, "x"]}, memoryview(b"abcdef"))
    assert answer == {"header": {"a": [1, None, "x"]}, "size": 6, "head": b"abc"}


def test_a_refusal_is_told_and_the_worker_goes_on(task) -> None:
    with pytest.raises(DecodeError, match="ValueError: this is no picture"):
        run_limited(task("refuse"), {})
    assert run_limited(task("echo"), {}, b"x")["size"] == 1
    assert run_limited(task("chatter"), {}) == "answer"
    with pytest.raises(DecodeError, match="can't be sent"):
        run_limited(task("answer_nonsense"), {})


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory are Linux's")
def test_memory_is_limited(task) -> None:
    with pytest.raises(DecodeError, match="memory"):
        run_limited(task("eat_memory"), {"bytes": 2 << 30})
    assert run_limited(task("eat_memory"), {"bytes": 1 << 20}) == 1 << 20


def test_processor_time_is_limited(task) -> None:
    with pytest.raises(DecodeError, match="processor time"):
        run_limited(task("spin"), {}, cpu_secs=0.1)
    assert run_limited(task("echo"), {}, b"")["size"] == 0


def test_time_is_limited(task) -> None:
    with pytest.raises(DecodeError, match="more than 1 s"):
        run_limited(task("sleep"), {}, wall_secs=0.6)
    assert run_limited(task("echo"), {}, b"")["size"] == 0


def test_a_crash_is_told(task) -> None:
    with pytest.raises(DecodeError, match="crashed"):
        run_limited(task("crash"), {})
    assert run_limited(task("echo"), {}, b"")["size"] == 0


def test_other_code_is_not_run() -> None:
    with pytest.raises(DecodeError, match="not one of ours"):
        run_limited("os:getcwd", {})


def test_a_worker_ends_with_its_owner(tmp_path: Path) -> None:
    code = (
        "from diorama.media import limited\n"
        "worker = limited._pool.take()\n"
        "limited._pool.give_back(worker, is_fit=True)\n"
        "print(worker._process.pid, flush=True)\n"
        "import os; os._exit(1)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    pid = int(answer.stdout)
    for _ in range(100):
        time.sleep(0.05)
        try:
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().rpartition(")")[2].split()[0] == "Z":
                    return
        except OSError:
            return
    pytest.fail("the worker outlived its owner")
