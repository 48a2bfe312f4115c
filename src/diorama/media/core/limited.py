"""Decoding of files that somebody else made, in a process that may fail.

A decoder (Pillow, PyAV, libsndfile, rdkit, a mesh parser) meets bytes that nobody has vetted: they may ask
for 60 GB of memory, loop for ever or crash it. So it runs in a worker process with limits of memory,
processor time and wall-clock time, and without network where Linux lets us take it away. Workers are kept
and reused; one that dies or overruns takes only its own job with it.

    run_limited("diorama.media.audio.facts:inspect", {"format": "wav"}, data)
        -> calls inspect({"format": "wav"}, data) in a worker and returns what it returned

Bytes that lie in a file (an `Extent`) are not sent: the worker opens the file itself.
"""

from __future__ import annotations

import atexit
import os
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from typing import IO, Any

import msgspec

from diorama.errors import is_of_the_moment
from diorama.interpreter import command_for, python_path_from
from diorama.media.core.extent import Data, Extent, size_of

MEMORY_BYTES = 1 << 30
"""Address space that a job may use beside the interpreter, its libraries and its data."""
CPU_SECS = 10.0
WALL_SECS = 30.0
IDLE_WORKERS_LIMIT = 4
APART_LIMIT = 16
"""For so many names there are workers apart."""
JOBS_PER_WORKER = 500
"""A worker is replaced after so many jobs: decoders leak."""
START_WAITS_SECS = (0.1, 0.5)
"""Between attempts to start a worker while the machine lacks processes, descriptors or memory."""
_PIPE_PIECE_BYTES = 1 << 20

_HEAD = struct.Struct("<QQ")


class DecodeError(ValueError):
    """A decoder refused the data, crashed, or used more than it may. The text is for people."""


class NoWorker(DecodeError):
    """No process can be started to decode in. That says nothing about the data."""


def run_limited(
    task: str,
    header: Mapping[str, Any],
    data: Data = b"",
    *,
    memory_bytes: int = MEMORY_BYTES,
    cpu_secs: float = CPU_SECS,
    wall_secs: float = WALL_SECS,
    apart: str = "",
) -> Any:
    """`function(header, data)` in a worker process, where `task` is "diorama.media.<module>:<function>".

    apart: jobs of one name get workers of their own, for code that might leave a worker other than it was.

    header and the answer: anything that msgpack carries (bytes too). data: given as a memoryview, or as
    the Extent that it is.
    The limits grow with the data: eight bytes of memory and 0.1 s per MiB for each of its bytes. An answer
    may be as large as the memory of its job.

    Raises DecodeError when the function raises, with its message; when the worker crashes; when it needs too
    much memory or time; and, as NoWorker, when no process can be started.
    """
    size_bytes = size_of(data)
    job = {
        "task": task,
        "header": dict(header),
        "memory_bytes": memory_bytes + 8 * size_bytes,
        "cpu_secs": cpu_secs + size_bytes / (10 << 20),
        "file": list(data) if isinstance(data, Extent) else None,
    }
    sent = memoryview(b"" if isinstance(data, Extent) else data).cast("B")
    limit_secs = wall_secs + size_bytes / (5 << 20)
    pool = _pool if not apart else _pool_apart(apart)
    answer = _answer(job, sent, limit_secs, pool, pool.borrow())
    if "too_small" in answer:
        answer = _answer(job, sent, limit_secs, pool, pool.start())
    if "error" in answer:
        raise DecodeError(answer["error"])
    return answer["value"]


def _answer(
    job: dict[str, Any], data: memoryview, wall_secs: float, pool: _Pool, worker: _Worker
) -> dict[str, Any]:
    is_fit = False
    try:
        answer = worker.run(job, data, wall_secs)
        is_fit = worker.jobs < JOBS_PER_WORKER and "too_small" not in answer
    except MemoryError as error:
        raise DecodeError("decoding needs more memory than this machine has left") from error
    except RuntimeError as error:  # no thread for the clock
        raise NoWorker(f"no process can be watched now: {error}") from error
    finally:
        pool.give_back(worker, is_fit=is_fit)
    return answer


class _Worker:
    """One worker process: a job in, an answer out. Raises OSError, MemoryError or RuntimeError if none can
    be started."""

    def __init__(self) -> None:
        self.jobs = 0
        self.pid_of_owner = os.getpid()
        self._complaints = _file_for_complaints()
        try:
            self._process = subprocess.Popen(
                command_for("diorama.media.core.worker"),
                cwd=os.path.abspath(os.sep),
                env=_environment(),
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL if self._complaints is None else self._complaints,
                close_fds=True,
            )
        except BaseException:
            if self._complaints is not None:
                self._complaints.close()
            raise

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def run(self, job: dict[str, Any], data: memoryview, wall_secs: float) -> dict[str, Any]:
        self.jobs += 1
        is_overdue = threading.Event()

        def stop() -> None:
            is_overdue.set()
            self._process.kill()

        timer = threading.Timer(wall_secs, stop)
        timer.daemon = True
        timer.start()
        try:
            head = msgspec.msgpack.encode(job)
            self._send(memoryview(_HEAD.pack(len(head), data.nbytes)))
            self._send(memoryview(head))
            self._send(data)
            size_bytes = int.from_bytes(self._receive(8), "little")
            if size_bytes > job["memory_bytes"]:
                self.jobs = JOBS_PER_WORKER
                return {"error": f"the decoder's answer has {size_bytes} bytes, which is too much"}
            found: dict[str, Any] = msgspec.msgpack.decode(self._receive(size_bytes))
        except (OSError, EOFError, msgspec.DecodeError):
            return {"error": self._obituary(is_overdue.is_set(), wall_secs)}
        finally:
            timer.cancel()
        return found

    def _send(self, data: memoryview) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        while data:
            data = data[stdin.write(data[:_PIPE_PIECE_BYTES]) :]

    def _receive(self, size_bytes: int) -> bytearray:
        """Exactly so many bytes. Raises EOFError if there are fewer."""
        stdout = self._process.stdout
        assert stdout is not None
        received = bytearray()
        while len(received) < size_bytes:
            piece = stdout.read(min(size_bytes - len(received), _PIPE_PIECE_BYTES))
            if not piece:
                raise EOFError
            received += piece
        return received

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
        said: list[str] = []
        if self._complaints is not None:
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
        self.forget()

    def forget(self) -> None:
        """In a forked child: the workers are the parent's, and a thread of it may have held the lock."""
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._is_closed = False

    def borrow(self) -> _Worker:
        """A worker that waits, or a new one. Raises NoWorker."""
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return self.start()
            if worker.is_alive():
                return worker
            worker.close()

    def start(self) -> _Worker:
        """A new worker. Raises NoWorker when there can be none, also not a moment later."""
        for wait_secs in (*START_WAITS_SECS, None):
            try:
                return _Worker()
            except (OSError, MemoryError, RuntimeError) as error:
                if wait_secs is None or not is_of_the_moment(error):
                    raise NoWorker(f"no process can be started to decode in: {error}") from error
                time.sleep(wait_secs)
        raise AssertionError("the last attempt returns or raises")

    def give_back(self, worker: _Worker, *, is_fit: bool) -> None:
        with self._lock:
            if is_fit and not self._is_closed and len(self._idle) < IDLE_WORKERS_LIMIT:
                self._idle.append(worker)
                return
        worker.close()

    def close(self) -> None:
        """End the workers that wait, and those that are out as soon as they are given back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()


def _file_for_complaints() -> IO[bytes] | None:
    """Where a worker's stderr goes; None if there is no room for one."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return None


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


def _pool_apart(name: str) -> _Pool:
    """The workers of jobs that stay apart under this name. Those used longest ago make room for new ones."""
    with _apart_lock:
        pool = _apart.pop(name, None) or _Pool()
        _apart[name] = pool
        dropped = [_apart.pop(next(iter(_apart))) for _ in range(len(_apart) - APART_LIMIT)]
    for one in dropped:
        one.close()
    return pool


_pool = _Pool()
_apart: dict[str, _Pool] = {}
_apart_lock = threading.Lock()


def _close_all() -> None:
    for pool in (_pool, *list(_apart.values())):
        pool.close()


def _forget_all() -> None:
    global _apart_lock
    _apart_lock = threading.Lock()
    for pool in (_pool, *_apart.values()):
        pool.forget()


atexit.register(_close_all)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
