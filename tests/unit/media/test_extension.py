"""What msgpack has no words for. The bytes are stored: they may never change."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.msgpack import Ext

from diorama.errors import BadRequest
from diorama.journal.codec import decode_batch, encode_batch
from diorama.journal.entry import Batch, Log, Numbered
from diorama.media import TextRecord, UnknownRecord
from diorama.media.core.extension import DEPTH_LIMIT, as_wire, value_from
from diorama.model import BlobRef

BLOB = BlobRef("ab" * 32, 3, "text/plain")
VALUES: dict[str, tuple[Any, str]] = {
    "small": (-1, "ff"),
    "largest": (2**64 - 1, "cfffffffffffffffff"),
    "large": (2**64, "c71402" + b"18446744073709551616".hex()),
    "below": (-(2**63) - 1, "c71402" + b"-9223372036854775809".hex()),
    "unknown": (UnknownRecord({"kind": "new"}), "c70a03" + "81a46b696e64a36e6577"),
    "newer": (Ext(77, b"as it is"), "d74d" + b"as it is".hex()),
    "nested": ({"a": [2**64]}, "81a16191" + "c71402" + b"18446744073709551616".hex()),
}


@pytest.mark.parametrize("name", VALUES)
def test_the_bytes_stay_and_come_back(name: str) -> None:
    value, wire = VALUES[name]
    data = msgspec.msgpack.encode(as_wire(value))
    assert data.hex() == wire
    back = msgspec.msgpack.decode(data, ext_hook=value_from)
    if isinstance(value, UnknownRecord):
        assert back.fields == value.fields
    else:
        assert back == value


def test_a_batch_carries_all_of_them() -> None:
    record = TextRecord(text="abc", blob=BLOB)
    data = {name: value for name, (value, _) in VALUES.items()} | {"record": record}
    batch = Batch(("e", "p", "r"), "w", [Numbered(1, Log(0, 0, 1.0, data))])
    twice = decode_batch(encode_batch(decode_batch(encode_batch(batch))))
    entry = twice.entries[0].entry
    assert isinstance(entry, Log)
    assert entry.data["unknown"].fields == {"kind": "new"}
    assert {**entry.data, "unknown": None} == {**data, "unknown": None}


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: Any = 1
    for _ in range(DEPTH_LIMIT + 2):
        value = [value]
    with pytest.raises(BadRequest, match="nested"):
        as_wire(value)
