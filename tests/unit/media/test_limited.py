"""Decoders that misbehave take nothing with them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from stand_in import stand_in

from diorama.media.core import limited
from diorama.media.core.extent import Extent
from diorama.media.core.limited import DecodeError, NoWorker, run_limited

TASKS = """
import sys

from diorama.media.core.extent import view_of

def echo(header, data):
    data = view_of(data)
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

def announce(header, data):
    import os, stat
    for number in range(3, 20):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.write(number, header["bytes"].to_bytes(8, "little"))
        except OSError:
            continue

def raise_limits(header, data):
    import resource
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    return len(bytearray(header["bytes"]))


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


@pytest.mark.slow
def test_processor_time_is_limited(task) -> None:
    with pytest.raises(DecodeError, match="processor time"):
        run_limited(task("spin"), {}, cpu_secs=0.1)
    assert run_limited(task("echo"), {}, b"")["size"] == 0


@pytest.mark.slow
def test_time_is_limited(task) -> None:
    with pytest.raises(DecodeError, match="more than 1 s"):
        run_limited(task("sleep"), {}, wall_secs=0.6)
    assert run_limited(task("echo"), {}, b"")["size"] == 0


@pytest.mark.slow
def test_a_crash_is_told(task) -> None:
    with pytest.raises(DecodeError, match="crashed"):
        run_limited(task("crash"), {})
    assert run_limited(task("echo"), {}, b"")["size"] == 0


def test_other_code_is_not_run() -> None:
    with pytest.raises(DecodeError, match="not one of ours"):
        run_limited("os:getcwd", {})


@pytest.mark.slow
def test_a_worker_ends_with_its_owner(tmp_path: Path) -> None:
    code = (
        "from diorama.media.core import limited\n"
        "worker = limited._pool.borrow()\n"
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


@pytest.mark.parametrize(
    "trouble",
    [
        OSError(errno.EAGAIN, "Resource temporarily unavailable"),
        OSError(errno.EMFILE, "Too many open files"),
        PermissionError(errno.EPERM, "Operation not permitted"),
        FileNotFoundError(errno.ENOENT, "No usable temporary directory"),
        MemoryError(),
        RuntimeError("can't start new thread"),
    ],
    ids=lambda trouble: f"{type(trouble).__name__}-{getattr(trouble, 'errno', '')}",
)
def test_no_process_is_a_decode_error(monkeypatch: pytest.MonkeyPatch, trouble: BaseException) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr(limited, "START_WAITS_SECS", (0.0, 0.0))
    monkeypatch.setattr(limited, "_pool", limited._Pool())
    monkeypatch.setattr(limited, "subprocess", stand_in(subprocess, Popen=refuse))
    with pytest.raises(NoWorker, match="no process") as caught:
        run_limited("diorama.media.image.facts:inspect", {}, b"x")
    assert isinstance(caught.value, DecodeError)


def test_a_moment_without_processes_is_waited_for(task, monkeypatch: pytest.MonkeyPatch) -> None:
    start, attempts = subprocess.Popen, []

    def refuse_once(*args: object, **more: object) -> object:
        attempts.append(1)
        if len(attempts) == 1:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return start(*args, **more)

    monkeypatch.setattr(limited, "subprocess", stand_in(subprocess, Popen=refuse_once))
    assert run_limited(task("echo"), {}, b"x")["size"] == 1
    assert len(attempts) == 2


def test_a_full_folder_for_temporary_files_is_no_trouble(task, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(limited, "tempfile", stand_in(tempfile, TemporaryFile=refuse))
    assert run_limited(task("echo"), {}, b"x")["size"] == 1
    with pytest.raises(DecodeError, match="crashed"):
        run_limited(task("crash"), {})


@pytest.mark.slow
def test_a_worker_that_died_while_it_waited_costs_nobody_anything(task) -> None:
    run_limited(task("echo"), {})
    [worker] = limited._pool._idle
    worker._process.kill()
    worker._process.wait()
    assert run_limited(task("echo"), {}, b"x")["size"] == 1


def test_bytes_in_a_file_are_named_and_not_sent(
    task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(b"xyabc" + bytes(100_000))
    sent: list[int] = []
    send = limited._Worker._send

    def count(worker: limited._Worker, data: memoryview) -> None:
        sent.append(data.nbytes)
        send(worker, data)

    monkeypatch.setattr(limited._Worker, "_send", count)
    answer = run_limited(task("echo"), {}, Extent(str(path), 2, 50_000))
    assert (answer["size"], answer["head"]) == (50_000, b"abc")
    assert sum(sent) < 1000


@pytest.mark.slow
def test_the_size_of_an_answer_is_bounded(task) -> None:
    with pytest.raises(DecodeError, match="too much"):
        run_limited(task("announce"), {"bytes": 2 << 40})
    assert run_limited(task("echo"), {}, b"x")["size"] == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory are Linux's")
def test_a_decoder_cannot_raise_its_limits(task) -> None:
    with pytest.raises(DecodeError, match="memory"):
        run_limited(task("raise_limits"), {"bytes": 8 << 30})
    # A job that may use more than a worker can be given gets one of its own.
    assert run_limited(task("eat_memory"), {"bytes": 1 << 20}) == 1 << 20
    assert run_limited(task("eat_memory"), {"bytes": 1 << 20}, memory_bytes=6 << 30) == 1 << 20


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_decodes_although_a_thread_held_the_lock(tmp_path: Path) -> None:
    code = (
        "import os\n"
        "from diorama.media.core import limited\n"
        "limited._pool._lock.acquire()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try:\n"
        "        limited.run_limited('os:getcwd', {})\n"
        "    except limited.DecodeError:\n"
        "        limited._pool.close()\n"
        "        os._exit(7)\n"
        "limited._pool._lock.release()\n"
        "raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 7


def test_a_worker_that_is_out_while_its_pool_is_dropped_ends_when_it_comes_back() -> None:
    pool = limited._Pool()
    worker = pool.borrow()
    pool.close()
    pool.give_back(worker, is_fit=True)
    assert not worker.is_alive()
