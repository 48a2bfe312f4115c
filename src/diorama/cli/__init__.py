"""The `diorama` command. Each verb is a module of its name (with a _ after a word of Python), and in it:

    SUMMARY                  one line for `diorama --help`
    EXAMPLES                 (command line, what it does) pairs for its own --help
    add_arguments(parser)    its options
    run(options) -> int      does it; the exit code

A verb imports what it needs inside `run`, so that `--help` is instant.
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword
from typing import Any

from diorama.cli.arguments import Parser
from diorama.cli.terminal import printable
from diorama.errors import DioramaError
from diorama.model import VERSION

VERBS = ("ui", "demo", "sync", "import", "ls", "key", "doctor")
"""In the order in which a newcomer meets them."""

_EXAMPLES = (
    ("diorama demo", "train three small models and watch them live"),
    ("diorama ui", "look at what your scripts have logged"),
    ("diorama ls digits", "list the runs of a project"),
    ("diorama doctor", "check the store, and how to mend it"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (0 done, 1 failed, 2 wrong usage, 130 interrupted)."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.verb is None:
        parser.print_help()
        return 0
    try:
        code: int = options.module.run(options)
        sys.stdout.flush()
        return code
    except DioramaError as error:
        print(f"diorama {options.verb}: {printable(error.message)}", file=sys.stderr)
        if error.hint:
            print(f"  hint: {printable(error.hint)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has gone (`diorama ls | head`); keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = Parser(
        prog="diorama",
        description="Track machine-learning runs, and look at everything they log.",
        epilog=format_examples(_EXAMPLES) + "\n\n`diorama VERB --help` tells more about a verb.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"diorama {VERSION}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name in VERBS:
        module: Any = import_module(f"diorama.cli.{name}{'_' if iskeyword(name) else ''}")
        verb = verbs.add_parser(
            name,
            help=module.SUMMARY,
            description=inspect.cleandoc(module.run.__doc__ or module.SUMMARY),
            epilog=format_examples(module.EXAMPLES),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.add_argument(
            "--store", metavar="DIR", help="the store's folder (default: $DIORAMA_DIR, else ~/.diorama)"
        )
        module.add_arguments(verb)
        verb.set_defaults(module=module)
    return parser


def format_examples(examples: Sequence[tuple[str, str]]) -> str:
    """Examples as an aligned block for the end of a help text."""
    width = max(len(command) for command, _ in examples)
    return "examples:\n" + "\n".join(f"  {command:<{width}}   {does}" for command, does in examples)
