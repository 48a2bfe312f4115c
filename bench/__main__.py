"""`make bench`, or `python -m bench [NAME ...]`: every comparison in turn, each in its own process.

Options behind the names go to each of them: `python -m bench soak --minutes 30`. `--before CHECKOUT` measures
another version first, in the same run, with the comparisons and the packages of this one.
Read ratios, not absolute times: each comparison measures its peer or its limit in the same run.
"""

from __future__ import annotations

import argparse
import sys

from bench import checkouts

COMPARISONS = {
    "hot_path": "what a log() call costs the training thread",
    "busy_sidecar": "what a picture costs the training thread while the sidecar is busy",
    "faults": "what a full disk, a slow one, a dead server ... cost a log() call (--only, --rounds, --secs)",
    "throughput": "200 pictures and 200,000 numbers until they are stored, and their bytes",
    "media": "every kind of media: a log() call, finish(), stored, bytes",
    "many_keys": "rows of up to 100,000 keys until they are stored, beside plain rows in SQLite",
    "many_runs": "making 10,000 runs, beside bare commits of SQLite (--small, --runs N)",
    "postgres_writers": "1 to 8 writers on one PostgreSQL, beside bare inserts (--secs N)",
    "read": "charts of a million steps, from the store",
    "run_lists": "filters, orders and pages of a project of 100,000 runs (--runs, --postgres URL)",
    "soak": "memory of server and sidecars under 20 writers and 200 live pages (--minutes N)",
    "ui_charts": "the same on the page: request to drawn, scrubbing, log() to pixels",
}

BY_NAME_ONLY = {"faults", "many_runs", "run_lists", "soak"}
"""What takes long enough to be wanted."""

TAKE_TURNS = {"many_runs", "postgres_writers"}
"""Those that measure both versions themselves, in turn. Of the others, each is run once for each version."""

OF_THIS_SHAPE_ONLY = {"busy_sidecar", "run_lists", "soak", "ui_charts"}
"""Those that need what version 0.1 has not: they are measured as they are now."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these: " + ", ".join(COMPARISONS))
    checkouts.add_option(parser)
    asked, options = parser.parse_known_args()
    names = asked.names or [name for name in COMPARISONS if name not in BY_NAME_ONLY]
    unknown = [name for name in names if name not in COMPARISONS]
    if unknown:
        parser.error(f"no comparison named {', '.join(unknown)}; there are {', '.join(COMPARISONS)}")
    worst = 0
    for name in names:
        print(f"\n== {name}: {COMPARISONS[name]}", flush=True)
        for version, checkout in checkouts.checkouts(asked).items():
            if version == "before" and name in TAKE_TURNS | OF_THIS_SHAPE_ONLY:
                continue
            if asked.before is not None and name not in TAKE_TURNS:
                print(f"-- {version}", flush=True)
            turns = ["--before", str(asked.before)] if asked.before and name in TAKE_TURNS else []
            worst = max(worst, checkouts.run(checkout, "-m", f"bench.{name}", *options, *turns))
    return worst


if __name__ == "__main__":
    sys.exit(main())
