"""Media read back: the record at once, the bytes when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from diorama.media import KINDS_BY_NAME, TableRecord, UnknownRecord
from diorama.media.core.base import GetBlob, MediaRecord
from diorama.media.table.load import LoadedTable
from diorama.store.values import kind_of_record, record_from_dict

PartsOf = Callable[[int], list[TableRecord]]
"""parts_of(index in a list) are all parts of an INCREMENTAL table up to a step."""


class LoadedMedia:
    """A media object of a run.

    kind, caption, record: known without reading any bytes. `load()` reads and decodes them (once): an
    image gives an object with `array`, `masks`, `boxes`; a histogram gives (values, bin_edges); a file its
    bytes; a table a LoadedTable, with all rows up to that step if it is INCREMENTAL. What the decoded object
    has is also here: `row["picture"].array`, `row["table"].get_dataframe()`.

    Raises (when loading) NotFound if bytes are gone, Corrupt if they do not match their checksum.
    """

    def __init__(
        self,
        record: MediaRecord | UnknownRecord,
        get_blob: GetBlob,
        parts: Callable[[], list[TableRecord]] | None = None,
    ) -> None:
        self.record = record
        self._parts = parts
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
            elif self._parts is not None:
                parts = self._parts()
                # One that was put into the summary by hand is whole, and no part of a history.
                self._loaded = table_from_parts(
                    parts if self.record in parts else [self.record],  # type: ignore[list-item]  # it is a table
                    self._get_blob,
                )
            else:
                loaded = kind.decode(self.record, self._get_blob)
                is_table = hasattr(loaded, "with_media")
                self._loaded = loaded.with_media(_media_from(self._get_blob)) if is_table else loaded
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


def with_media(value: Any, get_blob: GetBlob, parts_of: PartsOf | None = None, index: int = 0) -> Any:
    """`value` with every media record as a LoadedMedia."""
    if type(value) is dict:
        return {name: with_media(item, get_blob) for name, item in value.items()}
    if type(value) is list:
        return [with_media(item, get_blob, parts_of, place) for place, item in enumerate(value)]
    if isinstance(value, TableRecord) and value.log_mode == "INCREMENTAL" and parts_of is not None:
        return LoadedMedia(value, get_blob, partial(parts_of, index))
    if isinstance(value, MediaRecord | UnknownRecord):
        return LoadedMedia(value, get_blob)
    return value


def table_from_parts(parts: list[TableRecord], get_blob: GetBlob) -> LoadedTable:
    """The rows of all parts as one table, media in it as LoadedMedia."""
    return LoadedTable(parts, get_blob, _media_from(get_blob))


def _media_from(get_blob: GetBlob) -> Callable[[dict[str, Any]], LoadedMedia]:
    def make(fields: dict[str, Any]) -> LoadedMedia:
        record = record_from_dict(fields)
        return LoadedMedia(UnknownRecord(fields) if record is fields else record, get_blob)

    return make
