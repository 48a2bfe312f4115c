"""A server for the tests of this folder: a process that can be killed and started again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from processes import HANGS_AFTER_SECS, wait_for

from diorama.model import StoreDir


class ServerProcess:
    """`diorama ui` of the store in `folder`, as a process that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.store = StoreDir(folder)
        self.port = 0
        self.start()

    def start(self) -> None:
        self.store.server_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "diorama", "ui", "--store", str(self.store.root), "--no-browser"]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert wait_for(lambda: self.store.server_file.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, "the server does not start"
        self.url = str(json.loads(self.store.server_file.read_text())["url"]).rstrip("/")
        self.port = int(self.url.rpartition(":")[2])

    @property
    def key(self) -> str:
        return self.store.key_file.read_text().strip()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(HANGS_AFTER_SECS)

    def restart(self) -> None:
        self.kill()
        self.start()
