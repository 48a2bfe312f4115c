"""What a server is told at its start."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from diorama.errors import UsageError
from diorama.model import DEFAULT_PORT

PACKAGED_STATIC_DIR = Path(__file__).parent / "static"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


@dataclass(frozen=True)
class Limits:
    """The most that one request may cost. Over a limit the answer is 413, and it names the limit."""

    json_bytes: int = 2 * 1024 * 1024
    batch_bytes: int = 64 * 1024 * 1024
    blob_bytes: int = 16 * 1024 * 1024 * 1024
    json_depth: int = 64
    body_idle_secs: float = 30.0
    header_secs: float = 10.0
    live_streams: int = 200
    wrong_keys_per_minute: int = 20


@dataclass(frozen=True)
class ServerSettings:
    """Where a server listens, to whom it answers, and what it demands.

    allowed_hosts: names besides the loopback ones that a browser may call this server by
    ("lab.example" for any port, "lab.example:8080" for that one).
    base_path: the path prefix behind a reverse proxy ("/diorama"), or "". Only when it is given are
    X-Forwarded-Prefix and X-Forwarded-Proto believed.
    key: the API key itself, or the file that holds it (re-read when it changes).
    static_dir: the built UI.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    allowed_hosts: tuple[str, ...] = ()
    base_path: str = ""
    key: str | Path = ""
    is_auth_required: bool = True
    static_dir: Path = PACKAGED_STATIC_DIR
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.base_path and (
            not self.base_path.startswith("/") or self.base_path.endswith("/") or "//" in self.base_path
        ):
            raise UsageError(
                f"base path {self.base_path!r} is not a path prefix", hint='write it like "/diorama"'
            )
        if self.is_auth_required and not self.key:
            raise UsageError("a server needs a key", hint="`diorama key` makes one")
        if not self.is_auth_required and not self.is_loopback:
            raise UsageError(
                f"will not listen on {self.host} without authentication: anybody who reaches this machine "
                "could read and change every run",
                hint="leave out --no-auth, or leave out --host to listen on this machine only",
            )

    @property
    def is_loopback(self) -> bool:
        """True when only this machine can connect."""
        return self.host in LOOPBACK_NAMES
