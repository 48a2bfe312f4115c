"""Columns of points: exact bytes, order, and pyramids that never lose a spike."""

from __future__ import annotations

import math

import numpy as np
import pytest
from batches import exact
from hypothesis import given, settings
from hypothesis import strategies as st

from diorama.errors import Corrupt
from diorama.store import columns, pyramid
from diorama.store.columns import Points, bits_from_values

INT64 = st.integers(-(2**63), 2**63 - 1)
NUMBERS = st.one_of(st.floats(), INT64, st.booleans())


def points_of(values: list[object], steps: list[int] | None = None) -> Points:
    bits, types = bits_from_values(values)
    count = len(values)
    return Points(
        np.array(range(count) if steps is None else steps, np.int64),
        np.arange(count) * 0.25,
        np.arange(count, dtype=np.int64),
        bits,
        types,
    )


@given(
    st.one_of(st.lists(NUMBERS), st.lists(st.floats()), st.lists(INT64), st.lists(st.booleans())), st.data()
)
def test_every_bit_comes_back(values: list[object], data: st.DataObject) -> None:
    steps = data.draw(st.lists(INT64, min_size=len(values), max_size=len(values)))
    points = points_of(values, steps)
    again = columns.decode(columns.encode(points))
    assert exact(again.values()) == exact(values)
    assert again.steps.tolist() == steps
    assert again.rows.tolist() == points.rows.tolist()
    assert again.times.tobytes() == points.times.tobytes()


def test_large_chunks_come_back_and_are_small() -> None:
    points = points_of([math.sin(index / 1000) for index in range(65_536)])
    data = columns.encode(points)
    again = columns.decode(data)
    assert again.bits.tobytes() == points.bits.tobytes()
    assert len(data) < 65_536 * 10, "steps, rows and times should all but vanish"


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.randoms())
def test_order_is_by_step_then_row_and_the_last_of_a_row_stays(steps: list[int], random: object) -> None:
    values = list(range(len(steps)))
    rows = [step // 2 for step in steps]  # rows repeat, also at other steps
    bits, types = bits_from_values(values)
    points = Points(np.array(steps, np.int64), np.zeros(len(steps)), np.array(rows, np.int64), bits, types)
    expected: dict[tuple[int, int], int] = {}
    for step, row, value in zip(steps, rows, values, strict=True):
        expected[step, row] = value
    ordered = points.ordered()
    assert list(zip(ordered.steps.tolist(), ordered.rows.tolist(), strict=True)) == sorted(expected)
    assert ordered.values() == [expected[key] for key in sorted(expected)]


@pytest.mark.parametrize("cut", [0, 3, 8, 20, 200])
def test_a_damaged_chunk_is_told(cut: int) -> None:
    data = columns.encode(points_of([math.sin(index) for index in range(100)]))
    with pytest.raises(Corrupt):
        columns.decode(data[:cut])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(width=32), min_size=1, max_size=6),
    st.integers(1, 9000),
    st.integers(0, 2**32 - 1),
)
def test_a_pyramid_says_what_brute_force_says(special: list[float], count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    numbers = random.normal(size=count)
    numbers[random.integers(0, count, len(special))] = special
    points = points_of(numbers.tolist())
    for level, buckets in pyramid.pyramid(points):
        assert len(buckets) == -(-count // level)
        assert buckets.count.sum() == count
        for index in range(len(buckets)):
            part = numbers[index * level : (index + 1) * level]
            known = part[~np.isnan(part)]
            finite = part[np.isfinite(part)]
            if len(known):
                assert buckets.low[index] == known.min()
                assert buckets.high[index] == known.max()
            else:
                assert np.isnan(buckets.low[index])
            if len(finite):
                assert buckets.mean()[index] == pytest.approx(finite.mean(), rel=1e-6, abs=1e-6)
            assert buckets.step_min[index] == index * level
            assert buckets.step_max[index] == index * level + len(part) - 1
            np.testing.assert_equal(buckets.last[index], part[-1])


def test_a_stored_level_comes_back() -> None:
    (_, buckets), *_ = pyramid.pyramid(points_of([float(index) for index in range(1000)]))
    again = pyramid.Buckets.from_matrix(columns.decode_floats(columns.encode_floats(buckets.matrix())))
    assert again.matrix().tobytes() == buckets.matrix().tobytes()


@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=30), max_size=30))
def test_many_chunks_at_once_are_as_one_by_one(chunks: list[list[object]]) -> None:
    encoded = [columns.encode(points_of(values)) for values in chunks]
    points, counts = columns.decode_many(encoded)
    assert counts.tolist() == [len(values) for values in chunks]
    expected = columns.join([columns.decode(data) for data in encoded])
    assert columns.encode(points) == columns.encode(expected) if chunks else len(points) == 0


@given(st.lists(NUMBERS, min_size=1, max_size=40), st.data())
def test_a_flipped_bit_of_a_chunk_is_detected(values: list[object], data: st.DataObject) -> None:
    good = columns.encode(points_of(values))
    bit = data.draw(st.integers(0, len(good) * 8 - 1))
    damaged = bytearray(good)
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Corrupt):
        columns.decode(bytes(damaged))
    with pytest.raises(Corrupt):
        columns.decode_many([good, bytes(damaged)])
