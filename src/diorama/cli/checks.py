"""What `diorama doctor` looks at. Every check only reads, and answers with findings."""

from __future__ import annotations

import os
import platform
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from diorama import __version__
from diorama.cli.finding import Finding, some
from diorama.cli.terminal import format_size
from diorama.errors import DioramaError
from diorama.model import StoreDir

FREE_WARN_BYTES = 2_000_000_000
FREE_FAIL_BYTES = 100_000_000
_DEPENDENCIES = ("msgspec", "numpy", "pillow", "sqlalchemy", "starlette", "uvicorn", "zstandard", "obstore")


def run_checks(store_dir: StoreDir, *, is_reading_data: bool = False) -> list[Finding]:
    """All findings about a store, in the order in which a person would look."""
    from diorama.cli.store_checks import check_blobs, check_database

    checks: dict[str, Callable[[StoreDir], Iterator[Finding]]] = {
        "installation": check_installation,
        "plugins": lambda store: check_plugins(),
        "folder": check_folder,
        "disk": check_disk,
        "key": check_key,
        "database": check_database,
        "blobs": lambda store: check_blobs(store, is_reading_data=is_reading_data),
        "journals": check_journals,
        "server": check_server,
    }
    found: list[Finding] = []
    for subject, check in checks.items():
        try:
            found.extend(check(store_dir))
        except Exception as error:  # noqa: BLE001 whatever damage makes a check die of is what was asked for
            text = f"can't be checked: {type(error).__name__}: {error}"
            found.append(Finding("fail", subject, text, "report it with `diorama doctor --json`"))
    return found


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


def check_plugins() -> Iterator[Finding]:
    """What the installed plugins add, and which can't be used. They are imported in other processes."""
    from diorama.media.plugin.catalog import describe_plugins

    described = describe_plugins()
    if not described:
        yield Finding("ok", "plugins", "none are installed")
    for plugin in described:
        title = f"{plugin.name} ({plugin.package} {plugin.version})"
        if plugin.trouble:
            mend = f"update or uninstall {plugin.package}; everything else works without it"
            yield Finding("warn", "plugins", f"{title}: {plugin.trouble}", mend)
        else:
            parts = [f"kind {kind.name}" for kind in plugin.kinds]
            parts += [f"importer {name}" for name, _ in plugin.importers]
            yield Finding("ok", "plugins", f"{title}: {', '.join(parts) or 'adds nothing'}")


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


def check_journals(store_dir: StoreDir) -> Iterator[Finding]:
    """Journals that nobody serves, sidecars at work, frames that can't be read, entries refused."""
    from diorama.journal.lease import is_held
    from diorama.sidecar.leftovers import list_tokens, outboxes
    from diorama.sidecar.pump import writer_dirs
    from diorama.sidecar.refuse import list_refused

    waiting: list[str] = []
    served = 0
    lost: list[str] = []
    refused: Counter[str] = Counter()
    waiting_bytes = 0
    for root in [store_dir.journal, *(outbox for _, outbox in outboxes(store_dir))]:
        refused.update("/".join(entry.run or ("unknown run",)) for entry in list_refused(root))
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
            f"damaged entries: {some(lost)}",
            "`diorama sync` stores everything else and notes the loss in the run; check the disk",
        )
    if refused:
        yield Finding(
            "warn",
            "journals",
            f"{sum(refused.values())} refused entries are kept: "
            + some([f"{count} of {run}" for run, count in sorted(refused.items())]),
            "`diorama sync --refused` offers them again: after an update, or with --url to another store",
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
