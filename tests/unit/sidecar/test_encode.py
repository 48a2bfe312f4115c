"""The encoders of the sidecar: what comes again, what can't be encoded now, threads that can't be started."""

from __future__ import annotations

import dataclasses
import errno
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from google_crc32c import value as crc32c_of
from memory_store import MemoryStore
from stand_in import stand_in

from diorama.journal import codec
from diorama.journal.codec import NO_ROOM, Encoding, decode_entry
from diorama.journal.entry import EXT_SNAPSHOT, Entry, Log
from diorama.media import KINDS_BY_NAME, FileRecord, RunFile, UnknownRecord
from diorama.media.core.base import PutBlob, Snapshot
from diorama.sidecar.encode import EncoderPool
from diorama.sidecar.transport import Unavailable


@pytest.fixture
def pool(store: MemoryStore) -> Iterator[EncoderPool]:
    pool = EncoderPool(store.put_blob, on_done=lambda: None)
    yield pool
    pool.close()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were encoded."""
    encoded: list[str] = []
    kind = KINDS_BY_NAME["file"]

    def encode(snapshot: Snapshot, put_blob: PutBlob) -> Any:
        encoded.append(snapshot.header["name"])
        return kind.encode(snapshot, put_blob)

    monkeypatch.setitem(KINDS_BY_NAME, "file", dataclasses.replace(kind, encode=encode))
    return encoded


def entry_of(content: bytes, name: str = "a.bin") -> Entry:
    plain = Encoding().plain({"file": RunFile(name, content)})
    return decode_entry(msgspec.msgpack.encode(Log(1, 1, 0.0, plain)))


def record_of(pool: EncoderPool, entry: Entry, folder: Path) -> Any:
    work = pool.submit(entry, folder)
    assert work is not None
    [future] = work._futures
    future.exception(20)
    trouble = work.needs_retry()
    if trouble is not None:
        raise trouble
    return work.result()[0].data["file"]  # type: ignore[union-attr]  # a Log


def test_what_is_logged_again_and_again_is_encoded_twice_at_most(
    pool: EncoderPool, calls: list[str], tmp_path: Path, store: MemoryStore
) -> None:
    records = [record_of(pool, entry_of(b"the same"), tmp_path) for _ in range(10)]
    assert len(calls) == 2
    assert records == [records[0]] * 10
    assert record_of(pool, entry_of(b"another"), tmp_path) != records[0]
    assert record_of(pool, entry_of(b"the same", "b.bin"), tmp_path).name == "b.bin"
    assert len(calls) == 4


def test_records_are_forgotten_when_the_store_has_lost_blobs(
    pool: EncoderPool, calls: list[str], tmp_path: Path, store: MemoryStore
) -> None:
    for _ in range(5):
        record_of(pool, entry_of(b"the same"), tmp_path)
    store.blobs.clear()
    pool.forget_records()
    record_of(pool, entry_of(b"the same"), tmp_path)
    assert b"the same" in store.blobs.values()


def entry_in_spool(content: bytes, *, file: str = "1.bin") -> Entry:
    """A file whose bytes are to be in the spool, whether they are there or not."""
    header = {"name": "a.bin", "mime": "application/octet-stream", "caption": None}
    part = [file, len(content), crc32c_of(content)]
    plain = {"file": msgspec.msgpack.Ext(EXT_SNAPSHOT, msgspec.msgpack.encode(["file", header, [part]]))}
    return decode_entry(msgspec.msgpack.encode(Log(1, 1, 0.0, plain)))


@pytest.mark.parametrize("lost", ["missing", "damaged", "no-room"])
def test_what_is_lost_fails_each_time_it_is_logged_and_holds_nothing_up(
    pool: EncoderPool, tmp_path: Path, store: MemoryStore, lost: str
) -> None:
    if lost == "damaged":
        (tmp_path / "1.bin").write_bytes(b"one bit less")
    entry = entry_in_spool(b"one bit more", file=NO_ROOM if lost == "no-room" else "1.bin")
    for _ in range(3):
        record = record_of(pool, entry, tmp_path)
        assert isinstance(record, UnknownRecord)
        assert record.fields["buffers"] == [None]
    (tmp_path / "1.bin").write_bytes(b"one bit more")
    assert type(record_of(pool, entry_in_spool(b"one bit more"), tmp_path)) is FileRecord


def failing_once(store: MemoryStore, trouble: Exception) -> Any:
    """The store's put_blob, of which the first call raises."""
    troubles = [trouble]

    def put(data: bytes | bytearray | memoryview, mime: str) -> Any:
        if troubles:
            raise troubles.pop()
        return store.put_blob(data, mime)

    return put


def test_what_is_lost_fails_also_when_it_is_tried_again(tmp_path: Path, store: MemoryStore) -> None:
    """The store was away at the first try, so that the second one takes it for what came before."""
    pool = EncoderPool(failing_once(store, Unavailable("the server sleeps")), on_done=lambda: None)
    with pytest.raises(Unavailable):
        record_of(pool, entry_in_spool(b"x"), tmp_path)
    assert isinstance(record_of(pool, entry_in_spool(b"x"), tmp_path), UnknownRecord)
    pool.close()


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.EPERM, errno.ECONNRESET, errno.ENOTCONN])
def test_bytes_that_the_disk_does_not_give_now_are_asked_for_again(
    pool: EncoderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (tmp_path / "1.bin").write_bytes(b"x")
    waits: list[float] = []
    refusals = [number] * 3

    def open_later(path: Path, mode: str) -> Any:
        if refusals:
            raise OSError(refusals.pop(), "not now")
        return open(path, mode)

    monkeypatch.setattr(codec, "open", open_later, raising=False)
    monkeypatch.setattr(codec, "time", stand_in(time, sleep=waits.append))
    assert type(record_of(pool, entry_in_spool(b"x"), tmp_path)) is FileRecord
    assert waits == list(codec.READ_WAITS_SECS[:3])


def test_bytes_that_the_disk_never_gives_fail_after_a_while(
    pool: EncoderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def refuse(path: Path, mode: str) -> Any:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(codec, "open", refuse, raising=False)
    monkeypatch.setattr(codec, "time", stand_in(time, sleep=waits.append))
    for _ in range(2):
        waits.clear()
        record = record_of(pool, entry_in_spool(b"x"), tmp_path)
        assert isinstance(record, UnknownRecord)
        assert "Input/output error" in record.fields["reason"]
        assert record.fields["buffers"] == [None]
        assert waits == list(codec.READ_WAITS_SECS), "all that is read of it together"


def test_no_thread_is_no_loss(pool: EncoderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert type(record_of(pool, entry_of(b"x"), tmp_path)) is FileRecord


@pytest.mark.parametrize("trouble", [MemoryError(), OSError(28, "No space left on device"), KeyError("x")])
def test_a_blob_that_cannot_be_put_is_put_later(
    store: MemoryStore, tmp_path: Path, trouble: Exception
) -> None:
    pool = EncoderPool(failing_once(store, trouble), on_done=lambda: None)
    with pytest.raises(Unavailable):
        record_of(pool, entry_of(b"x"), tmp_path)
    assert type(record_of(pool, entry_of(b"x"), tmp_path)) is FileRecord
    pool.close()
