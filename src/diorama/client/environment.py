"""What a run says about where it runs, as far as it costs nothing to find out.

Git, installed packages and GPUs are looked up by the sidecar, from `cwd` and the same interpreter.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import Any

_SECRET_NAME = re.compile(r"(key|token|secret|passw|credential|auth)", re.IGNORECASE)
_SECRET_VALUE = re.compile(
    r"""(?x) \b(sk|pk|ghp|gho|ghs|ghu|github_pat|glpat|hf|xox[abp]|wandb|dio)[-_][A-Za-z0-9_-]{12,}
    | \bAKIA[0-9A-Z]{12,} | \beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9._-]+ | \b[0-9a-fA-F]{40,}\b"""
)
_USERINFO = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE)
HIDDEN = "[hidden]"


def redact_argv(argv: list[str]) -> list[str]:
    """Command line arguments without what looks like a secret.

    >>> redact_argv(["--api-key", "abc", "--lr=0.1", "--token=xyz", "https://me:pw@host/x"])
    ['--api-key', '[hidden]', '--lr=0.1', '--token=[hidden]', 'https://[hidden]@host/x']
    """
    shown: list[str] = []
    is_secret_next = False
    for argument in argv:
        name, equals, _ = argument.partition("=")
        is_option = argument.startswith("-")
        if is_secret_next and not is_option:
            shown.append(HIDDEN)
        elif is_option and equals and _SECRET_NAME.search(name):
            shown.append(f"{name}={HIDDEN}")
        else:
            hidden = _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", argument)
            shown.append(_SECRET_VALUE.sub(HIDDEN, hidden))
        is_secret_next = is_option and not equals and bool(_SECRET_NAME.search(name))
    return shown


def describe_environment() -> dict[str, Any]:
    """python, executable, os, host, program, argv, cwd, cpu_count, memory_bytes, user-visible ids of jobs."""
    found: dict[str, Any] = {
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "executable": sys.executable,
        "os": _system(),
        "host": host_name(),
        "program": _program(),
        "argv": redact_argv(list(sys.argv[1:])),
        "cpu_count": os.cpu_count(),
    }
    try:
        found["cwd"] = os.getcwd()
    except OSError:  # the folder was removed
        found["cwd"] = None
    with contextlib.suppress(AttributeError, ValueError, OSError):
        found["memory_bytes"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in ("SLURM_JOB_ID", "LSB_JOBID", "PBS_JOBID", "RANK", "WORLD_SIZE", "LOCAL_RANK"):
        if os.environ.get(name):
            found[name.lower()] = os.environ[name]
    return found


def host_name() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket

    return socket.gethostname()


def _system() -> str:
    if hasattr(os, "uname"):
        system = os.uname()
        return f"{system.sysname} {system.release} {system.machine}"
    import platform

    return platform.platform()


def _program() -> str:
    """The script, as the user would name it; "-m package" for modules, "" in a bare interpreter."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and getattr(spec, "name", None):
        return f"-m {spec.name.removesuffix('.__main__')}"
    named = getattr(main, "__file__", None) or (sys.argv[0] if sys.argv else "")
    return "" if not named or named in ("-c", "-m") else str(Path(named))
