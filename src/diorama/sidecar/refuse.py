"""Entries that a store will never take are kept on disk, for a person to look at: never dropped."""

from __future__ import annotations

from pathlib import Path

from diorama.journal.codec import encode_batch
from diorama.journal.entry import Batch, Numbered

REFUSED = "refused"


def keep_refused(journal_root: Path, writer_dir: Path, numbered: Numbered) -> Path:
    """Write the entry to `<journal root>/refused/<writer>-<seq>.msgpack`; returns that path.

    Its media are records by now, whose blobs the store has.
    """
    path = journal_root / REFUSED / f"{writer_dir.name}-{numbered.seq}.msgpack"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(encode_batch(Batch(("", "", ""), writer_dir.name, [numbered])))
    return path
