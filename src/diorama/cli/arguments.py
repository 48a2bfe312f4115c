"""How the command line is read: what argparse does differently from what a person means."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that knows options by their whole name only, and takes a value that begins with one
    dash as it stands: `--sort -summary.acc`, `--query '-tag:old'`. Its verbs are such parsers, too."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **settings})

    def parse_known_args(  # type: ignore[override]  # argparse has overloads for classes of namespaces
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        return super().parse_known_args(None if args is None else self._joined(args), namespace)

    def _joined(self, arguments: Sequence[str]) -> list[str]:
        """`arguments` with `--option -value` as `--option=-value`."""
        joined: list[str] = []
        left = list(arguments)
        while left:
            argument = left.pop(0)
            if argument == "--":
                return [*joined, argument, *left]
            if self._takes_a_value(argument) and left and self._is_dashed_value(left[0]):
                argument += f"={left.pop(0)}"
            joined.append(argument)
        return joined

    def _takes_a_value(self, argument: str) -> bool:
        action = self._option_string_actions.get(argument)
        return action is not None and argument.startswith("--") and action.nargs is None

    def _is_dashed_value(self, argument: str) -> bool:
        is_dashed = argument.startswith("-") and not argument.startswith("--") and argument != "-"
        return is_dashed and argument not in self._option_string_actions


def whole_number(text: str) -> int:
    """An option's whole number; argparse's own words for another text name a Python type."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def port(text: str) -> int:
    """A port of this machine; 0 means any free one."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, and {text!r} is none")
    return number
