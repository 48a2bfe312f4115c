"""`diorama demo`."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from diorama.cli.arguments import whole_number
from diorama.cli.terminal import store_from_option
from diorama.cli.ui import (
    Drainer,
    add_server_arguments,
    announce,
    settings_from_options,
    stop_on_terminate,
)
from diorama.model import DEFAULT_ENTITY

if TYPE_CHECKING:
    from diorama.model import StoreDir

FINISH_SECS = 5
STORE_WAIT_SECS = 60

SUMMARY = "train three small models and watch them live in the browser"
EXAMPLES = (
    ("diorama demo", "train, serve, open the browser"),
    ("diorama demo --store /tmp/demo --no-browser --port 0", "in a store of its own"),
    ("diorama demo --exit --no-browser", "stop when the training ends"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("--exit", action="store_true", help="stop the server when the training has ended")
    parser.add_argument("--steps", type=whole_number, metavar="N", help="training steps of each run")


def run(options: argparse.Namespace) -> int:
    """Train three small models on scenes of handwritten digits, in about a minute, while the page updates.

    The runs go to the store like any others, project "digit-scenes"; nothing is downloaded."""
    from diorama.demo import PROJECT
    from diorama.server.key import ensure_key
    from diorama.server.run import ServerHandle, find_running, login_url, serve
    from diorama.service import Service

    store_dir = store_from_option(options.store)
    settings = settings_from_options(options, store_dir)
    key = ensure_key(store_dir.key_file)
    page = f"/{DEFAULT_ENTITY}/{PROJECT}"
    training = Training(store_dir, options.steps)
    running = find_running(store_dir, key)
    if running is not None:
        print(f"A server of this store runs already (process {running.pid}); the demo trains beside it.")
        announce(login_url(running.url, key, page), is_opening=not options.no_browser)
        training.start()
        return training.wait()
    stop_on_terminate()
    service = Service.open(store_dir)
    drainer = Drainer(store_dir, service)

    def on_ready(server: ServerHandle) -> None:
        url = login_url(server.url, key, page) if settings.is_auth_required else f"{server.url}{page}"
        announce(url, is_opening=not options.no_browser)
        print("Ctrl-C stops the training and the server.", flush=True)
        training.start()
        follower = threading.Thread(target=follow, args=(server,), name="follow-training", daemon=True)
        follower.start()
        drainer.start()

    def follow(server: ServerHandle) -> None:
        code = training.wait()
        if options.exit:
            server.stop()
        elif code == 0:
            print("The training has ended; the page stays until Ctrl-C.", flush=True)

    try:
        serve(service, settings=settings, store_dir=store_dir, on_ready=on_ready)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
    finally:
        code = training.stop()
        drainer.stop()
        service.close()
    if code == 0:
        _tell_where(options.store)
    return code


def _tell_where(store: str | None) -> None:
    """How to see the runs again: the server that showed them is gone."""
    command = "diorama" if shutil.which("diorama") else f"{shlex.quote(sys.executable)} -m diorama"
    option = f" --store {shlex.quote(store)}" if store is not None else ""
    print(f"Done. See the runs again with `{command} ui{option}`.", flush=True)


class Training:
    """The demo's training, as a process of its own: the server only ever sees what its store gets."""

    def __init__(self, store_dir: StoreDir, steps: int | None) -> None:
        self._command = [sys.executable, "-m", "diorama.demo", "--store", str(store_dir.root)]
        if steps is not None:
            self._command += ["--steps", str(steps)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # The demo says itself where its runs are to be seen, and ends when all of them are stored.
        environment = {"DIORAMA_FINISH_WAIT_SECS": str(STORE_WAIT_SECS), "DIORAMA_SILENT": "1"}
        self._process = subprocess.Popen(self._command, env={**os.environ, **environment})

    def wait(self) -> int:
        """Wait for its end; says so when it failed. The exit code."""
        assert self._process is not None
        code = self._process.wait()
        if code > 0:
            print(f"the training failed with exit code {code}", file=sys.stderr, flush=True)
        return max(code, 0)

    def stop(self) -> int:
        """End it if it still trains; its exit code, 0 when we ended it."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            # It heard our Ctrl-C as well, and may be finishing its runs.
            try:
                self._process.wait(timeout=FINISH_SECS)
            except subprocess.TimeoutExpired:
                self._process.terminate()
                self._process.wait()
            return 0
        return max(self._process.returncode, 0)
