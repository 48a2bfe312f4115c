"""Memory comes back after a large answer."""

from __future__ import annotations

import subprocess
import sys

import pytest

from diorama.server.memory import give_back

GROWN_AND_BACK = """
import threading, psutil
from diorama.server.memory import give_back, limit_heaps
limit_heaps()
process = psutil.Process()
held = []

def fill():
    # Small pieces, so that they lie in the heap of the thread, and one that keeps its end in use.
    pieces = [bytearray(2_000) for _ in range(10_000)]
    held.append(pieces.pop())

threads = [threading.Thread(target=fill) for _ in range(24)]
before = process.memory_info().rss
for thread in threads: thread.start()
for thread in threads: thread.join()
give_back()
print((process.memory_info().rss - before) / 2**20)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the system does it")
def test_what_many_threads_have_freed_goes_back_to_the_system() -> None:
    reply = subprocess.run(
        [sys.executable, "-c", GROWN_AND_BACK], check=True, capture_output=True, text=True, timeout=120
    )
    assert float(reply.stdout) < 60


def test_giving_back_does_nothing_where_there_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    give_back()
