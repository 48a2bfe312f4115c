"""A fault of ours never kills training.

What the user did wrong raises at the user's line. What we did wrong is told once per line of the user's
code, counted, written into the run, and otherwise swallowed; with DIORAMA_STRICT=1 it raises.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from diorama.caller import user_line
from diorama.client.settings import say
from diorama.errors import UsageError

_Function = TypeVar("_Function", bound=Callable[..., Any])


class DioramaWarning(UserWarning):
    """Something that Diorama could not do as it was asked; training goes on."""


class Reporter:
    """Tells the user of faults, each once per place, and hands them on to be written into the run."""

    def __init__(self, write: Callable[[str, str], None], *, is_strict: bool, is_silent: bool) -> None:
        self._write = write
        self._is_strict = is_strict
        self._is_silent = is_silent
        self._told: dict[tuple[str, str, int], int] = {}
        self._is_reporting = False

    def fault(self, error: Exception, doing: str) -> None:
        """A failure of ours while `doing` something. Raises it when strict."""
        if self._is_strict:
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
            self._write(code, f"{text} (at {Path(filename).name}:{line})")
            self._show(text, filename, line)
        finally:
            self._is_reporting = False

    def tell(self, code: str, text: str) -> None:
        """Say something on the terminal and write it into the run, whatever the place."""
        self._write(code, text)
        say(text, is_silent=False)

    def counts(self) -> dict[str, int]:
        """How often each code was warned of, repetitions included."""
        found: dict[str, int] = {}
        for (code, _, _), count in self._told.items():
            found[code] = found.get(code, 0) + count
        return found

    def _show(self, text: str, filename: str, line: int) -> None:
        try:
            warnings.warn_explicit(f"diorama: {text}", DioramaWarning, filename, line)
        except DioramaWarning:
            # Warnings are errors here (python -W error); ours must not end a training all the same.
            if self._is_strict:
                raise
            say(f"{Path(filename).name}:{line}: {text}", is_silent=False)


def guarded(doing: str) -> Callable[[_Function], _Function]:
    """Decorates a method of an object that has a `_reporter`: our own failures are reported, not raised.

    UsageError, TypeError, ValueError and KeyError from checking arguments pass; so do exits.
    """

    def decorate(function: _Function) -> _Function:
        @functools.wraps(function)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return function(self, *args, **kwargs)
            except (UsageError, TypeError, ValueError, KeyError, AttributeError):
                raise
            except Exception as error:  # noqa: BLE001 this is the one place whose purpose is to stop them all
                self._reporter.fault(error, doing)
                return None

        return cast(_Function, call)

    return decorate
