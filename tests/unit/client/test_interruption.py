"""An exception out of a signal's handler is the user's, whatever its class."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from diorama.errors import is_interruption


def raise_deeper() -> None:
    raise ValueError("deeper")


def handle(number: int, frame: object) -> None:
    raise TimeoutError("an OSError, and yet no fault of the disk")


def handle_with(extra: str, number: int, frame: object) -> None:
    raise_deeper()


class Handler:
    def __call__(self, number: int, frame: object) -> None:
        raise_deeper()

    def method(self, number: int, frame: object) -> None:
        raise OSError(28, "not the disk")


@functools.wraps(handle)
def decorated(*args: Any) -> None:
    handle(*args)


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs SIGALRM")
@pytest.mark.parametrize(
    "handler",
    [
        handle,
        Handler(),
        Handler().method,
        functools.partial(handle_with, "x"),
        decorated,
        lambda *_: raise_deeper(),
    ],
)
def test_an_exception_of_a_signals_handler_is_known(handler: Callable[..., None]) -> None:
    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises((OSError, ValueError), match=r"deeper|disk") as found:
            signal.raise_signal(signal.SIGALRM)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert is_interruption(found.value)


def test_an_exception_of_a_call_is_none() -> None:
    with pytest.raises(ValueError, match="deeper") as found:
        raise_deeper()
    assert not is_interruption(found.value)
    with pytest.raises(OSError, match="No such") as of_disk:
        os.open("/nowhere/at/all", os.O_RDONLY)
    assert not is_interruption(of_disk.value)
