"""From raw snapshots to records: the slow part of `log()`, done here with threads.

numpy and zlib release the interpreter lock, so a few threads use a few cores. An entry goes on in its
old order once all its media are encoded. What can't be encoded does not stop the stream: a record of
kind "failed", which names its bytes, takes its place, and a warning tells it to the run.
"""

from __future__ import annotations

import os
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from diorama.errors import Corrupt, is_of_the_moment
from diorama.journal.codec import SnapshotRef, SpoolPart, load_snapshot
from diorama.journal.entry import Entry, File, Log, Warn, media_values, replace_values
from diorama.lru import Lru
from diorama.media import MediaRecord, UnknownRecord, record_warnings
from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.core.encoding import content_of, encode_media
from diorama.sidecar.transport import Unavailable

ENCODER_THREADS = max(4, min(8, os.cpu_count() or 4))
"""More than two cores' worth even on two: half of the time is waiting for the disk to sync blobs."""
WARNING_TEXT_LIMIT = 500
SEEN_LIMIT = 8192
RECORDS_LIMIT = 1024

Encoded = MediaRecord | UnknownRecord


class MediaInWork:
    """An entry whose media are being encoded."""

    __slots__ = ("_entry", "_futures", "_refs", "size_bytes")

    def __init__(self, entry: Entry, refs: list[SnapshotRef], futures: list[Future[Encoded]]) -> None:
        self._entry = entry
        self._refs = refs
        self._futures = futures
        self.size_bytes = sum(map(_size_bytes, refs))

    def is_done(self) -> bool:
        return all(future.done() for future in self._futures)

    def needs_retry(self) -> Unavailable | None:
        """Why media could not be encoded or stored now: then it must be done once more."""
        for future in self._futures:
            error = future.exception()
            if isinstance(error, Unavailable):
                return error
        return None

    def result(self) -> tuple[Entry, list[Warn]]:
        """The entry with records for snapshots, and what there is to tell about them."""
        warnings: list[Warn] = []
        records: list[Encoded] = []
        for ref, future in zip(self._refs, self._futures, strict=True):
            record = future.result()
            warnings += [_warn(*warning) for warning in record_warnings(record)]
            if isinstance(record, UnknownRecord):
                reason = str(record.fields["reason"])[:WARNING_TEXT_LIMIT]
                kept = (
                    "some of its bytes are lost" if None in record.fields["buffers"] else "its bytes are kept"
                )
                text = f"{ref.kind} could not be encoded ({kept}): {reason}"
                warnings.append(_warn("media-failed", f"{_entry_text(self._entry)}: {text}"))
            records.append(record)
        replacing = iter(records)
        return replace_values(
            self._entry, lambda value: replace_refs(value, lambda ref: next(replacing))
        ), warnings


class EncoderPool:
    """Encodes the media of entries in threads; `on_done` is called from them after each."""

    def __init__(
        self, put_blob: PutBlob, *, threads: int = ENCODER_THREADS, on_done: Callable[[], None]
    ) -> None:
        self._put_blob = put_blob
        self._known = _Known()
        self._on_done = on_done
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="diorama-encode")

    def submit(self, entry: Entry, spool_dir: Path) -> MediaInWork | None:
        """Start encoding; None if there is nothing to encode."""
        refs = refs_of(entry)
        if not refs:
            return None
        futures = [self._start(ref, spool_dir) for ref in refs]
        for future in futures:
            future.add_done_callback(lambda _: self._on_done())
        return MediaInWork(entry, refs, futures)

    def _start(self, ref: SnapshotRef, spool_dir: Path) -> Future[Encoded]:
        try:
            return self._pool.submit(self._encode, ref, spool_dir)
        except RuntimeError as error:
            if not is_of_the_moment(error):
                raise
            future: Future[Encoded] = Future()  # no thread can be started: encode in this one
            try:
                future.set_result(self._encode(ref, spool_dir))
            except Unavailable as trouble:
                future.set_exception(trouble)
            return future

    def forget_records(self) -> None:
        """The store lacks blobs that it was given: encode anew also what was encoded before."""
        self._known = _Known()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _encode(self, ref: SnapshotRef, spool_dir: Path) -> Encoded:
        """The record. Raises Unavailable, and nothing else."""
        try:
            return self._known.record_of(ref, load_snapshot(ref, spool_dir), self._put_blob)
        except Unavailable:
            raise
        except BaseException as error:
            raise Unavailable(f"{ref.kind} can't be stored now: {type(error).__name__}: {error}") from error


class _Known:
    """Records of media that are logged again and again (the same picture at each step): encoded twice, and
    then never more. What comes once only costs a look at the numbers that its entry holds anyway."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Lru[tuple[Any, ...], bool] = Lru(SEEN_LIMIT)
        self._records: Lru[bytes, Encoded] = Lru(RECORDS_LIMIT)

    def record_of(self, ref: SnapshotRef, snapshot: Snapshot, put_blob: PutBlob) -> Encoded:
        looks = _looks_of(ref)
        with self._lock:
            came_before = looks in self._seen
            self._seen.put(looks, True)
        content = _content_of(snapshot) if came_before else None
        known = self._records.get(content) if content is not None else None
        if known is not None:
            return known
        record: Encoded = encode_media(snapshot, put_blob)
        if content is not None and not isinstance(record, UnknownRecord):
            self._records.put(content, record)
        return record


def _content_of(snapshot: Snapshot) -> bytes | None:
    """None if the bytes are gone or damaged: to say so is the affair of `encode_media`."""
    try:
        return content_of(snapshot)
    except Corrupt:
        return None


def _looks_of(ref: SnapshotRef) -> tuple[Any, ...]:
    """What media with the same content have in common, without a look at large buffers."""
    parts = (
        (part.size_bytes, part.crc) if isinstance(part, SpoolPart) else (len(part), zlib.crc32(part))
        for part in ref.buffers
    )
    return (ref.kind, zlib.crc32(msgspec.msgpack.encode(ref.header)), *parts)


def replace_refs(value: Any, replacement: Callable[[SnapshotRef], Any]) -> Any:
    """`value` with every SnapshotRef in its dicts and lists replaced, in a fixed order.

    >>> replace_refs({"a": [1, SnapshotRef("image", {}, ())]}, lambda ref: ref.kind)
    {'a': [1, 'image']}
    """
    if isinstance(value, SnapshotRef):
        return replacement(value)
    if type(value) is dict:
        return {key: replace_refs(item, replacement) for key, item in value.items()}
    if type(value) is list:
        return [replace_refs(item, replacement) for item in value]
    return value


def refs_of(entry: Entry) -> list[SnapshotRef]:
    """The media of an entry, in the order of `replace_refs`."""
    refs: list[SnapshotRef] = []

    def collect(ref: SnapshotRef) -> SnapshotRef:
        refs.append(ref)
        return ref

    for value in media_values(entry):
        replace_refs(value, collect)
    return refs


def _size_bytes(ref: SnapshotRef) -> int:
    return sum(part.size_bytes if isinstance(part, SpoolPart) else len(part) for part in ref.buffers)


def _entry_text(entry: Entry) -> str:
    if isinstance(entry, Log):
        return f"step {entry.step}, {', '.join(map(repr, entry.data))}"[:WARNING_TEXT_LIMIT]
    return f"file {entry.name!r}" if isinstance(entry, File) else type(entry).__name__.lower()


def _warn(code: str, text: str, count: int = 1) -> Warn:
    return Warn(time.time(), code, text, count)
