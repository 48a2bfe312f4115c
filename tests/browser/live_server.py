"""`diorama ui` in a process of its own, for tests that look at it from outside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

# Read now: every test hides the settings of the world outside from itself.
_STATIC_DIR = os.environ.get("DIORAMA_STATIC_DIR")
_OUTSIDE = {k: v for k, v in os.environ.items() if not k.startswith(("DIORAMA_", "WANDB_"))}


def sdk_environ(store: Path) -> dict[str, str]:
    """The environment of a script that logs to a store."""
    return {**_OUTSIDE, "DIORAMA_DIR": str(store), "DIORAMA_STRICT": "1", "DIORAMA_SILENT": "1"}


@dataclass(frozen=True)
class LiveServer:
    """A running `diorama ui`."""

    url: str
    store: Path
    key: str

    @property
    def environ(self) -> dict[str, str]:
        """For a script that logs to this store."""
        return sdk_environ(self.store)


@contextmanager
def serving(store: Path, *options: str, environ: Mapping[str, str] | None = None) -> Iterator[LiveServer]:
    """`diorama ui` of a store in a process of its own, on a free port. environ: what it finds besides."""
    environ = {**_OUTSIDE, "DIORAMA_DIR": str(store), "PYTHONUNBUFFERED": "1", **(environ or {})}
    if _STATIC_DIR:
        environ["DIORAMA_STATIC_DIR"] = _STATIC_DIR
    command = [sys.executable, "-m", "diorama", "ui", "--no-browser", "--port", "0", *options]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = None
            for line in process.stdout:
                if found := re.search(r"http://[^/\s]+", line):
                    break
            assert found, "the server did not say where it is"
            yield LiveServer(found.group(0), store, (store / "key").read_text().strip())
        finally:
            process.terminate()
            process.communicate(timeout=20)


def sign_in(context: BrowserContext, server: LiveServer) -> None:
    """Give the context a session, the way that the sign-in page does."""
    reply = context.request.post(
        f"{server.url}/api/login",
        data={"key": server.key},
        headers={"X-Diorama": "1", "Origin": server.url},
    )
    assert reply.ok, reply.text()
