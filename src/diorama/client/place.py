"""Where a run belongs: its key, its journal, its page."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from diorama.client.settings import Settings
from diorama.model import DEFAULT_PORT, RunKey


@dataclass(frozen=True)
class RunPlace:
    """key: entity, project and id. resume: what `init()` was asked for, for the journal's first entry."""

    key: RunKey
    settings: Settings
    resume: Literal["allow", "must", "never", "auto"] | None = None

    @property
    def journal_root(self) -> Path:
        return self.settings.journal_root

    def note_destination(self) -> None:
        """Write beside the journals which server they are meant for, so that `diorama sync` finds it."""
        url = self.settings.url
        if url:
            with contextlib.suppress(OSError):  # the journal itself will tell of a broken disk
                self.journal_root.mkdir(mode=0o700, parents=True, exist_ok=True)
                (self.journal_root / "url").write_text(f"{url}\n", encoding="utf-8")

    @property
    def files_dir(self) -> Path:
        """A folder of this run alone: runs of two projects may have one id."""
        settings, key = self.settings, self.key
        if settings.mode == "disabled":
            root = Path(tempfile.gettempdir()) / f"diorama-{os.getpid()}"
        else:
            root = Path(settings.files_dir) if settings.files_dir else settings.store_dir.root
        return root / "files" / key.entity / key.project / key.id

    @property
    def project_url(self) -> str | None:
        """The project's page; None when nothing brings the run to a server or store by itself."""
        if self.settings.mode != "online":
            return None
        return f"{self._server_url()}/{quote(self.key.entity, safe='')}/{quote(self.key.project, safe='')}"

    @property
    def url(self) -> str | None:
        """The run's page."""
        project_url = self.project_url
        return None if project_url is None else f"{project_url}/runs/{quote(self.key.id, safe='')}"

    @property
    def captures_console(self) -> bool:
        return bool(self.settings.console != "off")

    def _server_url(self) -> str:
        if self.settings.url:
            return str(self.settings.url)
        try:
            running = json.loads(self.settings.store_dir.server_file.read_text())
            return str(running["url"]).rstrip("/")
        except (OSError, ValueError, KeyError, TypeError):
            return f"http://127.0.0.1:{DEFAULT_PORT}"
