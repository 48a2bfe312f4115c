"""A system call that fails ends no training and breaks no promise; `refused_calls` as a program tries all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from refused_calls import refuse_once

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]
SAMPLE = [
    ("trainer", "write", 3),
    ("trainer", "fdatasync", 1),
    ("trainer", "open", 2),
    ("trainer", "fork", 1),
    ("sidecar", "write", 2),
    ("sidecar", "fdatasync", 1),
    ("sidecar", "rename", 1),
    ("sidecar", "open", 1),
    ("server", "write", 2),
]


@pytest.mark.parametrize(("target", "call", "number"), SAMPLE)
def test_one_call_fails(target: str, call: str, number: int, tmp_path: Path) -> None:
    verdict = refuse_once(target, call, number, tmp_path)
    assert verdict.problem == "", verdict
