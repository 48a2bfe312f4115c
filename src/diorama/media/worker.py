"""The process that decodes for `diorama.media.limited`: one job after another, within limits.

Reads from stdin: two little-endian uint64 (bytes of the job, bytes of the data), the job as msgpack, the
data. Answers on stdout: a uint64 (bytes) and msgpack, {"value": ...} or {"error": text}.
"""

from __future__ import annotations

import importlib
import os
import struct
import sys
import time
from typing import Any, BinaryIO

import msgspec

_HEAD = struct.Struct("<QQ")
_ALLOWED = "diorama.media."


def main() -> None:
    jobs, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not mix with answers
    _leave_network()
    while True:
        head = jobs.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        job_bytes, data_bytes = _HEAD.unpack(head)
        job = msgspec.msgpack.decode(jobs.read(job_bytes))
        _send(answers, _run(job, memoryview(jobs.read(data_bytes))))


def _run(job: dict[str, Any], data: memoryview) -> dict[str, Any]:
    module_name, _, function_name = job["task"].partition(":")
    if not module_name.startswith(_ALLOWED):
        return {"error": f"{module_name} is not one of ours"}
    try:
        function = getattr(importlib.import_module(module_name), function_name)
        _limit(job["memory_bytes"], job["cpu_secs"])
        return {"value": function(job["header"], data)}
    except MemoryError:
        return {"error": "decoding needs more memory than it may use"}
    except Exception as error:  # noqa: BLE001 whatever a decoder raises is its answer
        return {"error": f"{type(error).__name__}: {error}"}


def _send(answers: BinaryIO, answer: dict[str, Any]) -> None:
    try:
        encoded = msgspec.msgpack.encode(answer)
    except (TypeError, ValueError, OverflowError, MemoryError) as error:
        encoded = msgspec.msgpack.encode({"error": f"the answer can't be sent: {error}"})
    answers.write(len(encoded).to_bytes(8, "little"))
    answers.write(encoded)
    answers.flush()


def _limit(memory_bytes: int, cpu_secs: float) -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the only limit
        return
    with open("/proc/self/statm") if os.path.exists("/proc/self/statm") else _nothing() as file:
        pages = int((file.read() or "0").split()[0])
    if pages:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        soft = pages * resource.getpagesize() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (soft if hard < 0 else min(soft, hard), hard))
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time() + cpu_secs) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard < 0 else min(soft, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _nothing() -> Any:
    import io

    return io.StringIO("0")


def _leave_network() -> None:
    """A network namespace of our own, which has none; only Linux, and only where it is allowed."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    new_user, new_net = 0x10000000, 0x40000000
    try:
        ctypes.CDLL(None).unshare(new_user | new_net)
    except (OSError, AttributeError):
        return


if __name__ == "__main__":
    main()
