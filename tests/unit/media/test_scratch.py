"""A large file that is kept while no run is there lies in a file, and nothing of it stays behind."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from diorama.media.core import keep
from diorama.media.core.extent import Extent
from diorama.media.core.keep import SCRATCH_FROM_BYTES, InMemory, InScratch
from diorama.media.core.user_file import keep_file

MIB = 1 << 20


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where processes that the test starts have their folders."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("TMPDIR", str(home))
    return home


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(MIB) * (SCRATCH_FROM_BYTES // MIB) + b"end")
    return path


def run_script(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_large_file_is_kept_in_a_file(film: Path) -> None:
    kept = keep_file(film, subject="the film").kept
    assert isinstance(kept, InScratch)
    source = kept.source()
    assert isinstance(source, Extent)
    data = film.read_bytes()
    film.write_bytes(b"changed")
    assert bytes(kept.read()) == data
    assert (kept.size_bytes, kept.head(9)) == (len(data), data[:9])
    del kept
    assert not os.path.exists(source.path)


def test_a_small_file_is_kept_in_memory(film: Path) -> None:
    with film.open("r+b") as file:
        file.truncate(SCRATCH_FROM_BYTES - 1)
    assert isinstance(keep_file(film, subject="the film").kept, InMemory)


def test_without_room_on_the_disk_it_is_kept_in_memory(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(keep, "Scratch", full)
    assert keep_file(film, subject="the film").kept.read() == film.read_bytes()


def test_another_process_gets_the_bytes(film: Path) -> None:
    assert pickle.loads(pickle.dumps(keep_file(film, subject="the film").kept)).read() == film.read_bytes()  # noqa: S301


OF_A_FORK = """
import os, sys
from diorama.media.core.user_file import keep_file
kept = keep_file(sys.argv[1], subject="the film").kept
child = os.fork()
if child == 0:
    sys.stdin.read(1)  # until the parent has let go of it
    is_whole = bytes(kept.read()) == open(sys.argv[1], "rb").read()
    del kept
    sys.exit(0 if is_whole else 5)
del kept
os.close(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs forks")
def test_a_forked_child_has_it_as_long_as_its_parent_lives(film: Path, home: Path) -> None:
    done = run_script(OF_A_FORK, film)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(home.iterdir()) == []


OF_A_KILLED = """
import os, sys
from diorama.media.core.user_file import keep_file
kept = keep_file(sys.argv[1], subject="the film").kept
print(os.path.dirname(kept.source().path), flush=True)
os.kill(os.getpid(), int(sys.argv[2]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no locks of this kind")
def test_what_a_killed_process_left_is_removed_by_the_next_one(film: Path, home: Path) -> None:
    killed = run_script(OF_A_KILLED, film, int(signal.SIGKILL))
    assert killed.returncode == -signal.SIGKILL
    left = Path(killed.stdout.strip())
    assert list(home.iterdir()) == [left]
    assert len(list(left.iterdir())) == 2
    code = "import sys; from diorama.media.core.user_file import keep_file as k; k(sys.argv[1], subject='x')"
    done = run_script(code, film)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(home.iterdir()) == []


OF_MEMORY = """
import sys
import diorama

def peak():
    return next(int(line.split()[1]) >> 10 for line in open("/proc/self/status") if line.startswith("VmHWM"))

diorama.Video(sys.argv[2])
before = peak()
film = diorama.Video(sys.argv[1])
run = diorama.init(project="films", mode=sys.argv[3], settings={"console": "off"})
run.log({"film": film})
run.finish()
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks of memory are read from /proc")
@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_a_film_that_is_made_before_the_run_is_never_in_memory(
    film: Path, home: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("DIORAMA_DIR", str(home / "store"))
    large = film.with_name("large.mp4")
    with large.open("wb") as file:
        file.truncate(128 * MIB)
    done = run_script(OF_MEMORY, large, film, mode)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 48
    if mode == "offline":
        logged = [path for path in (home / "store").rglob("*.bin") if path.stat().st_size == 128 * MIB]
        assert len(logged) == 1
