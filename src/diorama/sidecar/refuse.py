"""Entries that a store will never take are kept whole, as small journals of their own: never dropped.

    <journal root>/refused/<writer>.r<seq>/000001.log     whose it is, the entry as it was logged, an end
    <journal root>/refused/<writer>.r<seq>/spool/         its media, as they were logged

`diorama sync --refused` offers them to the store again: one that was mended, or another one. They come from
writers of their own, because the store has passed over the number that they had in their first writer's
journal.

Only this module knows where they lie and what their folders look like: who wants them asks it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from diorama.errors import JournalError
from diorama.journal.codec import SpoolPart, decode_entry, encode_entry
from diorama.journal.entry import Finish, Start
from diorama.journal.folder import sync_folder
from diorama.journal.frame import encode_frame
from diorama.journal.reader import JournalReader, segment_name
from diorama.sidecar.encode import refs_of
from diorama.sidecar.stream import read_start

REFUSED = "refused"
_NAME = re.compile(r"(?!\.)(?P<writer>.+)\.r(?P<seq>[0-9]+)")


@dataclass(frozen=True)
class RefusedEntry:
    """An entry that is kept. writer, seq: where it stood first; run: None if that can't be read any more."""

    directory: Path
    run: tuple[str, str, str] | None
    writer: str
    seq: int


def refused_root(journal_root: Path) -> Path:
    """The folder of refused entries: a root of journals, too."""
    return journal_root / REFUSED


def list_refused(journal_root: Path) -> list[RefusedEntry]:
    """The refused entries that are kept, by name. Raises OSError if their folder can't be read."""
    try:
        folders = sorted(path for path in refused_root(journal_root).iterdir() if path.is_dir())
    except FileNotFoundError:
        return []
    named = [(folder, _NAME.fullmatch(folder.name)) for folder in folders]
    return [
        RefusedEntry(folder, _run_of(folder), name["writer"], int(name["seq"]))
        for folder, name in named
        if name
    ]


def _run_of(folder: Path) -> tuple[str, str, str] | None:
    try:
        start = read_start(folder)
    except (OSError, JournalError):
        return None
    return None if start is None else (start.entity, start.project, start.run)


def keep_refused(journal_root: Path, writer_dir: Path, start: Start, seq: int) -> Path:
    """Keep the entry `seq` of the journal in `writer_dir`, whose first entry is `start`; returns where.

    It is on disk when this returns, and wholly or not at all. Raises OSError; JournalError if the entry can't
    be read any more.
    """
    payload = _payload(writer_dir, seq)
    name = f"{writer_dir.name}.r{seq}"
    place = refused_root(journal_root) / name
    if place.exists():  # another process put it there, and died before it could go on
        _sync_names(place)
        return place
    draft = place.with_name(f".draft-{name}")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "spool").mkdir(mode=0o700, parents=True)
    for file in _spool_files(payload):
        with contextlib.suppress(FileNotFoundError):  # lost: the rest is kept, and says so when it is offered
            shutil.copyfile(writer_dir / "spool" / file, draft / "spool" / file)
    # Secondary, so that it neither starts nor ends the run. pid 0: no process writes to this journal.
    own_start = encode_entry(
        msgspec.structs.replace(start, writer=name, pid=0, pid_started=0.0, is_secondary=True, resume="allow")
    )
    frames = [own_start, own_start, _as_secondary(payload), encode_entry(Finish(time.time(), 0, "finished"))]
    data = b"".join(encode_frame(number, frame) for number, frame in enumerate(frames, 1))
    (draft / segment_name(1)).write_bytes(data)
    for path in (*draft.rglob("*"), draft):
        _sync(path)
    draft.rename(place)
    try:
        _sync_names(place)
    except OSError:
        place.rename(draft)  # all of it is written again the next time
        raise
    return place


def _sync_names(place: Path) -> None:
    for folder in (place.parent, place.parent.parent):
        sync_folder(folder)


def _as_secondary(payload: bytes) -> bytes:
    """An entry as it was; a Start no longer says that its writer decides whether the run has ended."""
    if not isinstance(decode_entry(payload), Start):
        return payload
    fields = msgspec.msgpack.decode(payload)
    fields[1 + Start.__struct_fields__.index("is_secondary")] = True  # behind the tag
    return msgspec.msgpack.encode(fields)


def _spool_files(payload: bytes) -> set[str]:
    refs = refs_of(decode_entry(payload))
    return {part.file for ref in refs for part in ref.buffers if isinstance(part, SpoolPart)}


def _payload(writer_dir: Path, seq: int) -> bytes:
    with JournalReader(writer_dir, after_seq=seq - 1) as reader:
        while frames := reader.poll(limit_bytes=1):
            for number, payload in frames:
                if number == seq:
                    return payload
    raise JournalError(f"entry {seq} of {writer_dir} is not there any more")


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():  # can't be opened there, and needs no sync
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
