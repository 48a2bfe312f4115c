"""What can be found out about a run's surroundings without costing the training anything:
git, installed packages, GPUs. Collected once per run, in the sidecar.

Nothing here may ask for a password, take git's index lock, run a repository's monitor hook, or
keep a secret: user names and passwords are cut out of remote URLs.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from diorama.sidecar.machine import gpu_names

GIT_PATIENCE_SECS = 20.0
DIFF_LIMIT_BYTES = 10_000_000

_GIT_CALM = ("--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.pager=cat")


@dataclass(frozen=True)
class Surroundings:
    """data: keys for the run's environment; files: name -> bytes; remarks: what was left out and why."""

    data: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def look_around(directory: Path) -> Surroundings:
    """Find out what there is to know about a run that works in `directory`."""
    data: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    remarks: list[str] = []
    gpus = gpu_names()
    if gpus:
        data["gpus"] = gpus
    git = git_facts(directory)
    if git is not None:
        data["git"] = git
        if git["is_dirty"]:
            diff = git_diff(directory)
            if diff is None:
                remarks.append(f"diff.patch was left out: more than {DIFF_LIMIT_BYTES // 1_000_000} MB")
            elif diff:
                files["diff.patch"] = diff
    files["requirements.txt"] = ("\n".join(installed_packages()) + "\n").encode()
    return Surroundings(data, files, remarks)


def installed_packages() -> list[str]:
    """`name==version` of everything this interpreter can import, sorted, each once."""
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(name.lower(), f"{name}=={distribution.version}")
    return [found[name] for name in sorted(found)]


def git_facts(directory: Path) -> dict[str, Any] | None:
    """commit, branch, remote (without user names and passwords), root and is_dirty; None outside git."""
    root = _git(directory, "rev-parse", "--show-toplevel")
    if root is None:
        return None
    facts: dict[str, Any] = {"root": root}
    wanted = {
        "commit": ("rev-parse", "--verify", "--quiet", "HEAD"),
        "branch": ("symbolic-ref", "--short", "--quiet", "HEAD"),
        "remote": ("config", "--get", "remote.origin.url"),
    }
    for name, command in wanted.items():
        answer = _git(directory, *command)
        if answer:
            facts[name] = without_userinfo(answer) if name == "remote" else answer
    facts["is_dirty"] = bool(_git(directory, "status", "--porcelain", "--untracked-files=no"))
    return facts


def git_diff(directory: Path) -> bytes | None:
    """Changes of tracked files against HEAD; None if there are more than DIFF_LIMIT_BYTES of them."""
    pieces: list[bytes] = []
    size_bytes = 0
    for piece in _git_output(directory, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv"):
        size_bytes += len(piece)
        if size_bytes > DIFF_LIMIT_BYTES:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def without_userinfo(url: str) -> str:
    """The URL without the `user:password@` part.

    >>> without_userinfo("https://me:secret@example.org/a.git")
    'https://example.org/a.git'
    >>> without_userinfo("git@example.org:a.git")
    'example.org:a.git'
    """
    if "://" in url:
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    before, at, after = url.partition("@")
    return after if at and "/" not in before else url


def _environment() -> dict[str, str]:
    return {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def _git(directory: Path, *command: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", *_GIT_CALM, *command],
            cwd=directory,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_PATIENCE_SECS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.decode("utf-8", "replace").strip() if answer.returncode == 0 else None


def _git_output(directory: Path, *command: str) -> Iterator[bytes]:
    try:
        process = subprocess.Popen(
            ["git", *_GIT_CALM, *command],
            cwd=directory,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return
    with process:
        assert process.stdout is not None
        try:
            while piece := process.stdout.read(1 << 16):
                yield piece
        finally:
            process.kill()  # no harm when it has ended by itself
