"""Runs that a test has begun are over when the next one begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from diorama.client.current import open_runs


@pytest.fixture
def no_open_runs() -> Iterator[None]:
    """Ends what a test leaves open."""
    yield
    for run in open_runs():
        run.finish()
