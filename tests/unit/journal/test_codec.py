"""Values arrive exactly, or are refused at once, or are kept as text with a warning."""

from __future__ import annotations

import datetime
import decimal
import enum
import math
import signal
import struct
from collections import deque
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import msgspec
import numpy as np
import pytest
from google_crc32c import value as crc32c_of
from hypothesis import given
from hypothesis import strategies as st

from diorama.errors import BadRequest, Corrupt, JournalError, WrongType, WrongValue
from diorama.journal import codec
from diorama.journal.codec import (
    Encoding,
    SnapshotRef,
    SpoolPart,
    decode_batch,
    decode_entry,
    encode_batch,
    encode_plain,
    load_part,
    load_snapshot,
    plain_numbers,
)
from diorama.journal.entry import Batch, Finish, Log, Numbered, Start
from diorama.media import Histogram, Image, RunFile, UnknownRecord

plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)


def through(value: Any) -> Any:
    encoding = Encoding()
    body = encode_plain(encoding.plain_dict({"value": value}))
    entry = decode_entry(msgspec.msgpack.encode(["log", 0, 0, 1.0, msgspec.Raw(body)]))
    assert isinstance(entry, Log)
    return entry.data["value"]


def is_same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("<d", one) == struct.pack("<d", other)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    return bool(one == other)


@given(plain_values)
def test_plain_values_arrive_bit_for_bit(value: Any) -> None:
    assert is_same(through(value), value)


@given(st.floats(width=32), st.floats(width=16), st.integers(-128, 127), st.integers(0, 2**64 - 1))
def test_numpy_numbers_arrive_exactly(single: float, half: float, small: int, large: int) -> None:
    data = {
        "single": np.float32(single),
        "half": np.float16(half),
        "double": np.float64(single),
        "small": np.int8(small),
        "large": np.uint64(large),
        "flag": np.bool_(small > 0),
    }
    expected = {
        "single": single, "half": half, "double": single, "small": small, "large": large, "flag": small > 0
    }  # fmt: skip
    quick = plain_numbers(data)
    assert quick is not None
    slow = Encoding().plain_dict(data)
    for found in (quick, slow):
        for name, value in expected.items():
            if isinstance(value, float) and math.isnan(value):
                assert math.isnan(found[name])
            else:
                assert is_same(found[name], value), name


class Colour(enum.Enum):
    RED = 1


class Half(float):
    """A user's own float."""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Colour.RED, "RED"),
        (datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), "2026-01-02T03:04:05+00:00"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (b"text", "text"),
        (b"\xff", "\\xff"),
        ((1, 2), [1, 2]),
        ({3}, [3]),
        (range(3), [0, 1, 2]),
        (Half(0.5), 0.5),
        (np.array(2.5, np.float32), 2.5),
        (np.array([1, 2], np.int8), [1, 2]),
        ({1: {2: 3}}, {"1": {"2": 3}}),
        (decimal.Decimal("0.5"), 0.5),
        (2**64, 2**64),
        (-(2**63) - 1, -(2**63) - 1),
        ("\ud800", "\\ud800"),
        ({"\ud800": 1}, {"\\ud800": 1}),
    ],
)
def test_other_values_become_what_the_rules_say(value: Any, expected: Any) -> None:
    assert is_same(through(value), expected)


def test_a_large_array_becomes_a_histogram_of_32_bins() -> None:
    found = through(np.arange(1000.0))
    assert isinstance(found, SnapshotRef)
    assert found.kind == "histogram"


def test_an_unknown_object_is_kept_as_text_with_a_warning() -> None:
    class Thing:
        def __str__(self) -> str:
            return "a thing"

    encoding = Encoding()
    assert encoding.plain_dict({"x": Thing()}) == {"x": "a thing"}
    assert [code for code, _ in encoding.warnings] == ["value"]
    assert "'x'" in encoding.warnings[0][1]


def test_a_value_whose_own_code_fails_is_told_to_its_owner() -> None:
    class Lazy:
        def __str__(self) -> str:
            raise RuntimeError("not computed yet")

    class Number(Fraction):
        def __float__(self) -> float:
            raise KeyError("freed")

    with pytest.raises(WrongType, match=r"'x' can't be logged: KeyError: 'freed'"):
        Encoding().plain_dict({"x": Number(1)})
    with pytest.raises(WrongType, match=r"'loss' can't be logged: RuntimeError: not computed yet"):
        Encoding().plain_dict({"loss": Lazy()})


@pytest.mark.parametrize("kind", [TypeError, ValueError, KeyError, AttributeError, MemoryError, RuntimeError])
def test_a_fault_of_ours_costs_one_value_not_the_entry(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    monkeypatch.setattr(codec, "adopt", Mock(side_effect=kind("a fault")))
    encoding = Encoding()
    found = encoding.plain_dict({"a": 1.0, "b": [2, Fraction(1, 2)]})
    assert found["a"] == 1.0
    assert found["b"][0] == 2
    assert "Fraction object at" in found["b"][1]
    assert [type(each) for each in encoding.faults] == [kind]
    assert [code for code, _ in encoding.warnings] == ["internal"]


def test_what_a_signal_handler_raises_while_a_value_is_read_passes() -> None:
    class Slow:
        def __str__(self) -> str:
            signal.raise_signal(signal.SIGUSR1)
            return "slow"

    def handle(number: int, frame: object) -> None:
        raise TimeoutError("too slow")

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        with pytest.raises(TimeoutError):
            Encoding().plain_dict({"a": Slow()})
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_generator_is_kept_as_text_with_a_warning() -> None:
    encoding = Encoding()
    found = encoding.plain_dict({"x": (n for n in range(3)), "y": iter([1])})
    assert "generator object" in found["x"]
    assert "iterator object" in found["y"]
    assert [code for code, _ in encoding.warnings] == ["value", "value"]
    assert encoding.faults == []


def test_containers_that_hold_themselves_are_refused() -> None:
    loop: dict[str, Any] = {}
    loop["self"] = [loop]
    with pytest.raises(ValueError, match="refers to itself"):
        Encoding().plain_dict({"loop": loop})
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(ValueError, match="levels deep"):
        Encoding().plain_dict({"deep": deep})
    shared = [1]
    assert through([shared, shared]) == [[1], [1]]


def test_an_integer_of_absurd_size_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        Encoding().plain_dict({"n": 1 << 20_000})
    assert through(10**3900) == 10**3900


def test_media_arrive_as_snapshots_with_their_bytes(tmp_path: Path) -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    found = through([Image(pixels, caption="one"), Histogram([1.0, 2.0, 3.0])])
    assert [ref.kind for ref in found] == ["image", "histogram"]
    loaded = load_snapshot(found[0], tmp_path)
    assert loaded.header["caption"] == "one"
    assert b"".join(bytes(each.read()) for each in loaded.buffers) == pixels.tobytes()


@pytest.mark.parametrize(
    "part", [SpoolPart("000001.bin", 10, 0), SpoolPart("missing.bin", 3, 0), SpoolPart("../000001.bin", 3, 0)]
)
def test_a_bad_spool_file_is_corrupt(tmp_path: Path, part: SpoolPart) -> None:
    (tmp_path / "000001.bin").write_bytes(b"abc")
    snapshot = load_snapshot(SnapshotRef("image", {}, (part,)), tmp_path)
    with pytest.raises(Corrupt):
        snapshot.buffers[0].read()


def test_a_large_spool_file_is_mapped_and_checked(tmp_path: Path) -> None:
    data = bytes(range(256)) * (40 << 10)
    (tmp_path / "000001.bin").write_bytes(data + b"left over from a longer one")
    part = SpoolPart("000001.bin", len(data), crc32c_of(data))
    loaded = load_part(part, tmp_path)
    assert isinstance(loaded, memoryview)
    assert loaded == data
    with pytest.raises(Corrupt, match="checksum"):
        load_part(part._replace(crc=part.crc ^ 1), tmp_path)


@given(st.binary(max_size=40))
def test_noise_is_no_entry(noise: bytes) -> None:
    try:
        decode_entry(noise)
    except JournalError:
        return
    raise AssertionError("noise was taken for an entry")


def test_batches_survive_the_wire() -> None:
    unknown = UnknownRecord({"kind": "hologram", "depth": 3})
    batch = Batch(
        ("local", "p", "r"),
        "writer.1",
        [
            Numbered(
                1, Start(entity="local", project="p", run="r", writer="w", pid=1, pid_started=2.0, time=3.0)
            ),
            Numbered(2, Log(0, 0, 1.0, {"n": 2**80, "nan": math.nan, "media": [unknown]})),
            Numbered(3, Finish(4.0, 0, "finished")),
        ],
    )
    found = decode_batch(encode_batch(batch))
    assert found.entries[0] == batch.entries[0]
    log = found.entries[1].entry
    assert isinstance(log, Log)
    assert log.data["n"] == 2**80
    assert math.isnan(log.data["nan"])
    assert log.data["media"] == [unknown]
    assert found.entries[2] == batch.entries[2]


@pytest.mark.parametrize("noise", [b"", b"\x00", b"\x93\x01\x02\x03", b"\xc1"])
def test_noise_is_no_batch(noise: bytes) -> None:
    with pytest.raises(BadRequest):
        decode_batch(noise)


def test_text_of_megabytes_is_kept_as_media() -> None:
    text = "x" * (codec.TEXT_LIMIT_CHARS + 1)
    found = through(text)
    assert isinstance(found, SnapshotRef)
    assert (found.kind, bytes(found.buffers[0])) == ("text", text.encode())
    assert through([text[:-1]]) == [text[:-1]]
    assert plain_numbers({"long": text}) is None


def test_what_is_too_much_for_one_entry_is_refused_before_it_is_encoded() -> None:
    with pytest.raises(WrongValue, match="too much for one entry"):
        Encoding().plain_dict({"numbers": [0] * (codec.ENTRY_LIMIT_BYTES // 9 + 1)})
    with pytest.raises(WrongValue, match="too much for one entry"):
        Encoding().plain_dict({"texts": ["x" * codec.TEXT_LIMIT_CHARS] * 65})


@pytest.mark.parametrize("items", [range(10**9), range(10**30)])
def test_what_is_too_much_is_refused_before_its_items_are_made(items: range) -> None:
    with pytest.raises(WrongValue, match="too much for one entry"):
        Encoding().plain_dict({"numbers": items})
    with pytest.raises(WrongValue, match="too much for one entry"):
        Encoding().plain_dict({"deep": {"numbers": [items]}})


@pytest.mark.parametrize("items", [range(3), deque([0, 1, 2]), {"a": 0, "b": 1, "c": 2}.values()])
def test_other_sequences_are_lists(items: Any) -> None:
    assert Encoding().plain_dict({"items": items}) == {"items": [0, 1, 2]}


def test_a_buffer_that_nothing_has_room_for_costs_itself_and_not_the_entry() -> None:
    encoding = Encoding(lambda kept: None)
    large = RunFile("large.bin", bytes(codec.INLINE_LIMIT_BYTES + 1))
    body = encode_plain(encoding.plain_dict({"file": large, "loss": 0.5}))
    assert len(body) < 1000
    assert [code for code, _ in encoding.warnings] == ["dropped"]
    entry = decode_entry(msgspec.msgpack.encode(["log", 0, 0, 1.0, msgspec.Raw(body)]))
    assert isinstance(entry, Log)
    assert entry.data["loss"] == 0.5
    assert isinstance(entry.data["file"], SnapshotRef)
