"""`python -m diorama.demo`: train the three runs of the demo side by side.

Each run is a process of its own, as three training scripts would be.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from diorama.demo import PROJECT
from diorama.demo.train import RECIPES, train


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the recipe that is named, or all three at once; the exit code is the worst of theirs."""
    parser = argparse.ArgumentParser(prog="python -m diorama.demo", description=__doc__, allow_abbrev=False)
    parser.add_argument("--store", metavar="DIR", help="the store (default: DIORAMA_DIR or ~/.diorama)")
    parser.add_argument("--recipe", choices=[recipe.name for recipe in RECIPES], help="train only this one")
    parser.add_argument("--steps", type=int, help="training steps of a run (default: 400)")
    options = parser.parse_args(arguments)
    if options.store:
        os.environ["DIORAMA_DIR"] = options.store
    # One thread each: three runs share the machine, and their matrices are small.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if options.recipe:
        recipe = next(one for one in RECIPES if one.name == options.recipe)
        train(recipe if options.steps is None else type(recipe)(**{**vars(recipe), "steps": options.steps}))
        return 0
    print(f"training {len(RECIPES)} runs in project {PROJECT!r}", flush=True)
    more = [] if options.steps is None else ["--steps", str(options.steps)]
    trainers = [
        subprocess.Popen([sys.executable, "-m", "diorama.demo", "--recipe", recipe.name, *more])
        for recipe in RECIPES
    ]
    return max(trainer.wait() for trainer in trainers)


if __name__ == "__main__":
    sys.exit(main())
