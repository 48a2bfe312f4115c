"""Paths and their texts."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diorama.summaries import overlay, paths
from diorama.summaries.paths import exact_text, leaves, path_from_exact, value_at

NAMES = st.text("ab.\\", max_size=4)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)


@pytest.mark.parametrize("module", [paths, overlay])
def test_examples_in_docstrings(module: Any) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


@given(PATHS)
def test_an_exact_text_stands_for_one_path(path: tuple[str, ...]) -> None:
    assert path_from_exact(exact_text(path)) == path


@given(st.recursive(st.integers(), lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3)))
def test_every_leaf_is_found_by_its_exact_text(nested: Any) -> None:
    if isinstance(nested, dict):
        for path, value in leaves(nested):
            assert value_at(nested, exact_text(path)) == value


def test_a_key_with_dots_is_found_as_it_was_logged() -> None:
    nested = {"metrics/mAP_0.5": 0.4, "a": {"b.c": 1}, "x\\y": 2}
    assert value_at(nested, "metrics/mAP_0.5") == 0.4
    assert value_at(nested, "a.b.c") == 1
    assert value_at(nested, "x\\y") == 2
    for text in ("metrics/mAP_0", "a.b", "a.b.c.d"):
        with pytest.raises(KeyError):
            value_at(nested, text)
