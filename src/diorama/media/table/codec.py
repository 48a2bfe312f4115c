"""Tables into Parquet, in the sidecar: pack after pack, so that memory holds one pack and one row group."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from diorama.errors import is_of_the_moment
from diorama.lru import Lru
from diorama.media.core.base import MANIFEST_MIME, PutBlob, Snapshot
from diorama.media.core.encoding import content_of, encode_media
from diorama.media.core.extent import Data, Extent
from diorama.media.core.jsonable import to_json
from diorama.media.core.keep import InMemory
from diorama.media.core.registry import UnknownRecord, record_warnings
from diorama.media.table.arrow import arrow_from_cells, schema_of
from diorama.media.table.pack import PackReader, RawColumn
from diorama.media.table.record import TableColumn, TableRecord
from diorama.model import BlobRef

PARQUET_MIME = "application/vnd.apache.parquet"
ROW_GROUP_ROWS = 16_384
ROW_GROUP_BYTES = 8 << 20
IN_MEMORY_BYTES = 16 << 20
"""Smaller tables are written without a temporary file."""
CELL_THREADS = min(4, os.cpu_count() or 2)
OPEN_PACKS_LIMIT = 8
"""How many earlier packs stay in memory, because later ones may refer to media in them."""
KNOWN_MEDIA_LIMIT = 4096
"""Records of media that may come again in the same table."""
WARNING_KINDS_LIMIT = 20
REASON_LIMIT_CHARS = 300


def encode(snapshot: Snapshot, put_blob: PutBlob) -> TableRecord:
    """The record of a table: its rows as a Parquet blob, the blobs of its cells, and a manifest of those."""
    header = snapshot.header
    columns = msgspec.convert(header["columns"], list[TableColumn])
    cells = CellEncoder(put_blob)
    size_bytes = sum(kept.size_bytes for kept in snapshot.buffers)
    with cells:
        rows = _arrow_columns(snapshot, columns, cells)
        blob = (_put_small if size_bytes < IN_MEMORY_BYTES else _put_large)(columns, rows, put_blob)
    return TableRecord(
        caption=header["caption"],
        sample_id=header["sample_id"],
        blob=blob,
        columns=columns,
        row_count=header["row_count"],
        log_mode=sys.intern(header["log_mode"]),  # type: ignore[arg-type]  # so that the default is omitted
        first_row=header["first_row"],
        increment=header["increment"],
        media=cells.put_manifest(),
        warnings=cells.warnings(),
    )


def write_parquet(file: Any, columns: Sequence[TableColumn], blocks: Iterator[list[Any]]) -> None:
    """Write blocks of Arrow arrays (one per column) as row groups."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = schema_of(columns)
    with pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer:
        waiting: list[Any] = []
        for arrays in blocks:
            waiting.append(pa.record_batch(arrays, schema=schema))
            row_count = sum(batch.num_rows for batch in waiting)
            if row_count >= ROW_GROUP_ROWS or sum(batch.nbytes for batch in waiting) >= ROW_GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(waiting, schema), row_group_size=ROW_GROUP_ROWS)
                waiting = []
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting, schema), row_group_size=ROW_GROUP_ROWS)


def _put_small(columns: Sequence[TableColumn], blocks: Iterator[list[Any]], put_blob: PutBlob) -> BlobRef:
    file = io.BytesIO()
    write_parquet(file, columns, blocks)
    return put_blob(file.getvalue(), PARQUET_MIME)


def _put_large(columns: Sequence[TableColumn], blocks: Iterator[list[Any]], put_blob: PutBlob) -> BlobRef:
    with tempfile.TemporaryDirectory(prefix="diorama-table-") as folder:
        path = os.path.join(folder, "table.parquet")
        write_parquet(path, columns, blocks)
        return put_blob(Extent.of_file(path), PARQUET_MIME)


def _arrow_columns(
    snapshot: Snapshot, columns: Sequence[TableColumn], cells: CellEncoder
) -> Iterator[list[Any]]:
    header, buffers = snapshot.header, snapshot.buffers
    others = header.get("others", [])
    opened: Lru[int, InMemory] = Lru(OPEN_PACKS_LIMIT)

    def open_other(number: int) -> InMemory:
        pack = opened.get(number)
        if pack is None:
            pack = InMemory(buffers[number].read())
            opened.put(number, pack)
        return pack

    place = 0
    for _, counts in header["blocks"]:
        values: list[RawColumn | list[Any]] = []
        for count in counts:
            named = [open_other(number) for number in others[place]] if others else []
            reader = PackReader(buffers[place], lambda media: media, is_lazy=False, others=named)
            values += [reader.column(index) for index in range(count)]
            place += 1
        cells.encode_all(values)
        yield [
            arrow_from_cells(column, some, cells.record_of)
            for column, some in zip(columns, values, strict=True)
        ]


_Encoded = tuple[dict[str, Any], list[tuple[str, str, int]]]
"""A record as JSON, and its warnings."""


class CellEncoder:
    """Encodes media in cells, several at once, and remembers the blobs they made."""

    def __init__(self, put_blob: PutBlob) -> None:
        self._put_blob = put_blob
        self._blobs: dict[str, BlobRef] = {}
        self._warnings: Counter[tuple[str, str]] = Counter()
        self._records: dict[int, dict[str, Any]] = {}
        self._by_content: Lru[bytes, _Encoded] = Lru(KNOWN_MEDIA_LIMIT)
        self._threads: ThreadPoolExecutor | None = None

    def __enter__(self) -> CellEncoder:
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def encode_all(self, values: Sequence[RawColumn | list[Any]]) -> None:
        """Encode the media of a block of rows."""
        found: dict[int, Snapshot] = {}
        uses: Counter[int] = Counter()
        for column in values:
            if not isinstance(column, RawColumn):
                _collect(column, found, uses)
        self._records = {}
        if not found:
            return
        new: dict[bytes, Snapshot] = {}
        encoded: dict[bytes, _Encoded] = {}
        contents = {place: content_of(media) for place, media in found.items()}
        for place, content in contents.items():
            known = self._by_content.get(content)
            if known is None:
                new[content] = found[place]
            else:
                encoded[content] = known
        encoded.update(zip(new, self._each(list(new.values())), strict=True))
        for content in new:
            self._by_content.put(content, encoded[content])
        for place, content in contents.items():
            self._records[place], warnings = encoded[content]
            for code, text, count in warnings:
                self._warnings[code, text] += count * uses[place]

    def _each(self, found: list[Snapshot]) -> list[_Encoded]:
        try:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(CELL_THREADS, thread_name_prefix="diorama-cells")
            return list(self._threads.map(self._encode, found))
        except RuntimeError as error:
            if not is_of_the_moment(error):
                raise
            return [self._encode(media) for media in found]  # no thread can be started: one after another

    def record_of(self, media: Snapshot) -> dict[str, Any]:
        """The record of media in the block that was encoded last."""
        return self._records[id(media)]

    def put_manifest(self) -> BlobRef | None:
        """Store the list of all blobs; None without any."""
        if not self._blobs:
            return None
        listed = [[ref.sha256, ref.size_bytes, ref.mime] for _, ref in sorted(self._blobs.items())]
        return self._put_blob(msgspec.msgpack.encode(listed), MANIFEST_MIME)

    def warnings(self) -> list[tuple[str, str, int]]:
        """(code, text, how many cells), the most frequent ones."""
        return [(*subject, count) for subject, count in self._warnings.most_common(WARNING_KINDS_LIMIT)]

    def _encode(self, media: Snapshot) -> _Encoded:
        record = encode_media(media, self._put)
        if isinstance(record, UnknownRecord):
            reason = str(record.fields["reason"])[:REASON_LIMIT_CHARS]
            text = f"{media.kind} in a table could not be encoded (its bytes are kept): {reason}"
            return to_json(record), [("media-failed", text, 1)]
        return to_json(record), record_warnings(record)

    def _put(self, data: Data, mime: str) -> BlobRef:
        ref = self._put_blob(data, mime)
        self._blobs[ref.sha256] = ref
        return ref


def _collect(value: Any, found: dict[int, Snapshot], uses: Counter[int]) -> None:
    if isinstance(value, Snapshot):
        found[id(value)] = value
        uses[id(value)] += 1
    elif type(value) is list:
        for item in value:
            _collect(item, found, uses)
    elif type(value) is dict:
        for item in value.values():
            _collect(item, found, uses)
