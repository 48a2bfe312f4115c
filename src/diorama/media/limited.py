"""Decoding of files that somebody else made, in a process that may fail.

A decoder (Pillow, PyAV, libsndfile, rdkit, a mesh parser) meets bytes that nobody has vetted: they may ask
for 60 GB of memory, loop for ever or crash it. So it runs in a worker process with limits of memory,
processor time and wall-clock time, and without network where Linux lets us take it away. Workers are kept
and reused; one that dies or overruns takes only its own job with it.

    run_limited("diorama.media.audio_facts:inspect", {"format": "wav"}, data)
        -> calls inspect({"format": "wav"}, data) in a worker and returns what it returned
"""

from __future__ import annotations

import atexit
import os
import struct
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from typing import IO, Any

import msgspec

from diorama.interpreter import command_for, python_path_from

MEMORY_BYTES = 1 << 30
"""Address space that a job may use beside the interpreter, its libraries and its data."""
CPU_SECS = 10.0
WALL_SECS = 30.0
IDLE_WORKERS_LIMIT = 4
JOBS_PER_WORKER = 500
"""A worker is replaced after so many jobs: decoders leak."""

_HEAD = struct.Struct("<QQ")


class DecodeError(ValueError):
    """A decoder refused the data, crashed, or used more than it may. The text is for people."""


def run_limited(
    task: str,
    header: Mapping[str, Any],
    data: bytes | bytearray | memoryview = b"",
    *,
    memory_bytes: int = MEMORY_BYTES,
    cpu_secs: float = CPU_SECS,
    wall_secs: float = WALL_SECS,
) -> Any:
    """`function(header, data)` in a worker process, where `task` is "diorama.media.<module>:<function>".

    header and the answer: anything that msgpack carries (bytes too). data: given as a memoryview.
    The limits grow with the data: eight bytes of memory and 0.1 s per MiB for each of its bytes.

    Raises DecodeError when the function raises, with its message; when the worker crashes; when it needs too
    much memory or time. Raises OSError when no process can be started.
    """
    view = memoryview(data).cast("B")
    job = {
        "task": task,
        "header": dict(header),
        "memory_bytes": memory_bytes + 8 * view.nbytes,
        "cpu_secs": cpu_secs + view.nbytes / (10 << 20),
    }
    worker = _pool.take()
    is_fit = False
    try:
        answer = worker.run(job, view, wall_secs + view.nbytes / (5 << 20))
        is_fit = worker.jobs < JOBS_PER_WORKER
    finally:
        _pool.give_back(worker, is_fit=is_fit)
    if "error" in answer:
        raise DecodeError(answer["error"])
    return answer["value"]


class _Worker:
    """One worker process: a job in, an answer out."""

    def __init__(self) -> None:
        self.jobs = 0
        self.pid_of_owner = os.getpid()
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 it lives as long as the worker
        self._process = subprocess.Popen(
            command_for("diorama.media.worker"),
            # Not the user's folder: a random.py in it would be imported instead of Python's own.
            cwd=tempfile.gettempdir(),
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            close_fds=True,
        )

    def run(self, job: dict[str, Any], data: memoryview, wall_secs: float) -> dict[str, Any]:
        self.jobs += 1
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        is_overdue = threading.Event()

        def stop() -> None:
            is_overdue.set()
            self._process.kill()

        timer = threading.Timer(wall_secs, stop)
        timer.daemon = True
        timer.start()
        try:
            head = msgspec.msgpack.encode(job)
            stdin.write(_HEAD.pack(len(head), data.nbytes))
            stdin.write(head)
            stdin.write(data)
            stdin.flush()
            size = stdout.read(8)
            answer = stdout.read(int.from_bytes(size, "little")) if len(size) == 8 else b""
            found: dict[str, Any] = msgspec.msgpack.decode(answer)
        except (OSError, msgspec.DecodeError):
            return {"error": self._obituary(is_overdue.is_set(), wall_secs)}
        finally:
            timer.cancel()
        return found

    def _obituary(self, is_overdue: bool, wall_secs: float) -> str:
        self.jobs = JOBS_PER_WORKER
        if is_overdue:
            return f"decoding took more than {wall_secs:.0f} s and was stopped"
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            code = None
        if code is not None and -code == 24:  # SIGXCPU, which Windows lacks
            return "decoding took too much processor time and was stopped"
        self._complaints.seek(0)
        said = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        return f"the decoder crashed (exit code {code}{': ' + said[-1][:200] if said else ''})"

    def close(self) -> None:
        if self.pid_of_owner != os.getpid():
            return
        for pipe in (self._process.stdin, self._process.stdout, self._complaints):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
        self._process.kill()
        self._process.wait()


class _Pool:
    """Workers that wait for jobs. A forked child starts workers of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []

    def take(self) -> _Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.pid_of_owner == os.getpid():
                    return worker
        return _Worker()

    def give_back(self, worker: _Worker, *, is_fit: bool) -> None:
        with self._lock:
            if is_fit and len(self._idle) < IDLE_WORKERS_LIMIT:
                self._idle.append(worker)
                return
        worker.close()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()


def _environment() -> dict[str, str]:
    """As little as an interpreter needs; one thread for numeric libraries, each would reserve memory."""
    kept = (
        "PATH",
        "SYSTEMROOT",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "LANG",
        "TMPDIR",
        "TEMP",
        "VIRTUAL_ENV",
    )
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= python_path_from(os.environ)
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment["PYTHONDONTWRITEBYTECODE"] = os.environ.get("PYTHONDONTWRITEBYTECODE", "")
    return environment


_pool = _Pool()
atexit.register(_pool.close)
