"""kill -9 at random moments. The seed is in the test's id; `python -m tests.crash.torture` does hundreds."""

from __future__ import annotations

from pathlib import Path

import pytest
from kills import MODES, kill_once

KILLS = 6


@pytest.mark.parametrize("seed", range(KILLS))
@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_lost(mode: str, seed: int, tmp_path: Path) -> None:
    verdict = kill_once(mode, seed, tmp_path)
    assert verdict.faults == 0, verdict
    if mode in ("sidecar", "server", "sync"):
        assert verdict.state == "finished"
    elif verdict.returned:
        assert verdict.state == "crashed"
