"""The key file: made once, private, replaceable."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from diorama.errors import Unauthorized, UsageError
from diorama.server.key import KeyRing, ensure_key, read_key, rotate_key


def test_a_new_key_is_long_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "store" / "key"
    key = ensure_key(path)
    assert len(key) >= 40
    assert key.isalnum()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_key(path) == key == read_key(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


def test_many_starters_agree_on_one_key(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(ensure_key(tmp_path / "key"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1


def test_no_file_is_no_key(tmp_path: Path) -> None:
    assert read_key(tmp_path / "key") is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    ensure_key(path)
    path.chmod(mode)
    with pytest.raises(UsageError, match="read by others"):
        read_key(path)


def test_a_link_is_refused(tmp_path: Path) -> None:
    ensure_key(tmp_path / "real")
    (tmp_path / "key").symlink_to(tmp_path / "real")
    with pytest.raises(UsageError):
        read_key(tmp_path / "key")


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key", 0o600)
    with pytest.raises(UsageError):
        read_key(tmp_path / "key")


@pytest.mark.parametrize("text", ["", "short", "k" * 39, "k" * 400, "k" * 20 + "\n" + "k" * 40, "ключ" * 20])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="does not hold a key"):
        read_key(path)


def test_the_ring_follows_the_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    first = ensure_key(path)
    ring = KeyRing(path)
    assert ring.current() == first
    second = rotate_key(path)
    assert ring.current() == second != first
    path.chmod(0o644)
    with pytest.raises(Unauthorized):
        ring.current()
    path.unlink()
    with pytest.raises(Unauthorized):
        ring.current()
