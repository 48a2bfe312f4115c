"""Histograms are numpy's, and nothing in the numbers can break them."""

from __future__ import annotations

import collections
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from diorama.media import Histogram, record_warnings

NUMBERS = [1.0, 2.0, 2.5, 9.0]


def assert_is_numpys(trip, histogram: Histogram, numbers: Any, num_bins: int = 64) -> None:
    values, bins = np.histogram(numbers, bins=num_bins)
    done = trip(histogram)
    assert done.record.values == values.tolist()
    assert done.record.bins == bins.tolist()
    assert (histogram.histogram, histogram.bins) == (values.tolist(), bins.tolist())
    np.testing.assert_array_equal(done.loaded[0], values)
    np.testing.assert_array_equal(done.loaded[1], bins)


def generated() -> Any:
    yield from NUMBERS


@pytest.mark.parametrize(
    "sequence",
    [
        NUMBERS,
        tuple(NUMBERS),
        np.array(NUMBERS),
        np.array(NUMBERS, np.float32),
        np.array(NUMBERS, np.float16),
        np.array(NUMBERS, ">f8"),
        np.array(NUMBERS).reshape(2, 2),
        np.repeat(NUMBERS, 2)[::2],
        np.array(NUMBERS, object),
        generated(),
        dict.fromkeys(NUMBERS).keys(),
        collections.deque(NUMBERS),
        [[1.0, 2.0], [2.5, 9.0]],
        [[1.0], [2.0, 2.5, 9.0]],
        [np.array([1.0, 2.0]), np.array([[2.5], [9.0]])],
        [np.array([1.0, 2.0]), 2.5, 9.0],
        [np.float64(1), np.float32(2), 2.5, 9],
        (np.array([1.0, 2.0]), np.array([2.5, 9.0])),
        [Decimal("1"), Decimal("2"), Decimal("2.5"), Decimal("9")],
    ],
)
def test_inputs(trip, sequence: Any) -> None:
    assert_is_numpys(trip, Histogram(sequence), NUMBERS)


def test_tensors(trip, tensor) -> None:
    array = np.array(NUMBERS, np.float32).reshape(2, 2)
    for each in (
        tensor(array, requires_grad=True),
        tensor(array, device="cuda:0"),
        tensor(array, dtype="bfloat16"),
        [tensor(array[0]), tensor(array[1], requires_grad=True)],
    ):
        assert_is_numpys(trip, Histogram(each), NUMBERS)


@pytest.mark.parametrize("numbers", [[3, 1, 4, 1, 5], [True, False, True], [2**40, -(2**40)], range(100)])
def test_integers_and_bools(trip, numbers: Any) -> None:
    whole = np.array(list(numbers))
    assert_is_numpys(trip, Histogram(numbers, num_bins=5), whole.astype(int), 5)


def test_num_bins(trip) -> None:
    for num_bins in (1, 7, 512, np.int64(3)):
        assert_is_numpys(trip, Histogram(NUMBERS, num_bins=num_bins), NUMBERS, int(num_bins))


def test_empty_and_constant(trip) -> None:
    assert_is_numpys(trip, Histogram([]), [])
    assert_is_numpys(trip, Histogram(np.zeros((0, 3))), [])
    assert_is_numpys(trip, Histogram([5, 5, 5]), [5, 5, 5])
    assert_is_numpys(trip, Histogram([0.0]), [0.0])


def test_non_finite_numbers_are_counted(trip) -> None:
    histogram = Histogram([np.nan, 1, 2, np.inf, -np.inf, 2])
    assert_is_numpys(trip, histogram, [1.0, 2, 2])
    record = trip(histogram).record
    assert record.non_finite == 3
    assert record_warnings(record) == [
        ("histogram.non_finite", "a value of a histogram is NaN or infinite and was left out", 3)
    ]
    assert record_warnings(trip(Histogram([1])).record) == []
    nothing = trip(Histogram([np.nan])).record
    assert (sum(nothing.values), nothing.bins[0], nothing.bins[-1], nothing.non_finite) == (0, 0, 1, 1)


@pytest.mark.parametrize(
    "numbers",
    [
        [1.0, 1.0 + 2**-52],
        [1e308, -1e308],
        [1e20] * 5,
        [5e-324, 0.0],
        np.array([1, 1 + 2**-10], np.float16),
        np.array([3e38, -3e38], np.float32),
        [2**63, 2**63 + 1],
        [2**70, 1],
    ],
)
def test_ranges_that_numpy_refuses_lose_nothing(trip, numbers: Any) -> None:
    record = trip(Histogram(numbers)).record
    assert sum(record.values) == len(numbers)
    assert len(record.bins) == len(record.values) + 1
    assert all(low <= high for low, high in zip(record.bins, record.bins[1:], strict=False))
    assert record.bins[0] <= float(min(numbers)) <= float(max(numbers)) <= record.bins[-1]


@pytest.mark.parametrize("make", [np.array, list, tuple])
def test_counted_pairs(trip, make: Any) -> None:
    values, bins = np.histogram([1, 2, 3, 5], bins=4)
    pair = (make(values), make(bins))
    for histogram in (Histogram(pair), Histogram(np_histogram=pair), Histogram(np_histogram=list(pair))):
        assert_is_numpys(trip, histogram, [1, 2, 3, 5], 4)


def test_counted_tensors_and_densities(trip, tensor) -> None:
    done = trip(Histogram((tensor(np.array([0.25, 0.75])), tensor(np.array([0.0, 1.0, 2.0])))))
    assert (done.record.values, done.record.bins) == ([0.25, 0.75], [0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "Expected numbers, or np_histogram to be a tuple"),
        ({"sequence": [1], "np_histogram": ([1], [0, 1])}, ValueError, "not both"),
        ({"sequence": [1], "num_bins": 513}, ValueError, "The maximum length of a histogram is 512"),
        ({"sequence": [1], "num_bins": 0}, ValueError, "at least 1"),
        ({"sequence": [1], "num_bins": 2.5}, TypeError, "must be an integer"),
        (
            {"np_histogram": (np.zeros(513), np.arange(514))},
            ValueError,
            "The maximum length of a histogram is 512",
        ),
        ({"np_histogram": ([1, 2], [0, 1])}, ValueError, r"len\(bins\) must be len\(histogram\) \+ 1"),
        ({"sequence": (np.zeros(3), np.arange(9))}, ValueError, r"len\(bins\) must be len\(histogram\) \+ 1"),
        ({"np_histogram": ([1],)}, ValueError, "tuple of"),
        ({"np_histogram": 5}, ValueError, "tuple of"),
        ({"np_histogram": ([], [0])}, ValueError, "at least one bin"),
        ({"np_histogram": ([1], [0, np.inf])}, ValueError, "must be finite"),
        ({"sequence": "text"}, TypeError, "needs numbers, not str"),
        ({"sequence": {1: 2}}, TypeError, "needs numbers, not dict"),
        ({"sequence": 5}, TypeError, "a sequence of numbers, not int"),
        ({"sequence": ["a"]}, TypeError, "real numbers"),
        ({"sequence": [1j]}, TypeError, "real numbers"),
        ({"sequence": [None, 1]}, TypeError, "dtype object"),
        ({"sequence": np.array(["1", 2], object)}, TypeError, "dtype object"),
    ],
)
def test_errors(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Histogram(**arguments)


def test_edges_that_do_not_grow_are_put_in_order(trip) -> None:
    turned = trip(Histogram(np_histogram=([1, 2], [2, 1, 0]))).record
    assert (turned.values, turned.bins) == ([2, 1], [0, 1, 2])
    with pytest.warns(UserWarning, match="up and down"):
        mixed = trip(Histogram(np_histogram=([4, 3], [0, 2, 1]))).record
    assert (mixed.values, mixed.bins) == ([2, 5], [0, 1, 2])


def test_numbers_under_a_mask_are_left_out_and_counted(trip) -> None:
    hidden = np.ma.array([1.0, 2.0, 1e20], mask=[0, 0, 1])
    for numbers in (hidden, [hidden, [np.ma.masked, 1.5]], np.ma.array([1, 2, 999999], mask=[0, 0, 1])):
        record = trip(Histogram(numbers)).record
        assert (record.bins[0], record.bins[-1]) == (1, 2)
        assert record.non_finite == (2 if isinstance(numbers, list) else 1)
    assert trip(Histogram(np.ma.array([1, 2, 3]))).record.non_finite == 0


def test_changing_the_numbers_afterwards_changes_nothing(trip) -> None:
    numbers = np.array(NUMBERS)
    counts, edges = np.array([1, 2]), np.array([0.0, 1.0, 2.0])
    histogram, counted = Histogram(numbers), Histogram((counts, edges))
    numbers[:] = 0
    counts[:] = 0
    edges[:] = 0
    assert_is_numpys(trip, histogram, NUMBERS)
    assert trip(counted).record.values == [1, 2]


def test_words(trip) -> None:
    record = trip(Histogram([1], caption="weights", sample_id=5)).record  # type: ignore[arg-type]
    assert (record.caption, record.sample_id) == ("weights", "5")
    assert repr(Histogram([1, 2], num_bins=9)) == "Histogram(num_bins=9)"
    assert repr(Histogram(([1], [0, 1]))) == "Histogram(num_bins=1)"


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    arrays(
        st.sampled_from([np.float64, np.float32, np.float16, np.int64, np.uint8, np.bool_]),
        array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9),
    ),
    st.integers(1, 512),
)
def test_every_number_is_counted_once(trip, array: np.ndarray, num_bins: int) -> None:
    record = trip(Histogram(array, num_bins=num_bins)).record
    numbers = array.astype(np.uint8) if array.dtype == np.bool_ else array
    finite = numbers[np.isfinite(numbers)]
    assert record.non_finite == array.size - finite.size
    assert sum(record.values) == finite.size
    try:
        values, bins = np.histogram(finite, bins=num_bins)
    except (ValueError, IndexError, RuntimeWarning):
        return
    if np.isfinite(bins).all():
        assert (record.values, record.bins) == (values.tolist(), bins.astype(float).tolist())


class TestWeights:
    def test_a_bin_holds_the_sum_of_its_weights(self, trip) -> None:
        values, bins = trip(Histogram([1, 1, 2, 5], num_bins=2, weights=[0.5, 1, 2, 10])).loaded
        assert values.tolist() == [3.5, 10]
        assert bins.tolist() == [1, 3, 5]
        assert Histogram([1, 5], num_bins=2, weights=[3, 4]).histogram == [3, 4]

    def test_any_shape_type_and_tensor(self, trip, tensor) -> None:
        numbers = np.arange(12.0).reshape(3, 4)
        weights = np.arange(12, dtype=np.uint8).reshape(3, 4) * 21
        for pair in (
            (numbers, weights),
            (tensor(numbers, requires_grad=True), tensor(weights, device="cuda:0")),
            (numbers.tolist(), weights.tolist()),
            (numbers.tolist(), weights),
        ):
            values, _ = trip(Histogram(pair[0], num_bins=3, weights=pair[1])).loaded
            assert values.tolist() == np.histogram(numbers, 3, weights=weights.astype(float))[0].tolist()
        half = np.full(5000, 1, np.float16)
        assert sum(trip(Histogram(np.zeros(5000), weights=half)).record.values) == 5000
        assert trip(Histogram([1, 2, 3], num_bins=1, weights=[True, False, True])).record.values == [2]

    def test_pairs_without_a_finite_number_are_left_out_and_counted(self, trip) -> None:
        numbers = [1, np.nan, 2, 3, np.inf]
        record = trip(Histogram(numbers, num_bins=2, weights=[1, 1, np.nan, 5, 1])).record
        assert (record.values, record.non_finite) == ([1, 5], 3)

    def test_changing_the_weights_afterwards_changes_nothing(self, trip) -> None:
        weights = np.ones(3)
        histogram = Histogram([1, 2, 3], num_bins=1, weights=weights)
        weights[:] = 9
        assert trip(histogram).record.values == [3]

    def test_no_numbers(self, trip) -> None:
        assert sum(trip(Histogram([], weights=[])).record.values) == 0

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"sequence": [1, 2], "weights": [1]}, ValueError, "2 numbers and 1 weights"),
            ({"sequence": np.ones((2, 3)), "weights": np.ones((3, 2))}, ValueError, "in shapes"),
            ({"np_histogram": ([1], [0, 1]), "weights": [1]}, ValueError, "counted already"),
            ({"sequence": [1], "weights": ["a"]}, TypeError, "real numbers"),
            ({"sequence": [1], "weights": 5}, TypeError, "sequence of numbers"),
        ],
    )
    def test_errors(self, arguments: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            Histogram(**arguments)

    @pytest.mark.slow
    @settings(max_examples=80, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.floats(-1e6, 1e6, allow_subnormal=False), st.floats(-1e6, 1e6, allow_subnormal=False)
            ),
            min_size=1,
            max_size=60,
        ),
        st.integers(1, 20),
    )
    def test_any_weights_as_numpy_sums_them(
        self, trip, pairs: list[tuple[float, float]], num_bins: int
    ) -> None:
        numbers, weights = (np.array(part) for part in zip(*pairs, strict=True))
        try:
            values, bins = np.histogram(numbers, num_bins, weights=weights)
        except ValueError:  # numpy can't put so many edges between numbers that are so near
            return
        loaded = trip(Histogram(numbers, num_bins=num_bins, weights=weights)).loaded
        assert loaded[0].tolist() == values.tolist()
        assert loaded[1].tolist() == bins.tolist()
