"""Real processes: forks, pools, exits, signals, kills, full disks. No sidecar is needed: mode offline."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from diorama.journal.codec import decode_entry
from diorama.journal.entry import Console, Entry, Finish, Log, Start, Warn
from diorama.journal.reader import JournalReader

pytestmark = pytest.mark.slow

PRELUDE = """
import os, signal, sys, threading, time
import diorama
run = diorama.init(project="p", id="r", mode="offline", settings={"console": CONSOLE})
"""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def start_script(body: str, console: str = "off") -> subprocess.Popen[str]:
    script = PRELUDE.replace("CONSOLE", repr(console)) + textwrap.dedent(body)
    return subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DIORAMA_STRICT": "0"},
    )


def run_script(body: str, console: str = "off", timeout_secs: float = 60) -> tuple[int, str, str]:
    process = start_script(body, console)
    out, err = process.communicate(timeout=timeout_secs)
    return process.returncode, out, err


def journals(store: Path) -> list[list[Entry]]:
    found: list[list[Entry]] = []
    for folder in sorted(path for path in (store / "journal").iterdir() if path.is_dir()):
        entries: list[Entry] = []
        with JournalReader(folder) as reader:
            while more := reader.poll():
                entries += [decode_entry(payload) for _, payload in more]
            while reader.poll(is_final=True):
                pass
            assert reader.take_lost() == []
        found.append(entries)
    return found


def values(entries: list[Entry], key: str) -> list[object]:
    return [entry.data[key] for entry in entries if isinstance(entry, Log) and key in entry.data]


def finish_of(entries: list[Entry]) -> tuple[int, str] | None:
    last = entries[-1]
    return (last.exit_code, last.state) if isinstance(last, Finish) else None


@pytest.mark.parametrize(
    ("body", "code", "finish"),
    [
        ("run.log({'a': 1})", 0, (0, "finished")),
        ("sys.exit()", 0, (0, "finished")),
        ("sys.exit(0)", 0, (0, "finished")),
        ("sys.exit(3)", 3, (3, "failed")),
        ("sys.exit('a message')", 1, (1, "failed")),
        ("sys.exit(2**70)", 255, (1, "failed")),
        ("with run: sys.exit(-2**63)", 0, (1, "failed")),
        ("exit(3)", 3, (3, "failed")),
        ("quit(code=4)", 4, (4, "failed")),
        ("quit()", 0, (0, "finished")),
        ("try: sys.exit(1)\nexcept SystemExit: pass", 0, (0, "finished")),
        ("def main():\n try: sys.exit(1)\n except SystemExit: pass\nmain()\nprint()", 0, (0, "finished")),
        ("try: sys.exit(1)\nexcept SystemExit: sys.exit(0)", 0, (0, "finished")),
        ("try: sys.exit(1)\nexcept SystemExit: pass\nraise ValueError('x')", 1, (1, "failed")),
        ("try: sys.exit(5)\nfinally: print('last words')", 5, (5, "failed")),
        ("try: sys.exit(5)\nexcept SystemExit: raise", 5, (5, "failed")),
        ("def main():\n sys.exit(6)\nmain()", 6, (6, "failed")),
        ("t = threading.Thread(target=sys.exit, args=(1,)); t.start(); t.join()", 0, (0, "finished")),
        ("with run: raise SystemExit(3)", 3, (3, "failed")),
        ("raise ValueError('x')", 1, (1, "failed")),
        ("run.finish(); raise ValueError('x')", 1, (0, "finished")),
        ("run.finish(exit_code=7)", 0, (7, "failed")),
        ("raise KeyboardInterrupt", -signal.SIGINT, (255, "killed")),
        ("os.kill(os.getpid(), signal.SIGINT); time.sleep(5)", -signal.SIGINT, (255, "killed")),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(5)", -signal.SIGTERM, (143, "killed")),
        ("os._exit(4)", 4, None),
        ("os.abort()", -signal.SIGABRT, None),
    ],
)
def test_how_a_process_ends_is_how_its_run_ends(
    own_store: Path, body: str, code: int, finish: tuple[int, str] | None
) -> None:
    returned, _, err = run_script(f"run.log({{'first': 1}})\n{body}")
    assert returned == code, err
    (entries,) = journals(own_store)
    assert values(entries, "first") == [1]
    assert finish_of(entries) == finish


def test_what_is_registered_after_the_import_can_still_log(own_store: Path) -> None:
    script = """
    import atexit
    atexit.register(lambda: diorama.log({"too late": 1}))
    import diorama
    atexit.register(lambda: diorama.log({"last": 1}))
    run = diorama.init(project="p", mode="offline", settings={"console": "off"})
    atexit.register(lambda: run.log({"last but one": 1}))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    (entries,) = journals(own_store)
    assert [entry.data for entry in entries if isinstance(entry, Log)] == [{"last but one": 1}, {"last": 1}]
    assert isinstance(entries[-1], Finish)
    assert "the program is exiting, and Diorama has ended its runs" in done.stderr


def test_a_users_own_sigterm_handler_is_left_alone(own_store: Path) -> None:
    script = """
    import os, signal, sys
    def checkpoint(number, frame):
        diorama.log({"saved": 1})
        sys.exit(9)
    import diorama
    signal.signal(signal.SIGTERM, checkpoint)
    diorama.init(project="p", mode="offline", settings={"console": "off"})
    os.kill(os.getpid(), signal.SIGTERM)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 9, done.stderr
    (entries,) = journals(own_store)
    assert values(entries, "saved") == [1]
    assert finish_of(entries) == (9, "failed")


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_at_full_speed_loses_nothing_that_was_returned(
    own_store: Path, which: signal.Signals
) -> None:
    for attempt in range(4):
        process = start_script(
            """
            for number in range(10**9):
                run.log({"n": number})
                os.write(1, b"%d\\n" % number)
            """
        )
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5 + attempt * 301)]
        process.send_signal(which)
        out, _ = process.communicate(timeout=20)
        returned = len(lines) + out.count("\n")
        entries = max(journals(own_store), key=lambda each: each[0].time if isinstance(each[0], Start) else 0)
        found = values(entries, "n")
        assert found == list(range(len(found)))
        assert len(found) >= returned
        if which == signal.SIGTERM:
            assert finish_of(entries) == (143, "killed")


@needs_fork
def test_a_forked_child_logs_to_the_same_run_with_a_journal_of_its_own(own_store: Path) -> None:
    code, out, err = run_script(
        """
        run.log({"parent": 0})
        pid = os.fork()
        for number in range(50):
            run.log({"child" if pid == 0 else "parent": number + 1})
        if pid:
            os.waitpid(pid, 0)
            print(run.path)
        """
    )
    assert (code, out.strip()) == (0, "local/p/r"), err
    parent, child = sorted(journals(own_store), key=lambda entries: len(values(entries, "child")))
    assert values(parent, "parent") == list(range(51))
    assert values(child, "child") == list(range(1, 51))
    assert isinstance(child[0], Start)
    assert child[0].is_secondary
    assert child[0].run == "r"
    assert finish_of(parent) == (0, "finished")


@needs_fork
def test_a_forked_child_that_does_not_log_leaves_no_journal(own_store: Path) -> None:
    code, _, err = run_script(
        """
        for _ in range(20):
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
        """
    )
    assert code == 0, err
    assert len(journals(own_store)) == 1


@needs_fork
def test_forking_while_other_threads_log_never_hangs(own_store: Path) -> None:
    code, _, err = run_script(
        """
        is_over = False
        def work(name):
            number = 0
            while not is_over:
                run.log({name: number})
                number += 1
        threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(3)]
        for thread in threads:
            thread.start()
        for attempt in range(40):
            pid = os.fork()
            if pid == 0:
                run.log({"child": attempt})
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        is_over = True
        for thread in threads:
            thread.join()
        """
    )
    assert code == 0, err
    children = [number for entries in journals(own_store) for number in values(entries, "child")]
    assert sorted(children) == list(range(40))  # type: ignore[type-var]  # they are ints


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@needs_fork
def test_multiprocessing(own_store: Path, tmp_path: Path, method: str) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import multiprocessing, os
            import diorama

            def work(number):
                run = diorama.run
                if run is None:
                    run = diorama.init(project="p", id="r", mode="offline", resume="allow")
                run.log({{"worker": number}})

            if __name__ == "__main__":
                context = multiprocessing.get_context("{method}")
                run = diorama.init(project="p", id="r", mode="offline")
                processes = [context.Process(target=work, args=(number,)) for number in range(4)]
                for process in processes:
                    process.start()
                for process in processes:
                    process.join()
                    assert process.exitcode == 0
                run.log({{"main": 1}})
            """
        )
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = journals(own_store)
    assert sorted(number for entries in found for number in values(entries, "worker")) == [0, 1, 2, 3]  # type: ignore[type-var]  # they are ints
    starts = [entries[0] for entries in found]
    assert len({start.writer for start in starts if isinstance(start, Start)}) == len(found)
    assert [each for entries in found for each in values(entries, "main")] == [1]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@needs_fork
def test_a_run_that_is_passed_to_a_process_logs_there(own_store: Path, tmp_path: Path, method: str) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import multiprocessing
            import diorama

            def work(run, number):
                assert run.config.lr == 0.5
                run.log({{"worker": number}})

            if __name__ == "__main__":
                context = multiprocessing.get_context("{method}")
                run = diorama.init(project="p", id="r", mode="offline", config={{"lr": 0.5}})
                process = context.Process(target=work, args=(run, 7))
                process.start()
                process.join()
                assert process.exitcode == 0
                run.log({{"main": 1}})
            """
        )
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = journals(own_store)
    assert [number for entries in found for number in values(entries, "worker")] == [7]
    starts = [entries[0] for entries in found]
    assert sorted(start.is_secondary for start in starts if isinstance(start, Start)) == [False, True]
    assert {start.run for start in starts if isinstance(start, Start)} == {"r"}


@needs_fork
def test_terminating_a_forked_worker_does_not_end_the_parents_run(own_store: Path) -> None:
    code, _, err = run_script(
        """
        pid = os.fork()
        if pid == 0:
            run.log({"child": 1})
            time.sleep(30)
        time.sleep(0.3)
        os.kill(pid, signal.SIGTERM)
        assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGTERM
        run.log({"parent": 1})
        """
    )
    assert code == 0, err
    ends = [finish_of(entries) for entries in journals(own_store)]
    assert ends.count((0, "finished")) == 1
    assert (143, "killed") not in ends


def test_console_lines_are_entries(own_store: Path) -> None:
    code, out, err = run_script(
        """
        print("hello")
        for percent in range(0, 101, 10):
            print(f"\\r{percent}%", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        raise RuntimeError("the end")
        """,
        console="wrap",
    )
    assert code == 1
    assert out == "hello\n"
    (entries,) = journals(own_store)
    lines = {line.number: line for entry in entries if isinstance(entry, Console) for line in entry.lines}
    texts = [lines[number].text for number in sorted(lines)]
    assert "hello" in texts
    assert "100%" in texts
    assert "50%" not in texts
    assert "RuntimeError: the end" in texts, "the traceback of a failed run is in its log"
    assert "RuntimeError: the end" in err


def test_a_full_disk_never_stops_training_and_is_written_into_the_run(own_store: Path) -> None:
    code, out, err = run_script(
        """
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, resource.RLIM_INFINITY))
        for number in range(500):
            run.log({"n": number})
        print(run.status()["waiting"] > 0)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        """
    )
    assert (code, out.strip()) == (0, "True"), err
    assert "can't be written" in err
    assert "can be written again" in err
    (entries,) = journals(own_store)
    assert values(entries, "n") == list(range(500))
    assert {"disk", "disk-recovered"} <= {entry.code for entry in entries if isinstance(entry, Warn)}


def test_a_process_that_is_out_of_files_goes_on(own_store: Path) -> None:
    code, out, err = run_script(
        """
        import numpy as np, resource
        diorama.Image(np.zeros((200, 200, 3), np.uint8))
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, 1024))
        for number in range(20):
            run.log({"n": number, "image": diorama.Image(np.full((200, 200, 3), number, np.uint8))})
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
        print("done")
        """
    )
    assert (code, out.strip()) == (0, "done"), err
    (entries,) = journals(own_store)
    assert values(entries, "n") == list(range(20))


def test_a_second_ctrl_c_ends_the_process_promptly(own_store: Path) -> None:
    process = start_script(
        """
        print("ready", flush=True)
        while True:
            run.log({"a": 1})
            time.sleep(0.001)
        """
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    process.communicate(timeout=20)
    assert time.monotonic() - began < 5


def test_memory_stays_flat(own_store: Path) -> None:
    code, out, err = run_script(
        """
        def rss_kib():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * 4
        def burst(count):
            for number in range(count):
                run.log({"loss": 0.5, "step": number, "text": "x", "n": {"a": 1.0}})
        burst(5000)
        before = rss_kib()
        burst(40000)
        print(rss_kib() - before)
        """
    )
    assert code == 0, err
    assert int(out) < 4000
