"""What `diorama doctor` looks at. Every check only reads, and answers with findings."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Literal

import msgspec

from diorama import __version__
from diorama.cli.terminal import format_size
from diorama.errors import DioramaError
from diorama.model import StoreDir

FREE_WARN_BYTES = 2_000_000_000
FREE_FAIL_BYTES = 100_000_000
_NAMED_AT_MOST = 5
_DEPENDENCIES = ("msgspec", "numpy", "pillow", "sqlalchemy", "starlette", "uvicorn", "zstandard", "obstore")


class Finding(msgspec.Struct):
    """One line of the report. mend: what to do about it, for everything but "ok"."""

    level: Literal["ok", "warn", "fail"]
    subject: str
    text: str
    mend: str = ""


def run_checks(store_dir: StoreDir, *, is_reading_data: bool = False) -> list[Finding]:
    """All findings about a store, in the order in which a person would look."""
    checks: list[Callable[[StoreDir], Iterator[Finding]]] = [
        check_installation,
        check_folder,
        check_disk,
        check_key,
        check_database,
        lambda store: check_blobs(store, is_reading_data=is_reading_data),
        check_journals,
        check_server,
    ]
    return [finding for check in checks for finding in check(store_dir)]


def check_installation(store_dir: StoreDir) -> Iterator[Finding]:
    """Versions, and whether the UI was built."""
    from diorama.server.settings import PACKAGED_STATIC_DIR

    yield Finding(
        "ok",
        "installation",
        f"diorama {__version__}, Python {platform.python_version()}, {platform.platform()}",
    )
    versions: list[str] = []
    for name in _DEPENDENCIES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            yield Finding("fail", "installation", f"{name} is not installed", "pip install diorama")
    yield Finding("ok", "installation", ", ".join(versions))
    if not (PACKAGED_STATIC_DIR / "index.html").is_file():
        yield Finding("warn", "installation", "the web UI is not built", "`make ui` in the source tree")


def check_folder(store_dir: StoreDir) -> Iterator[Finding]:
    """The store's folder: there, ours, writable, private."""
    root = store_dir.root
    if not root.is_dir():
        yield Finding(
            "warn", "folder", f"there is no store in {root} yet", "log something, or try `diorama demo`"
        )
        return
    found = root.stat()
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            "fail", "folder", f"{root} can't be written", f"`chmod u+rwx {root}`, or set DIORAMA_DIR"
        )
    elif os.name == "posix" and found.st_uid != os.geteuid():
        yield Finding(
            "warn", "folder", f"{root} belongs to user {found.st_uid}", "use the account that owns it"
        )
    elif os.name == "posix" and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Finding(
            "warn",
            "folder",
            f"others may write {root} (mode {stat.S_IMODE(found.st_mode):04o})",
            f"`chmod go-w {root}`",
        )
    else:
        yield Finding("ok", "folder", str(root))


def check_disk(store_dir: StoreDir) -> Iterator[Finding]:
    """Free space where the store lies."""
    place = next(path for path in [store_dir.root, *store_dir.root.parents] if path.exists())
    free = shutil.disk_usage(place).free
    text = f"{format_size(free)} free"
    if free < FREE_FAIL_BYTES:
        yield Finding("fail", "disk", text, "free some space; training goes on, but nothing is stored")
    elif free < FREE_WARN_BYTES:
        yield Finding("warn", "disk", text, "free some space before a long run")
    else:
        yield Finding("ok", "disk", text)


def check_key(store_dir: StoreDir) -> Iterator[Finding]:
    """The key file: well-formed, ours, mode 0600."""
    from diorama.server.key import read_key

    try:
        key = read_key(store_dir.key_file)
    except DioramaError as error:
        yield Finding("fail", "key", error.message, error.hint or "`diorama key --rotate` writes a new one")
        return
    yield Finding("ok", "key", "there is none yet; it is made at first use" if key is None else "private")


def check_database(store_dir: StoreDir) -> Iterator[Finding]:
    """SQLite's own check, and the version of the tables."""
    from diorama.store.migrations import SCHEMA_VERSION

    path = store_dir.database
    if not path.exists():
        yield Finding("ok", "database", "there is none yet")
        return
    mend = (
        f"stop everything that uses the store, keep a copy of {path}*, then "
        f"`sqlite3 {path} .recover | sqlite3 mended.db` and put mended.db in its place"
    )
    try:
        with closing(_open_readonly(path)) as database:
            version = database.execute("SELECT number FROM meta WHERE name = 'schema_version'").fetchone()
            broken = [row[0] for row in database.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
            broken += [f"foreign key {row}" for row in database.execute("PRAGMA foreign_key_check")]
            run_count = database.execute("SELECT count(*) FROM runs").fetchone()[0]
    except sqlite3.Error as error:
        yield Finding("fail", "database", f"{path} can't be read: {error}", mend)
        return
    if broken:
        yield Finding("fail", "database", f"{path} is damaged: {_some(broken)}", mend)
    elif version is None or version[0] < SCHEMA_VERSION:
        yield Finding(
            "warn",
            "database",
            f"the tables are older than this Diorama (version {version and version[0]})",
            "`diorama ui` migrates them, after a backup beside the file",
        )
    elif version[0] > SCHEMA_VERSION:
        yield Finding(
            "fail",
            "database",
            f"a newer Diorama wrote it (version {version[0]}, known {SCHEMA_VERSION})",
            "pip install --upgrade diorama",
        )
    else:
        yield Finding("ok", "database", f"{run_count} runs, {format_size(path.stat().st_size)}, sound")


def check_blobs(store_dir: StoreDir, *, is_reading_data: bool = False) -> Iterator[Finding]:
    """Every blob that a row names is there with its size (and, when asked, its bytes)."""
    if not store_dir.database.exists():
        return
    if os.environ.get("DIORAMA_BLOBS_URL"):
        yield Finding(
            "warn", "blobs", "they lie in a bucket, which is not looked at", "the bucket's own checks apply"
        )
        return
    from diorama.store.blobs import path_of

    missing: list[str] = []
    damaged: list[str] = []
    count = size_bytes = 0
    try:
        with closing(_open_readonly(store_dir.database)) as database:
            for sha256, size in database.execute("SELECT sha256, size_bytes FROM blobs"):
                path = store_dir.blobs / path_of(sha256)
                count += 1
                size_bytes += size
                try:
                    if path.stat().st_size != size or (is_reading_data and _hash(path) != sha256):
                        damaged.append(sha256)
                except OSError:
                    missing.append(sha256)
    except (sqlite3.Error, DioramaError) as error:
        yield Finding("fail", "blobs", f"their list can't be read: {error}", "see the database's finding")
        return
    restore = (
        f"restore them from a backup of {store_dir.blobs}, or `diorama sync` where a journal still has them"
    )
    if missing:
        yield Finding("fail", "blobs", f"{len(missing)} of {count} are missing: {_some(missing)}", restore)
    if damaged:
        yield Finding("fail", "blobs", f"{len(damaged)} of {count} are damaged: {_some(damaged)}", restore)
    if not missing and not damaged:
        read = "all read and right" if is_reading_data else "all there"
        yield Finding("ok", "blobs", f"{count} blobs, {format_size(size_bytes)}, {read}")


def check_journals(store_dir: StoreDir) -> Iterator[Finding]:
    """Journals that nobody serves, sidecars at work, frames that can't be read, entries refused."""
    from diorama.journal.lease import is_held
    from diorama.sidecar.leftovers import list_tokens, outboxes
    from diorama.sidecar.pump import writer_dirs
    from diorama.sidecar.refuse import REFUSED

    waiting: list[str] = []
    served = 0
    lost: list[str] = []
    refused: list[Path] = []
    waiting_bytes = 0
    for root in [store_dir.journal, *(outbox for _, outbox in outboxes(store_dir))]:
        refused += sorted((root / REFUSED).glob("*.msgpack"))
        for token in list_tokens(root):
            folders = writer_dirs(root, token)
            if is_held(root, token):
                served += 1
                continue
            waiting.append(token)
            for folder in folders:
                waiting_bytes += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                lost += _unreadable_frames(folder)
    if served:
        yield Finding("ok", "journals", f"{served} training processes are being served")
    if waiting:
        yield Finding(
            "warn",
            "journals",
            f"{len(waiting)} processes left {format_size(waiting_bytes)} that nobody stores now",
            "`diorama sync` stores it",
        )
    if lost:
        yield Finding(
            "fail",
            "journals",
            f"damaged entries: {_some(lost)}",
            "`diorama sync` stores everything else and notes the loss in the run; check the disk",
        )
    if refused:
        yield Finding(
            "warn",
            "journals",
            f"{len(refused)} entries were refused and kept: {_some([p.name for p in refused])}",
            "report them with `diorama doctor --json`; nothing else is affected",
        )
    if not (waiting or lost or refused or served):
        yield Finding("ok", "journals", "empty: everything is stored")


def check_server(store_dir: StoreDir) -> Iterator[Finding]:
    """The running server, or a file that a crashed one left."""
    from diorama.server.key import read_key
    from diorama.server.run import find_running

    if not store_dir.server_file.exists():
        yield Finding("ok", "server", "none runs; `diorama ui` starts one")
        return
    try:
        running = find_running(store_dir, read_key(store_dir.key_file) or "")
    except DioramaError:
        running = None
    if running is None:
        yield Finding(
            "warn",
            "server",
            f"{store_dir.server_file} is left over; no server of this store answers",
            "`diorama ui` replaces it",
        )
    else:
        yield Finding("ok", "server", f"process {running.pid} answers at {running.url}")


def _open_readonly(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)


def _unreadable_frames(folder: Path) -> list[str]:
    """What a reader of this journal reports as lost."""
    from diorama.journal.reader import JournalReader

    try:
        with JournalReader(folder) as reader:
            while reader.poll():
                pass
            return [
                f"{folder.name} {lost.segment} {lost.first_seq}-{lost.last_seq}"
                for lost in reader.take_lost()
            ]
    except OSError as error:
        return [f"{folder.name}: {error.strerror}"]


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1024 * 1024):
            digest.update(piece)
    return digest.hexdigest()


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED_AT_MOST])
    hidden = len(names) - _NAMED_AT_MOST
    return f"{shown} and {hidden} more" if hidden > 0 else shown
