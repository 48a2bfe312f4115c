"""Lets the n-th system call of a kind fail, for every n of a short run, in trainer, sidecar or server.

    python -m tests.crash.refused_calls --targets trainer sidecar server --calls write fsync openat

What must hold: nothing is raised into the training; what flush() or finish() had promised, and what log()
returned for, is stored afterwards and right, or it is said on the terminal that it is lost. Needs strace.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import psutil
from crash_trainer import scalars_of
from PIL import Image
from processes import kill, sidecar_pids, wait_for
from refused_trainer import image_of
from server_process import ServerProcess

from diorama.errors import DioramaError
from diorama.media.image.record import ImageRecord
from diorama.model import OWNER, StoreDir
from diorama.service import Access, Service
from diorama.sidecar import drain
from diorama.sidecar.remote import HttpTransport

TRAINER = Path(__file__).with_name("refused_trainer.py")
TARGETS = ("trainer", "sidecar", "server")
CALLS = {
    "write": ("write,pwrite64,writev,pwritev", "ENOSPC"),
    "fsync": ("fsync", "EIO"),
    "fdatasync": ("fdatasync", "EIO"),
    "rename": ("rename,renameat,renameat2", "EACCES"),
    "open": ("open,openat", "EMFILE"),
    "mmap": ("mmap", "ENOMEM"),
    "fork": ("clone,clone3,fork,vfork", "EAGAIN"),
    "socket": ("socket", "EMFILE"),
}
MOST = {"write": 60, "open": 60, "mmap": 40}
"""The last n that is tried of a kind, if it is not over before."""


@dataclass
class Verdict:
    """One run with one call that failed. problem: what did not hold, or ""."""

    target: str
    call: str
    number: int
    was_injected: bool = False
    problem: str = ""
    words: str = ""


def refuse_once(target: str, call: str, number: int, folder: Path) -> Verdict:
    """One run in `folder` (empty) in which the `number`-th `call` of the target's threads fails."""
    verdict = Verdict(target, call, number)
    store = StoreDir(folder / "store")
    server = ServerProcess(folder / "server") if target == "server" else None
    notes, words = folder / "notes", folder / "words"
    started: list[subprocess.Popen[bytes]] = []
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DIORAMA_", "WANDB_"))}
    environment = {
        **clean,
        "DIORAMA_DIR": str(store.root),
        "DIORAMA_STATS_INTERVAL_SECS": "0",
        "DIORAMA_FINISH_WAIT_SECS": "20",
    }
    if server is not None:
        environment |= {"DIORAMA_URL": server.url, "DIORAMA_API_KEY": server.key, "NO_PROXY": "*"}
    try:
        with words.open("wb") as said:
            trainer = subprocess.Popen(
                [sys.executable, str(TRAINER), str(notes), "r"],
                env=environment,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
            )
        started.append(trainer)
        assert trainer.stdin is not None
        assert trainer.stdout is not None
        _expect(trainer, b"ready")
        victim = {"trainer": trainer.pid, "server": server.process.pid if server else 0}.get(target)
        victim = victim or next(iter(sidecar_pids(store)))
        strace = _strace(victim, call, number, folder / "trace")
        started.append(strace)
        _wait_until_attached(victim)
        trainer.stdin.write(b"go\n")
        trainer.stdin.flush()
        _expect(trainer, b"done")
        _detach(strace)
        trainer.stdin.write(b"end\n")
        trainer.stdin.close()
        trainer.stdout.close()
        if trainer.wait(60) != 0:
            verdict.problem = f"the training ended with {trainer.returncode}"
        verdict.was_injected = "(INJECTED)" in (folder / "trace").read_text(errors="replace")
        wait_for(lambda: not sidecar_pids(store), 30)
        for pid in sidecar_pids(store):
            kill(pid)
        verdict.words = words.read_text(errors="replace")
        into = store
        if server is not None:
            server.restart()
            into = server.store
            transport = HttpTransport(server.url, server.key)
            for root in sorted({path.parent for path in store.root.rglob("*.1") if path.is_dir()}):
                drain(store, journal_root=root, transport=transport)
        else:
            drain(store)
        verdict.problem = verdict.problem or _problem_of(into, notes, verdict.words)
    except (DioramaError, OSError, AssertionError) as error:
        verdict.problem = f"{type(error).__name__}: {error}"
    finally:
        for process in started:
            process.kill()
            process.wait()
        if server is not None:
            server.stop()
    return verdict


def _expect(trainer: subprocess.Popen[bytes], word: bytes) -> None:
    assert trainer.stdout is not None
    for line in trainer.stdout:
        if line.strip() == word:
            return
    raise AssertionError(f"the training ended before it said {word.decode()}")


def _strace(pid: int, call: str, number: int, output: Path) -> subprocess.Popen[bytes]:
    names, error = CALLS[call]
    command = ["strace", "-f", "-p", str(pid), "-o", str(output), "-e", f"trace={names}", "-e", "signal=none"]
    command += ["-e", f"inject={names}:error={error}:when={number}"]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def _wait_until_attached(pid: int) -> None:
    process = psutil.Process(pid)
    assert wait_for(lambda: _traced(pid) >= process.num_threads(), 20), "strace does not attach"


def _traced(pid: int) -> int:
    """How many threads of the process are traced."""
    count = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        try:
            tracer = re.search(r"TracerPid:\t(\d+)", status.read_text())
        except OSError:  # the thread has ended
            continue
        count += tracer is not None and tracer[1] != "0"
    return count


def _detach(strace: subprocess.Popen[bytes]) -> None:
    strace.terminate()
    strace.wait(30)


def _problem_of(store: StoreDir, notes: Path, words: str) -> str:
    """What was promised and does not hold; "" if all does."""
    lines = notes.read_text().splitlines()
    if raised := [line for line in lines if line.startswith("raised")]:
        return raised[0]
    kept = _right_rows(store)
    returned = {int(line.split()[1]) for line in lines if line.startswith("returned")}
    promised = max((int(line.split()[1]) for line in lines if line.startswith("flushed")), default=0)
    if broken := set(range(promised)) - kept:
        return f"flush() had promised entries {sorted(broken)}"
    has_word = re.search(r"lost|kept|could not|fail|rest|no space|not stored", words, re.IGNORECASE)
    if (missing := returned - kept) and not has_word:
        return f"entries {sorted(missing)} are gone without a word"
    return ""


def _right_rows(store: StoreDir) -> set[int]:
    """The numbers of the entries that are stored as they were logged. Raises if one shows something else."""
    right: set[int] = set()
    opened = Service.open(store)
    service = opened.for_(OWNER)
    try:
        for run in service.runs("local", "refused").runs if _has_project(service) else []:
            for row in service.scan_history(run.uid):
                if "i" in row and _is_right(service, row):
                    right.add(row["i"])
    finally:
        opened.close()
    return right


def _has_project(service: Access) -> bool:
    return any(project.name == "refused" for project in service.projects().projects)


def _is_right(service: Access, row: dict[str, Any]) -> bool:
    number = row["i"]
    for name, value in scalars_of(number).items():
        assert row.get(name) == value, f"{name} of row {number} is {row.get(name)!r}"
    pixels = image_of(number)
    picture = row.get("image")
    if pixels is None:
        return True
    if not isinstance(picture, ImageRecord):  # a record of kind "failed", or none
        return False
    shown = np.asarray(Image.open(io.BytesIO(service.get_blob(picture.blob))))
    assert np.array_equal(shown, pixels), f"the picture of row {number} is another"
    return True


def _in_fresh_folder(target: str, call: str, number: int) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="diorama-refused-", ignore_cleanup_errors=True) as folder:
        return refuse_once(target, call, number, Path(folder))


def main() -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--calls", nargs="+", choices=list(CALLS), default=list(CALLS))
    parser.add_argument("--first", type=int, default=1, help="the first n (default: %(default)s)")
    parser.add_argument("--most", type=int, default=None, help="the last n of every kind")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time (default: %(default)s)")
    args = parser.parse_args()
    if shutil.which("strace") is None:
        raise SystemExit("refusing system calls needs strace (Debian: apt-get install strace)")
    faults = 0
    print(f"{'target':8} {'call':10} {'runs':>5} {'refused':>8} {'faults':>7} {'seconds':>8}")
    for target in args.targets:
        for call in args.calls:
            began, most = time.monotonic(), args.most or MOST.get(call, 20)
            verdicts: list[Verdict] = []
            with ThreadPoolExecutor(args.jobs) as pool:
                numbers = range(args.first, most + 1)
                for verdict in pool.map(lambda n, t=target, c=call: _in_fresh_folder(t, c, n), numbers):
                    verdicts.append(verdict)
                    if verdict.problem:
                        print(f"FAULT {target} {call} {verdict.number}: {verdict.problem}", flush=True)
                    if len(verdicts) > 3 and not any(each.was_injected for each in verdicts[-3:]):
                        pool.shutdown(wait=True, cancel_futures=True)
                        break  # the run makes no more such calls
            bad = sum(bool(verdict.problem) for verdict in verdicts)
            faults += bad
            refused = sum(verdict.was_injected for verdict in verdicts)
            secs = time.monotonic() - began
            print(f"{target:8} {call:10} {len(verdicts):5} {refused:8} {bad:7} {secs:8.0f}", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
