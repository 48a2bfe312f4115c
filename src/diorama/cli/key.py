"""`diorama key`."""

from __future__ import annotations

import argparse
import sys

from diorama.cli.terminal import printable, store_from_option

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

    store_dir = store_from_option(options.store)
    path = store_dir.key_file
    is_new = not store_dir.root.exists()
    if options.rotate:
        print(rotate_key(path))
        print("the old key and all browser sessions are void now", file=sys.stderr)
    else:
        print(ensure_key(path))
    if is_new:
        print(
            f"there was no store in {printable(str(store_dir.root))}; a new one was made there",
            file=sys.stderr,
        )
    return 0
