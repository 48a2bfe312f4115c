"""What a fault costs the training thread: `python -m bench faults [--only NAME ...] [--rounds N] [--secs S]`.

For each fault a training process logs ten numbers every millisecond for a while, once without the fault and
once with it, in turn, as often as there are rounds; each is a fresh process. Both do the same things besides
(log pictures, long texts); only the fault differs. Milliseconds of those log() calls: p50, p99 and p99.9 are
of all rounds; "longest" is the longest call of the quietest round, because another program that takes the
processor holds up a call as long as a fault would, "worst" that of all rounds. The bound: "longest" grows by
5 ms at most.

What is allowed to wait stands by itself: "beside" is the longest of the other calls (a picture that finds no
room waits once, for ten seconds at most; a text of 300 MB is copied), "finish" the median of finish().
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

BOUND_MS = 5.0
PAUSE_SECS = 0.001
WARM_UP_CALLS = 200
EVERY_CALLS = 20
SLOW_SYNC_SECS = 2.0
REMOTE_FINISH_SECS = "2"
"""How long finish() may wait for a server; without a limit it is half a minute without progress."""
DATA = {f"metric/{number}": 0.123 * number for number in range(10)}
PIXELS = np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8)

Beside = Callable[[Any, int], None]


@dataclass
class Fault:
    """before(), in a faulty process before Diorama is imported; begin(journal folder), once it logs;
    beside(run, number of the call), with the fault and without it."""

    text: str
    before: Callable[[], None] = lambda: None
    begin: Callable[[Path], None] = lambda journal: None
    beside: Beside = lambda run, number: None
    server: Callable[[], contextlib.AbstractContextManager[str]] | None = None
    is_beside_fault: bool = False
    """What is done beside is the fault itself."""
    environ: dict[str, str] = field(default_factory=dict)


# -- faults ------------------------------------------------------------------------------------


def slow_syncs() -> None:
    def slow(sync: Callable[[int], None]) -> Callable[[int], None]:
        def sync_slowly(fd: int) -> None:
            time.sleep(SLOW_SYNC_SECS)
            sync(fd)

        return sync_slowly

    os.fsync, os.fdatasync = slow(os.fsync), slow(os.fdatasync)


def failing_syncs() -> None:
    def sync(fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    os.fsync = os.fdatasync = sync


def fill_disk(journal: Path) -> None:
    """No file of this process may grow (EFBIG, which reaches it as ENOSPC would)."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def take_rights(journal: Path) -> None:
    journal.chmod(0)
    if os.geteuid() == 0:
        os.seteuid(65534)  # rights do not hold for root


def kill_sidecar(journal: Path) -> None:
    for process in sidecars(journal.parent.parent):
        process.kill()


class Strikes:
    """A signal's handler that raises TimeoutError, but only within log()."""

    is_on = False

    def __call__(self, number: int, frame: Any) -> None:
        if self.is_on:
            self.is_on = False
            raise TimeoutError


STRIKES = Strikes()


def raise_from_handler(journal: Path) -> None:
    signal.signal(signal.SIGALRM, STRIKES)
    signal.setitimer(signal.ITIMER_REAL, 0.0007, 0.0007)


def log_picture(run: Any, number: int) -> None:
    if number % EVERY_CALLS == 0:
        import diorama

        run.log({"picture": diorama.Image(PIXELS + np.uint8(number % 250))})


def log_text(size_bytes: int, every_calls: int) -> Beside:
    def log(run: Any, number: int) -> None:
        if number % every_calls == every_calls // 2:
            run.log({"text": "x" * size_bytes})

    return log


def print_beginnings(run: Any, number: int) -> None:
    if number % 300 == 150:
        print("\x1b]" * 32000)


@contextlib.contextmanager
def closed_port() -> Iterator[str]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """Takes connections, and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


SMALL_SPOOL = {"DIORAMA_SPOOL_BYTES": str(16 << 20)}
FAULTS = {
    "full-disk": Fault("the disk is full", begin=fill_disk),
    "full-disk-media": Fault("the disk is full, pictures beside", begin=fill_disk, beside=log_picture),
    "full-spool": Fault(
        "server away, 16 MiB of spool, pictures", beside=log_picture, server=closed_port, environ=SMALL_SPOOL
    ),
    "slow-disk": Fault("every sync takes 2 s", before=slow_syncs),
    "slow-disk-rotation": Fault(
        "the same, and the journal rotates", before=slow_syncs, beside=log_text(300_000, 5)
    ),
    "no-rights": Fault("journal folder without rights", begin=take_rights),
    "deleted": Fault("journal folder deleted", begin=shutil.rmtree),
    "failing-syncs": Fault("EIO at every sync", before=failing_syncs),
    "no-server": Fault("nobody listens", server=closed_port),
    "silent-server": Fault("the server never answers", server=silent_server),
    "killed-sidecar": Fault("the sidecar is killed", begin=kill_sidecar),
    "large-text": Fault("a text of 300 MB", beside=log_text(300_000_000, 1000), is_beside_fault=True),
    "endless-sequence": Fault('print("\\x1b]" * 32000)', beside=print_beginnings, is_beside_fault=True),
    "raising-handler": Fault("a signal's handler raises", begin=raise_from_handler),
}

# -- the training process ----------------------------------------------------------------------


def train(fault: Fault, is_faulty: bool, secs: float, answer: Path) -> None:
    if is_faulty:
        fault.before()
    import diorama

    run = diorama.init(project="bench")
    [journal] = (path for path in Path(os.environ["DIORAMA_DIR"]).glob("*/**/ack"))
    for _ in range(WARM_UP_CALLS):
        run.log(DATA)
    time.sleep(0.5)  # for the sidecar, whose start takes the processor
    if is_faulty:
        fault.begin(journal.parent)
    is_beside = is_faulty or not fault.is_beside_fault
    taken: list[float] = []
    beside_secs = 0.0
    clock = time.perf_counter
    for number in range(int(secs / PAUSE_SECS)):
        if is_beside:
            began = clock()
            fault.beside(run, number)
            beside_secs = max(beside_secs, clock() - began)
        time.sleep(PAUSE_SECS)
        began = clock()
        try:
            STRIKES.is_on = True
            run.log(DATA)
            STRIKES.is_on = False
        except TimeoutError:
            pass
        taken.append(clock() - began)
    signal.setitimer(signal.ITIMER_REAL, 0)
    began = clock()
    run.finish()
    finish_secs = clock() - began
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    os.seteuid(os.getuid())
    answer.write_text(json.dumps({"taken": taken, "beside": beside_secs, "finish": finish_secs}))


# -- the comparison ----------------------------------------------------------------------------


def sidecars(store: Path) -> list[psutil.Process]:
    """The living sidecars of this store."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if "diorama.sidecar" in command and any(str(store) in word for word in command):
                found.append(process)
    return found


def one_process(name: str, is_faulty: bool, secs: float) -> dict[str, Any]:
    fault = FAULTS[name]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="diorama-bench-", ignore_cleanup_errors=True)
        )
        store = Path(folder, "store")
        environ = {**os.environ, **fault.environ, "DIORAMA_DIR": str(store), "DIORAMA_SILENT": "1"}
        if fault.server is not None and is_faulty:
            environ["DIORAMA_URL"] = stack.enter_context(fault.server())
            environ["DIORAMA_FINISH_WAIT_SECS"] = REMOTE_FINISH_SECS
        answer = Path(folder, "answer.json")
        command = [sys.executable, "-m", "bench.faults", "--train", name, str(int(is_faulty)), str(secs)]
        done = subprocess.run(
            [*command, str(answer)],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        for process in sidecars(store):
            process.kill()
        if done.returncode:
            sys.exit(f"{name}: the training process ended with {done.returncode}\n{done.stderr}")
        return dict(json.loads(answer.read_text()))


def compare(name: str, rounds: int, secs: float) -> bool:
    """Whether the bound holds."""
    without, faulty = [], []
    for _ in range(rounds):
        without.append(one_process(name, False, secs))
        faulty.append(one_process(name, True, secs))
    least = []
    for what, found in (("without", without), ("with", faulty)):
        taken = sorted(each * 1e3 for one in found for each in one["taken"])
        longest = [max(one["taken"]) * 1e3 for one in found]
        least.append(min(longest))
        shares = " ".join(f"{taken[int(len(taken) * share)]:8.3f}" for share in (0.5, 0.99, 0.999))
        beside = max(one["beside"] for one in found) * 1e3
        finish = statistics.median(one["finish"] for one in found)
        text = FAULTS[name].text if what == "with" else ""
        more = f"{least[1] - least[0]:+8.2f}" if what == "with" else " " * 8
        print(
            f"{text:<38} {what:<8} {shares} {min(longest):8.2f} {max(longest):8.2f} {more} "
            f"{beside:9.1f} {finish:8.2f} s",
            flush=True,
        )
    return least[1] - least[0] <= BOUND_MS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--only", nargs="*", choices=FAULTS, metavar="NAME", help=", ".join(FAULTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=float, default=3.0, help="how long each process logs")
    parser.add_argument("--train", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.train:
        name, is_faulty, secs, answer = asked.train
        train(FAULTS[name], is_faulty == "1", float(secs), Path(answer))
        return 0
    print(
        f"{'milliseconds':<38} {'':<8} {'p50':>8} {'p99':>8} {'p99.9':>8} {'longest':>8} {'worst':>8} "
        f"{'more':>8} {'beside':>9} {'finish':>10}"
    )
    broken = [name for name in asked.only or FAULTS if not compare(name, asked.rounds, asked.secs)]
    if broken:
        print(f"over the bound of {BOUND_MS:.0f} ms more: {', '.join(broken)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
