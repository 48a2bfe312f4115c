"""What a reader finds in a journal."""

from __future__ import annotations

from pathlib import Path

from diorama.journal.reader import JournalReader


def read_all(directory: Path) -> tuple[list[bytes], list[tuple[int, int]]]:
    """All payloads, and from which entry to which one they are lost."""
    found: list[bytes] = []
    with JournalReader(directory) as reader:
        while more := reader.poll():
            found += [payload for _, payload in more]
        while more := reader.poll(is_final=True):
            found += [payload for _, payload in more]
        return found, [(lost.first_seq, lost.last_seq) for lost in reader.take_lost()]
