"""Starting another Python process that runs a module of this very Diorama.

The folder that Diorama lies in is often `site-packages`. In PYTHONPATH it would come before the standard
library, and an old backport there (`typing`, `enum34`, `dataclasses`) would be imported in place of
Python's own. So it is put behind the standard library, and before any other installed Diorama.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_START = """\
import sys
home, module = sys.argv[1:3]
del sys.argv[1:3]
sys.path[:] = [path for path in sys.path if path]
import os, runpy
of_python = [place for place, path in enumerate(sys.path) if path.startswith(os.path.dirname(os.__file__))
             and os.path.basename(path) not in ("site-packages", "dist-packages")]
sys.path.insert(max(of_python, default=len(sys.path) - 1) + 1, home)
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def command_for(module: str, *arguments: str) -> list[str]:
    """The command line of `python -m module arguments...`, in this interpreter.

    >>> command_for("diorama.sidecar", "--token", "x")[-3:]
    ['diorama.sidecar', '--token', 'x']
    """
    return [sys.executable, "-c", _START, str(Path(__file__).resolve().parents[1]), module, *arguments]


def python_path_from(environ: Mapping[str, str]) -> dict[str, str]:
    """PYTHONPATH as the user has set it, for a process in another folder: with absolute paths."""
    paths = [os.path.abspath(path) for path in environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {"PYTHONPATH": os.pathsep.join(paths)} if paths else {}
