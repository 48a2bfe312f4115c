"""Ids, places and the small structs that every layer shares."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

VERSION = "0.1.0"
DEFAULT_PORT = 7117
DEFAULT_ENTITY = "local"
DEFAULT_PROJECT = "uncategorized"

_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_FORBIDDEN = re.compile(r"[/\\#?%:\x00-\x1f]")
NAME_LIMIT_BYTES = 1024
SHA256_TEXT = re.compile(r"[0-9a-f]{64}")
"""A SHA-256 as text, for `fullmatch`: how blobs are named."""


class BlobRef(msgspec.Struct, frozen=True):
    """Bytes in the blob store: named by their SHA-256, so the same bytes are stored once."""

    sha256: str
    size_bytes: int
    mime: str


class RunKey(msgspec.Struct, frozen=True, order=True):
    """What names a run: `entity/project/id`."""

    entity: str
    project: str
    id: str

    def __str__(self) -> str:
        return f"{self.entity}/{self.project}/{self.id}"


class Actor(msgspec.Struct, frozen=True):
    """Who asks a store for something. What it may do is decided by `Service.for_`."""

    name: str


OWNER = Actor("owner")
"""Whose store it is: who has its key, or may read its folder."""


def new_run_id() -> str:
    """A fresh run id: eight characters of [0-9a-z], as W&B makes them."""
    # The module `secrets` would cost every training script 9 ms for OpenSSL.
    number = int.from_bytes(os.urandom(16), "big")
    return "".join(_ID_ALPHABET[number // 36**place % 36] for place in range(8))


def check_name(name: str, subject: str) -> str:
    """Return `name` if it may name a run, project or entity; else raise ValueError.

    Not allowed: an empty name, "." and "..", the characters `/ \\ # ? % :`, control characters,
    lone surrogates, and more than 1,024 UTF-8 bytes.
    """
    if not isinstance(name, str):
        raise TypeError(f"{subject} must be a string, not {type(name).__name__}")
    if not name.strip() or name in {".", ".."}:
        raise ValueError(f"{subject} must not be empty, '.' or '..'")
    if _ID_FORBIDDEN.search(name):
        raise ValueError(f"{subject} {name!r} must not contain any of / \\ # ? % : or control characters")
    try:
        size_bytes = len(name.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise ValueError(f"{subject} {name!r} is not valid Unicode") from error
    if size_bytes > NAME_LIMIT_BYTES:
        raise ValueError(f"{subject} is {size_bytes} bytes long; the limit is {NAME_LIMIT_BYTES}")
    return name


def clean_text(value: object) -> str:
    """`value` as text that UTF-8 can hold: a lone surrogate (as in odd file names) becomes \\udXXX."""
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True)
class StoreDir:
    """The folder that holds a store, and where things lie in it.

    root/diorama.db     the SQL database (SQLite)
    root/blobs/         content-addressed bytes
    root/journal/       what training processes have written and nobody has stored yet
    root/outbox/<name>/ the same of runs that go to a server: one folder per server, its URL in `url`
    root/files/         what scripts have written into `run.dir`, by entity, project and run
    root/resume/        which run of a working directory resume="auto" goes on with
    root/key            the API key of this store (0600)
    root/server.json    where the running server listens (0600), absent when none runs
    """

    root: Path

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> StoreDir:
        """The store that DIORAMA_DIR names, else ~/.diorama."""
        environ = os.environ if environ is None else environ
        named = environ.get("DIORAMA_DIR")
        return cls(Path(named).expanduser().absolute() if named else Path.home() / ".diorama")

    @property
    def database(self) -> Path:
        return self.root / "diorama.db"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def journal(self) -> Path:
        return self.root / "journal"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox"

    def journal_for(self, url: str | None) -> Path:
        """Where the journals of runs lie that go to the server at `url`; without one, to this store.

        Each destination has a folder of its own, so that nothing can ever be brought to the wrong one.
        """
        if not url:
            return self.journal
        readable = re.sub(r"[^A-Za-z0-9._-]+", "-", url.partition("://")[2].rpartition("@")[2])[:60].strip(
            "-."
        )
        return self.outbox / f"{readable}-{hashlib.sha256(url.rstrip('/').encode()).hexdigest()[:8]}"

    @property
    def key_file(self) -> Path:
        return self.root / "key"

    @property
    def server_file(self) -> Path:
        return self.root / "server.json"
