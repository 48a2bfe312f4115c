"""What lies in a file is stored and decoded from there, whatever its kind: it is not read as a whole."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from diorama.media import PluginMedia, Text
from diorama.media.core.base import Snapshot
from diorama.media.core.extent import Data, Extent, pieces_of, size_of
from diorama.media.core.keep import InMemory
from diorama.media.plugin import codec as plugin_codec
from diorama.media.plugin import facts as plugin_facts
from diorama.media.text import codec as text_codec
from diorama.model import BlobRef
from diorama.plugins import Kind


class InFile:
    """Bytes in a file, which can't be read as a whole."""

    def __init__(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        self._extent = Extent(str(path), 0, len(data))
        self.size_bytes = len(data)

    def read(self) -> bytes:
        raise AssertionError("it was read as a whole")

    def head(self, size_bytes: int) -> bytes:
        raise AssertionError("nobody needs its head")

    def source(self) -> Data:
        return self._extent


class Stored:
    """What was put, by MIME type."""

    def __init__(self) -> None:
        self.of: dict[str, Data] = {}

    def put(self, data: Data, mime: str) -> BlobRef:
        self.of[mime] = data
        return BlobRef(hashlib.sha256(mime.encode()).hexdigest(), size_of(data), mime)


TEXTS = ["a\nb", "a\nb\n", "\n" * 3, "ä€😀" * 50, "x" * 20_000, "ende\r\n", "\ufeffmark"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_long_text_has_the_record_of_a_short_one(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_codec, "INLINE_BYTES", 0)
    header = Text("", caption="c", language="python").snapshot().header
    short = text_codec.encode(Text(text, caption="c", language="python").snapshot(), Stored().put)
    monkeypatch.setattr(text_codec, "PIECEWISE_FROM_BYTES", 0)
    monkeypatch.setattr(text_codec, "pieces_of", lambda data: pieces_of(data, 7))
    kept, stored = InFile(tmp_path / "long", text.encode()), Stored()
    assert text_codec.encode(Snapshot("text", header, (kept,)), stored.put) == short
    assert stored.of == {"text/plain": kept.source()}


@pytest.mark.parametrize("data", [b"caf\xe9", "caf\u00e9".encode("utf-16"), "cut \u20ac".encode()[:-1]])
def test_a_long_text_that_is_not_utf8_becomes_utf8(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    header = Text("").snapshot().header
    snapshot = Snapshot("text", header, (InMemory(data),))
    before = text_codec.encode(snapshot, Stored().put)
    monkeypatch.setattr(text_codec, "PIECEWISE_FROM_BYTES", 0)
    assert text_codec.encode(snapshot, Stored().put) == before
    assert before.source is not None


def test_blobs_of_a_plugin_are_stored_from_their_files(tmp_path: Path) -> None:
    header = PluginMedia("test:wave", {}, {"a": b"1", "b": (b"2", "audio/wav")}).snapshot().header
    first, second = InFile(tmp_path / "a", b"one"), InFile(tmp_path / "b", b"two")
    stored = Stored()
    record = plugin_codec.encode(Snapshot("plugin", header, (first, second)), stored.put)
    assert sorted(record.blobs) == ["a", "b"]
    assert list(stored.of.values()) == [first.source(), second.source()]


def test_a_plugins_worker_opens_the_files_of_blobs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def join(body: dict[str, Any], blobs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {name: len(data) for name, data in blobs.items()}, {"all": b"".join(blobs.values())}

    asked: dict[str, Any] = {}

    def run_here(task: str, header: Any, data: Data, **limits: Any) -> Any:
        asked.update(limits, sent=bytes(data))  # type: ignore[arg-type]  # what is sent is no Extent
        return plugin_facts.encode(header, data)

    monkeypatch.setattr(plugin_codec, "run_limited", run_here)
    monkeypatch.setattr(plugin_facts, "kind_of", lambda name: Kind(name="wave", view=tmp_path, encode=join))
    given = {"a": b"1", "b": b"2", "c": b"3"}
    media = PluginMedia("test:wave", {}, given, is_raw=True).snapshot()
    buffers = (InFile(tmp_path / "a", b"one"), media.buffers[1], InFile(tmp_path / "c", b"three"))
    stored = Stored()
    record = plugin_codec.encode(Snapshot("plugin", media.header, buffers), stored.put)
    assert record.body == {"a": 3, "b": 1, "c": 5}
    assert list(stored.of.values()) == [b"one2three"]
    assert asked["sent"] == b"2"
    assert asked["memory_bytes"] == plugin_codec.MEMORY_BYTES + 8 * 8
