"""A store in memory that keeps the promises of `Service.ingest`, and journals written by hand."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from diorama.journal.codec import Encoding
from diorama.journal.entry import Batch, Config, Entry, Finish, Log, Lost, Start
from diorama.journal.life import started_at
from diorama.journal.writer import JournalWriter
from diorama.model import BlobRef
from diorama.sidecar.transport import Broken, Refused, Unavailable

DEAD_PID = 2**22 + 1  # above the largest process id that Linux gives out


class MemoryStore:
    """A Transport. `trouble` is raised by the next calls of ingest, one each."""

    def __init__(self) -> None:
        self.entries: dict[str, list[tuple[int, Entry]]] = {}
        self.lost: dict[str, list[Lost]] = {}
        self.acked: dict[str, int] = {}
        self.orphans: list[str] = []
        self.heartbeats: list[str] = []
        self.blobs: dict[str, bytes] = {}
        self.trouble: list[Exception] = []
        self.refuses: set[int] = set()
        self.breaks: set[int] = set()
        self.refuses_configs = False
        self.is_broken = False
        self.refused_reasons: set[str] = set()
        self.told: list[str] = []
        """What was taken, in order."""
        self.calls = 0
        self.forgets_blobs_on_trouble = False
        self.refuses_orphans = 0
        self._lock = threading.Lock()

    def put_blob(self, data: bytes | bytearray | memoryview, mime: str) -> BlobRef:
        name = hashlib.sha256(data).hexdigest()
        with self._lock:
            self.blobs[name] = bytes(data)
        return BlobRef(name, len(data), mime)

    def ingest(self, batch: Batch) -> int:
        with self._lock:
            self.calls += 1
            if self.trouble:
                if self.forgets_blobs_on_trouble:
                    self.blobs.clear()
                raise self.trouble.pop(0)
            if batch.is_orphaned and self.refuses_orphans:
                self.refuses_orphans -= 1
                raise Unavailable("busy")
            if self.refuses_configs and any(isinstance(each.entry, Config) for each in batch.entries):
                raise Refused("no configs here")
            if any(gap.reason in self.refused_reasons for gap in batch.lost):
                raise Refused("a reason that this store does not like")
            if any(
                numbered.seq in self.refuses and isinstance(numbered.entry, Log) for numbered in batch.entries
            ):
                raise Refused("a value that this store does not like")
            if self.is_broken or any(
                each.seq in self.breaks for each in batch.entries if isinstance(each.entry, Log)
            ):
                raise Broken("the store broke")
            stored = self.entries.setdefault(batch.writer, [])
            acked_seq = self.acked.get(batch.writer, 0)
            stored += [
                (numbered.seq, numbered.entry) for numbered in batch.entries if numbered.seq > acked_seq
            ]
            self.lost.setdefault(batch.writer, []).extend(batch.lost)
            self.told.append(
                "orphan" if batch.is_orphaned else "entries" if batch.entries or batch.lost else "heartbeat"
            )
            if batch.is_orphaned:
                self.orphans.append(batch.writer)
            elif not batch.entries:
                self.heartbeats.append(batch.writer)
            known = [acked_seq, *(number for number, _ in stored[-1:]), *(gap.last_seq for gap in batch.lost)]
            self.acked[batch.writer] = max(known)
            return self.acked[batch.writer]

    def close(self) -> None:
        pass

    def logs(self, writer: str) -> list[dict[str, Any]]:
        return [entry.data for _, entry in self.entries.get(writer, []) if isinstance(entry, Log)]

    def of(self, writer: str, shape: type) -> list[Any]:
        return [entry for _, entry in self.entries.get(writer, []) if isinstance(entry, shape)]


class Journal:
    """A writer's journal, as the client makes it."""

    def __init__(
        self,
        root: Path,
        token: str = "t",
        n: int = 0,
        *,
        pid: int | None = None,
        start_copies: int = 1,
        **start: Any,
    ) -> None:
        self.name = f"{token}.{n}"
        self.directory = root / self.name
        self.writer = JournalWriter(self.directory)
        pid = os.getpid() if pid is None else pid
        fields = {
            "entity": "e",
            "project": "p",
            "run": "r",
            "writer": self.name,
            "pid": pid,
            "time": time.time(),
        }
        began = started_at(pid) if pid != DEAD_PID else None
        for _ in range(start_copies):
            self.add(Start(**{**fields, "pid_started": began or 0.0, **start}))
        self.steps = 0

    def add(self, entry: Entry) -> int:
        return self.writer.append(msgspec.msgpack.encode(entry))

    def log(self, **data: Any) -> int:
        plain = Encoding().plain(data)
        self.steps += 1
        return self.add(Log(self.steps, self.steps, time.time(), plain))

    def finish(self) -> None:
        self.add(Finish(time.time(), 0, "finished"))

    def close(self) -> None:
        self.writer.close()
