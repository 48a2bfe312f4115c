"""What the tests of the spool start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from diorama.journal.spool import Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """The spool of a writer whose folder is `w`."""
    (tmp_path / "w").mkdir()
    return Spool(tmp_path / "w" / "spool", limit_bytes=1 << 30)
