"""Telling the user's exceptions from ours."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from diorama.caller import is_users_own, user_line
from diorama.client.config import config_from
from diorama.errors import is_interruption


def _raise(number: int, frame: Any) -> None:
    raise TimeoutError("too slow")


def _let_go(number: int, frame: Any) -> None:
    del frame
    raise KeyError


@pytest.mark.parametrize("handler", [_raise, _let_go])
def test_what_a_signal_handler_raises_is_the_users(handler: Callable[..., Any]) -> None:
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises((TimeoutError, KeyError)) as caught:
            signal.raise_signal(signal.SIGUSR1)
        assert is_interruption(caught.value)
        assert is_users_own(caught.value)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_what_the_users_code_raises_is_the_users() -> None:
    class Odd:
        def flag_values_dict(self) -> dict[str, Any]:
            raise AttributeError("of the user")

    with pytest.raises(AttributeError) as caught:
        config_from(Odd())
    assert is_users_own(caught.value)


def test_what_we_and_libraries_raise_is_ours() -> None:
    with pytest.raises(TypeError) as caught:
        config_from(3)
    assert not is_users_own(caught.value)


def test_the_users_line() -> None:
    assert user_line()[0] == __file__
