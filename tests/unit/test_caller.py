"""Telling the user's exceptions from ours."""

from __future__ import annotations

import functools
import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from diorama.caller import is_from_signal, is_users_own, user_line
from diorama.client.config import config_from


class _Own(Exception):
    pass


class _Handler:
    def __call__(self, number: int, frame: Any) -> None:
        raise _Own

    def method(self, number: int, frame: Any) -> None:
        raise _Own


def _raise(number: int, frame: Any) -> None:
    raise TimeoutError("too slow")


def _raise_bare(*_: Any) -> None:
    raise ValueError


def _let_go(number: int, frame: Any) -> None:
    del frame
    raise KeyError


def _deep(number: int, frame: Any) -> None:
    json.loads("{")


@pytest.fixture(autouse=True)
def handler_as_before() -> Iterator[None]:
    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize(
    "handler",
    [_raise, _raise_bare, _let_go, _deep, _Handler(), _Handler().method, functools.partial(_raise),
     lambda *all: _raise(*all)],
)  # fmt: skip
def test_what_a_signal_handler_raises_is_the_users(handler: Callable[..., Any]) -> None:
    signal.signal(signal.SIGUSR1, handler)
    with pytest.raises(Exception) as caught:  # noqa: PT011 each handler raises another one
        signal.raise_signal(signal.SIGUSR1)
    assert is_from_signal(caught.value)
    assert is_users_own(caught.value)


def test_what_the_users_code_raises_is_the_users() -> None:
    class Odd:
        def flag_values_dict(self) -> dict[str, Any]:
            raise AttributeError("of the user")

    with pytest.raises(AttributeError) as caught:
        config_from(Odd())
    assert is_users_own(caught.value)
    assert not is_from_signal(caught.value)


def test_what_we_and_libraries_raise_is_ours() -> None:
    with pytest.raises(TypeError) as caught:
        config_from(3)
    assert not is_users_own(caught.value)


def test_the_users_line() -> None:
    assert user_line()[0] == __file__
