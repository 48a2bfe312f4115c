"""The store that is attacked: with a sample run, so that there is something to lose.

Around every attack three things are watched. The store: `untouched` attacks must leave its version and
its blobs as they were. The process: nothing may unpickle, start a program, or connect to another machine.
The server: it must still answer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from owner import Service
from server_fixtures import client, sample, service, store_dir
from server_sample import Client, Sample, client_of, running_server

from diorama.interpreter import command_for
from diorama.model import StoreDir
from diorama.server.run import ServerHandle

__all__ = ["client", "sample", "service", "store_dir"]

_FORBIDDEN_EVENTS = frozenset(
    {
        "pickle.find_class",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "subprocess.Popen",
        "shutil.unpack_archive",
    }
)
_OUR_DECODER = command_for("diorama.media.core.worker")
"""The process with limits that decodes what others made: the one program that may start."""
_seen: list[str] = []
_is_watching = False


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if not _is_watching:
        return
    if event == "subprocess.Popen" and list(args[1]) == _OUR_DECODER:
        return
    if event in _FORBIDDEN_EVENTS:
        _seen.append(f"{event} {args!r}")
    elif event == "socket.connect" and isinstance(args[1], tuple) and args[1][0] not in ("127.0.0.1", "::1"):
        _seen.append(f"connects to {args[1]!r}")
    elif event == "open" and isinstance(args[0], str) and args[0].startswith(("/etc/passwd", "/etc/shadow")):
        _seen.append(f"opens {args[0]}")


sys.addaudithook(_watch)


@pytest.fixture
def stranger(service: Service, sample: Sample) -> Client:
    """A client that sends no key."""
    return client_of(service, key=None)


@pytest.fixture(scope="session")
def server(service: Service, sample: Sample, store_dir: StoreDir) -> Iterator[ServerHandle]:
    """A real server, for what only sockets can say."""
    with running_server(service, store_dir) as handle:
        yield handle


@pytest.fixture(autouse=True)
def watched(service: Service, sample: Sample) -> Iterator[None]:
    """Fail when anything behind an attack ran code or reached out; the server must be well afterwards."""
    global _is_watching
    _seen.clear()
    _is_watching = True
    try:
        yield
        assert client_of(service).get("/healthz").status_code == 200
    finally:
        _is_watching = False
    assert _seen == []


def blob_files(store_dir: StoreDir) -> set[Path]:
    return {path for path in store_dir.blobs.rglob("*") if path.is_file()}


@pytest.fixture
def untouched(service: Service, sample: Sample, store_dir: StoreDir) -> Iterator[None]:
    """Fail when an attack changed the store."""
    before = (service.version(), blob_files(store_dir), service.projects().projects)
    yield
    assert (service.version(), blob_files(store_dir), service.projects().projects) == before
