"""`diorama key`."""

from __future__ import annotations

import argparse
import sys

from diorama.cli.terminal import store_from_option

SUMMARY = "print this store's API key"
EXAMPLES = (
    ("diorama key", "print the key (made at first use)"),
    ("export DIORAMA_API_KEY=$(diorama key)", "let a script log to a server of this store"),
    ("diorama key --rotate", "make a new key; the old one stops working at once"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rotate", action="store_true", help="replace the key and end all browser sessions")


def run(options: argparse.Namespace) -> int:
    """Print the API key of a store, alone on standard output. Training scripts on other machines send it
    (DIORAMA_API_KEY), and people type it to log in. It lies in the store's file `key`, for its owner only."""
    from diorama.server.key import ensure_key, rotate_key

    path = store_from_option(options.store).key_file
    if options.rotate:
        print(rotate_key(path))
        print("the old key and all browser sessions are void now", file=sys.stderr)
    else:
        print(ensure_key(path))
    return 0
