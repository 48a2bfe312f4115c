"""`diorama doctor`."""

from __future__ import annotations

import argparse
import sys

from diorama.cli.terminal import printable, store_from_option

SUMMARY = "check the store; say what is wrong and how to mend it"
EXAMPLES = (
    ("diorama doctor", "a check of a second or two"),
    ("diorama doctor --read-data", "read every stored byte and compare its checksum"),
    ("diorama doctor --json", "for scripts and bug reports"),
)
_SIGNS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--read-data", action="store_true", help="read all blobs and compare their checksums")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Check the store, its journals, its server and this installation.

    Changes nothing. Exit code 1 when something failed; warnings alone are 0."""
    import msgspec

    from diorama.cli.checks import run_checks

    findings = run_checks(store_from_option(options.store), is_reading_data=options.read_data)
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(findings), indent=2).decode() + "\n")
    else:
        for finding in findings:
            print(f"{_SIGNS[finding.level]}  {finding.subject}: {printable(finding.text)}")
            if finding.mend:
                print(f"      mend it: {printable(finding.mend)}")
    return 1 if any(finding.level == "fail" for finding in findings) else 0
