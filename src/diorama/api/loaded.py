"""Media read back: the record at once, the bytes when they are first asked for."""

from __future__ import annotations

from typing import Any

from diorama.media import KINDS_BY_NAME, UnknownRecord
from diorama.media.base import GetBlob, MediaRecord
from diorama.store.values import kind_of_record


class LoadedMedia:
    """A media object of a run.

    kind, caption, record: known without reading any bytes. `load()` reads and decodes them (once): an
    image gives an object with `array`, `masks`, `boxes`; a histogram gives (values, bin_edges); a file its
    bytes. What the decoded object has is also here: `row["picture"].array`.

    Raises (when loading) NotFound if bytes are gone, Corrupt if they do not match their checksum.
    """

    def __init__(self, record: MediaRecord | UnknownRecord, get_blob: GetBlob) -> None:
        self.record = record
        self.kind = kind_of_record(record) or "unknown"
        self.caption = record.caption
        self._get_blob = get_blob
        self._loaded: Any = None

    def load(self) -> Any:
        """The decoded object; of a kind that this version does not know, the record's fields."""
        if self._loaded is None:
            kind = KINDS_BY_NAME.get(self.kind)
            if kind is None or isinstance(self.record, UnknownRecord):
                fields = self.record.fields if isinstance(self.record, UnknownRecord) else self.record
                self._loaded = fields
            else:
                self._loaded = kind.decode(self.record, self._get_blob)
        return self._loaded

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        loaded = self.load()
        for source in (loaded, self.record):
            if hasattr(source, name):
                return getattr(source, name)
        raise AttributeError(f"a loaded {self.kind} has no {name!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LoadedMedia) and self.record == other.record

    __hash__ = None  # type: ignore[assignment]  # records hold dicts

    def __repr__(self) -> str:
        return f"<{self.kind}{f' {self.caption!r}' if self.caption else ''}>"


def with_media(value: Any, get_blob: GetBlob) -> Any:
    """`value` with every media record as a LoadedMedia."""
    if type(value) is dict:
        return {name: with_media(item, get_blob) for name, item in value.items()}
    if type(value) is list:
        return [with_media(item, get_blob) for item in value]
    if isinstance(value, MediaRecord | UnknownRecord):
        return LoadedMedia(value, get_blob)
    return value
