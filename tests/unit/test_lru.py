"""Remembering what was used last."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diorama.lru import Lru


def test_what_was_not_used_for_longest_goes() -> None:
    known = Lru[str, int](2)
    known.put("a", 1)
    known.put("b", 2)
    assert known.get("a") == 1
    known.put("c", 3)
    assert (known.get("a"), known.get("b"), known.get("c")) == (1, None, 3)
    assert len(known) == 2


def test_a_look_is_no_use() -> None:
    known = Lru[str, int](2)
    known.put("a", 1)
    known.put("b", 2)
    assert "a" in known
    known.put("c", 3)
    assert "a" not in known


def test_a_value_is_replaced_and_used_by_that() -> None:
    known = Lru[str, bytes](10, size_of=len)
    known.put("a", bytes(4))
    known.put("b", bytes(4))
    known.put("a", bytes(6))
    assert len(known) == 2, "the earlier size no longer counts"
    known.put("c", bytes(4))
    assert ("a" in known, "b" in known, "c" in known) == (True, False, True)


@pytest.mark.parametrize("size", [11, 1000])
def test_what_is_larger_than_the_limit_is_not_remembered(size: int) -> None:
    known = Lru[str, bytes](10, size_of=len)
    known.put("a", bytes(size))
    assert known.get("a") is None
    known.put("a", bytes(10))
    assert known.get("a") == bytes(10)


def test_clear() -> None:
    known = Lru[str, bytes](10, size_of=len)
    known.put("a", bytes(10))
    known.clear()
    assert len(known) == 0
    known.put("b", bytes(10))
    assert known.get("b") == bytes(10)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 8))), st.integers(0, 20))
def test_it_does_as_a_plain_list_would(steps: list[tuple[bool, int, int]], limit: int) -> None:
    known = Lru[int, int](limit, size_of=int)
    plain: list[tuple[int, int]] = []  # the one used last is at the end
    for is_put, key, value in steps:
        found = dict(plain).get(key)
        if is_put:
            known.put(key, value)
            plain = [*((k, v) for k, v in plain if k != key), (key, value)]
            while sum(v for _, v in plain) > limit:
                plain.pop(0)
        else:
            assert known.get(key) == found
            if found is not None:
                plain = [*((k, v) for k, v in plain if k != key), (key, found)]
        assert len(known) == len(plain)


def test_threads() -> None:
    known = Lru[int, bytes](50, size_of=len)

    def work() -> None:
        for number in range(2_000):
            known.put(number % 30, bytes(number % 7))
            known.get((number * 7) % 30)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [value for key in range(30) if (value := known.get(key)) is not None]
    assert len(kept) == len(known)
    assert sum(map(len, kept)) <= 50
