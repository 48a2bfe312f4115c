"""What the processes of a run have written into their journals."""

from __future__ import annotations

from pathlib import Path

from diorama.journal.codec import decode_entry
from diorama.journal.entry import Entry
from diorama.journal.reader import JournalReader


def entries_of(journal: Path) -> list[Entry]:
    """The entries of all writers below `journal`; none may be damaged."""
    found: list[Entry] = []
    for folder in sorted(path for path in journal.iterdir() if path.is_dir()):
        with JournalReader(folder) as reader:
            while more := reader.poll():
                found += [decode_entry(payload) for _, payload in more]
            assert reader.take_lost() == []
    return found
