"""The process that decodes for `diorama.media.core.limited`: one job after another, within limits.

Reads from stdin: two little-endian uint64 (bytes of the job, bytes of the data), the job as msgpack, the
data. A job with "file" has its data there: the fields of an Extent, which the task is given as it is. Answers
on stdout: a uint64 (bytes) and msgpack, {"value": ...}, {"error": text}, or {"too_small": true} if this
worker's hard limit does not leave the job the memory that it may use.
"""

from __future__ import annotations

import importlib
import os
import struct
import sys
import time
from typing import Any, BinaryIO

import msgspec

from diorama.media.core.extent import Extent

_HEAD = struct.Struct("<QQ")
_ALLOWED = "diorama.media."
_LEAST_CEILING_BYTES = 4 << 30
"""Address space that a worker gets beyond what it needs at its start, for libraries that are imported later
and for jobs of usual size. It can't be raised afterwards."""
_CPU_SECS_OF_A_LIFE = 7200


_has_hard_limits = False


class _TooSmall(Exception):
    """This worker's hard limit is below what the job may use."""


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
        data = memoryview(jobs.read(data_bytes))
        _send(answers, _run(job, data))


def _run(job: dict[str, Any], data: memoryview) -> dict[str, Any]:
    module_name, _, function_name = job["task"].partition(":")
    if not module_name.startswith(_ALLOWED):
        return {"error": f"{module_name} is not one of ours"}
    try:
        function = getattr(importlib.import_module(module_name), function_name)
        _limit(job["memory_bytes"], job["cpu_secs"])
        return {"value": function(job["header"], Extent(*job["file"]) if job["file"] else data)}
    except _TooSmall:
        return {"too_small": True}
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
    global _has_hard_limits
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the only limit
        return
    with open("/proc/self/statm") if os.path.exists("/proc/self/statm") else _nothing() as file:
        pages = int((file.read() or "0").split()[0])
    # Hard limits too: code that a decoder was tricked into running could raise soft ones. A hard limit never
    # rises again, so it is set once, with room for usual jobs.
    if pages:
        used = pages * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if not _has_hard_limits:
            ceiling = used + max(memory_bytes, _LEAST_CEILING_BYTES)
            hard = ceiling if hard < 0 else min(ceiling, hard)
        elif used + memory_bytes > hard:
            raise _TooSmall
        resource.setrlimit(resource.RLIMIT_AS, (min(used + memory_bytes, hard), hard))
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time() + cpu_secs) + 1
    if not _has_hard_limits:
        ceiling = soft + _CPU_SECS_OF_A_LIFE
        hard = ceiling if hard < 0 else min(ceiling, hard)
    elif soft > hard:
        raise _TooSmall
    resource.setrlimit(resource.RLIMIT_CPU, (min(soft, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _has_hard_limits = True


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
