"""What a kind of media is.

A media object knows how to become a small record plus blobs. It never knows the run, the step, the
disk or the network. Constructing it validates at the user's line and keeps a snapshot, so that
changing the source afterwards changes nothing; encoding happens later, in the sidecar.

    user's array ── X(...) ──> Snapshot(kind, header, buffers) ── journal + spool ──>
        KIND.encode(snapshot, put_blob) ──> XRecord (small, JSON-able) + blobs
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from diorama.media.core.extent import Data, is_same
from diorama.media.core.keep import Kept
from diorama.model import BlobRef


class MediaRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What the store keeps of a media object. New fields have defaults, for ever."""

    caption: str | None = None
    sample_id: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """A media object on its way to the sidecar.

    header: small and msgpack-able (numbers, strings, lists, dicts).
    buffers: raw bytes, never encoded; large ones may already lie in the spool (see media/core/keep.py).
    """

    kind: str
    header: dict[str, Any]
    buffers: tuple[Kept, ...] = ()


class Media:
    """Base of every media class that a user can log."""

    KIND: ClassVar[str]

    def snapshot(self) -> Snapshot:
        """The frozen content of this object. Cheap; called in the training process."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        """Whether the same was logged: the same bytes, caption and options."""
        if self is other:
            return True
        if type(self) is not type(other) or not isinstance(other, Media):
            return NotImplemented
        mine, theirs = self.snapshot(), other.snapshot()
        return (
            mine.header == theirs.header
            and len(mine.buffers) == len(theirs.buffers)
            and all(
                one.size_bytes == other.size_bytes and is_same(one.source(), other.source())
                for one, other in zip(mine.buffers, theirs.buffers, strict=True)
            )
        )

    def __hash__(self) -> int:
        return hash((type(self), *(kept.size_bytes for kept in self.snapshot().buffers)))

    def snapshot_for(self, place: object) -> Snapshot:
        """What to log at `place`, a key of a run's history: all of it, for all but INCREMENTAL tables."""
        return self.snapshot()

    def note_logged(self, place: object, snapshot: Snapshot) -> None:
        """A snapshot for `place` is in the journal."""


PutBlob = Callable[[Data, str], BlobRef]
"""put_blob(data, mime) stores bytes, of memory or of a file, and names them."""

GetBlob = Callable[[BlobRef], bytes]
"""get_blob(ref) reads them back."""


MANIFEST_MIME = "application/vnd.diorama.blobs"
"""Of a blob that lists other blobs: msgpack, [[sha256, size_bytes, mime], ...]. A record that names one
(a table of many pictures) keeps them all alive."""


def _no_warnings(record: Any) -> list[tuple[str, str, int]]:
    return []


@dataclass(frozen=True)
class Kind:
    """One kind of media, listed in `diorama.media.KINDS`.

    name: the record's tag, the golden folder, the UI's view and the docs page.
    encode: runs in the sidecar. It reads arrays (`read()` maps large ones) and passes files on (`source()`).
    decode: the read side: a record back to what the user logged (arrays, ...).
    adopts: qualified names of foreign classes that become this kind when logged bare.
    adopt: makes the media object of such a foreign value.
    suffixes: of files (".mp4") whose bare `pathlib.Path` becomes this kind, by `adopt`.
    warnings: (code, text, how many values) of what a record could not keep as it was given, for the run to
    show. The text is the same each time, so that a run shows one line with a count.
    """

    name: str
    cls: type[Media]
    record: type[MediaRecord]
    encode: Callable[[Snapshot, PutBlob], MediaRecord]
    decode: Callable[[Any, GetBlob], Any]
    adopts: tuple[str, ...] = ()
    adopt: Callable[[Any], Media] | None = None
    suffixes: tuple[str, ...] = ()
    warnings: Callable[[Any], list[tuple[str, str, int]]] = _no_warnings


ANY_MIME = "application/octet-stream"
