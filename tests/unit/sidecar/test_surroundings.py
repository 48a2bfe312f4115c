from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from diorama.sidecar import surroundings
from diorama.sidecar.machine import MachineSampler, numbers_from_nvidia
from diorama.sidecar.surroundings import (
    git_diff,
    git_facts,
    installed_packages,
    look_around,
    without_userinfo,
)


def git(folder: Path, *command: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-b", "trunk")
    (tmp_path / "a.txt").write_text("one\n")
    git(tmp_path, "add", "a.txt")
    git(tmp_path, "commit", "-m", "first")
    git(tmp_path, "remote", "add", "origin", "https://me:secret@example.org/a.git")
    return tmp_path


def test_git_facts(repository: Path) -> None:
    facts = git_facts(repository)
    assert facts is not None
    assert len(facts["commit"]) == 40
    assert facts["branch"] == "trunk"
    assert facts["remote"] == "https://example.org/a.git"
    assert facts["is_dirty"] is False
    (repository / "new.txt").write_text("not tracked\n")
    assert git_facts(repository)["is_dirty"] is False  # type: ignore[index]
    (repository / "a.txt").write_text("two\n")
    assert git_facts(repository)["is_dirty"] is True  # type: ignore[index]


def test_the_diff_holds_tracked_changes_only(repository: Path) -> None:
    (repository / "a.txt").write_text("two\n")
    (repository / "secret.txt").write_text("not tracked\n")
    diff = look_around(repository).files["diff.patch"]
    assert b"-one\n+two\n" in diff
    assert b"not tracked" not in diff


def test_a_huge_diff_is_left_out_and_that_is_said(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "DIFF_LIMIT_BYTES", 1000)
    (repository / "a.txt").write_text("x" * 5000)
    assert git_diff(repository) is None
    seen = look_around(repository)
    assert "diff.patch" not in seen.files
    assert any("diff.patch" in remark for remark in seen.remarks)


def test_a_repository_without_commits(tmp_path: Path) -> None:
    git(tmp_path, "init")
    facts = git_facts(tmp_path)
    assert facts is not None
    assert "commit" not in facts


def test_outside_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    seen = look_around(tmp_path)
    assert "git" not in seen.data
    assert list(seen.files) == ["requirements.txt"]


def test_without_git_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_facts(tmp_path) is None


def test_installed_packages_are_sorted_and_unique() -> None:
    packages = installed_packages()
    assert packages == sorted(packages, key=lambda line: line.partition("==")[0].lower())
    assert len({line.partition("==")[0].lower() for line in packages}) == len(packages)


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://me:secret@example.org/a.git", "https://example.org/a.git"),
        ("https://token@example.org:8443/a", "https://example.org:8443/a"),
        ("git@example.org:team/a.git", "example.org:team/a.git"),
        ("ssh://git@example.org/a", "ssh://example.org/a"),
        ("/srv/git/a.git", "/srv/git/a.git"),
        ("../a@b", "../a@b"),
    ],
)
def test_without_userinfo(url: str, clean: str) -> None:
    assert without_userinfo(url) == clean


def test_what_nvidia_smi_says() -> None:
    lines = ["0, 97, 8192, 16384, 71, 250.5", "1, 0, [N/A], 16384, 30, [Not Supported]", "garbage"]
    assert numbers_from_nvidia(lines) == {
        "gpu.0.percent": 97.0,
        "gpu.0.memory_percent": 50.0,
        "gpu.0.memory_used_mb": 8192 * 1.048576,
        "gpu.0.celsius": 71.0,
        "gpu.0.watts": 250.5,
        "gpu.1.percent": 0.0,
        "gpu.1.celsius": 30.0,
    }


def test_every_name_of_a_sample_is_documented(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "system-metrics.md").read_text()
    documented = {re.sub(r"<n>", "0", name) for name in re.findall(r"`([a-z0-9_.<>]+)`", text)}
    sampled = set(MachineSampler(os.getpid(), tmp_path).sample())
    sampled |= set(numbers_from_nvidia(["0, 97, 8192, 16384, 71, 250.5"]))
    unknown = {re.sub(r"\.\d+", ".0", name) for name in sampled} - documented
    assert not unknown
