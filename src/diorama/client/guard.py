"""A fault of ours never kills training.

What the user did wrong is a UsageError and raises at the user's line; so does whatever the user's own code
raises when we call it, and what a signal's handler raises while we work. Everything else is a fault of
ours, whatever its class: told once per line of the user's code, counted, written into the run, and
otherwise swallowed; with DIORAMA_STRICT=1 it raises.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from diorama.caller import is_users_own, user_line
from diorama.client.settings import say
from diorama.errors import UsageError

_Function = TypeVar("_Function", bound=Callable[..., Any])


class DioramaWarning(UserWarning):
    """Something that Diorama could not do as it was asked; training goes on."""


class Reporter:
    """Tells the user of faults, each once per place, and hands them on to be written into the run."""

    def __init__(self, write: Callable[[str, str], None], *, is_strict: bool) -> None:
        self._write = write
        self._is_strict = is_strict
        self._told: dict[tuple[str, str, int], int] = {}
        self._is_reporting = False

    def fault(self, error: Exception, doing: str) -> None:
        """Something failed while `doing` something. Raises it if it is the user's, or when strict."""
        if self._is_strict or isinstance(error, UsageError) or is_users_own(error):
            raise error
        self.warn("internal", f"{doing} failed: {type(error).__name__}: {error}")

    def warn(self, code: str, text: str) -> None:
        """Warn at the user's line, once per line and code, and write it into the run."""
        if self._is_reporting:
            return
        self._is_reporting = True
        try:
            filename, line = user_line()
            place = (code, filename, line)
            self._told[place] = self._told.get(place, 0) + 1
            if self._told[place] > 1:
                return
            self._write_down(code, f"{text} (at {Path(filename).name}:{line})")
            self._show(text, filename, line)
        finally:
            self._is_reporting = False

    def tell(self, code: str, text: str) -> None:
        """Say something on the terminal and write it into the run, whatever the place."""
        self._write_down(code, text)
        say(text, is_silent=False)

    def counts(self) -> dict[str, int]:
        """How often each code was warned of, repetitions included."""
        found: dict[str, int] = {}
        for (code, _, _), count in self._told.items():
            found[code] = found.get(code, 0) + count
        return found

    def _write_down(self, code: str, text: str) -> None:
        """Into the run, if that is possible: what can't be written must not hide what is to be told."""
        try:
            self._write(code, text)
        except Exception as error:
            if self._is_strict or is_users_own(error):
                raise

    def _show(self, text: str, filename: str, line: int) -> None:
        try:
            warnings.warn_explicit(f"diorama: {text}", DioramaWarning, filename, line)
        except DioramaWarning:
            # Warnings are errors here (python -W error); ours must not end a training all the same.
            if self._is_strict:
                raise
            say(f"{Path(filename).name}:{line}: {text}", is_silent=False)


def guarded(doing: str, otherwise: Any = None) -> Callable[[_Function], _Function]:
    """Decorates a method of an object that has a `_reporter`: faults of ours are reported, not raised, and
    the method returns `otherwise`. Arguments are checked before, or raise UsageError."""

    def decorate(function: _Function) -> _Function:
        @functools.wraps(function)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return function(self, *args, **kwargs)
            except Exception as error:  # noqa: BLE001 this is the one place whose purpose is to stop them all
                self._reporter.fault(error, doing)
                return otherwise

        return cast(_Function, call)

    return decorate
