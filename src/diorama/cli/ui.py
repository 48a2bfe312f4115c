"""`diorama ui`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import webbrowser
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from diorama.cli.arguments import port
from diorama.cli.terminal import printable, store_from_option
from diorama.model import DEFAULT_PORT

if TYPE_CHECKING:
    from diorama.model import StoreDir
    from diorama.server.settings import ServerSettings
    from diorama.service import Service

DRAIN_EVERY_SECS = 20.0
STOP_SECS = 5.0

SUMMARY = "serve the web UI and open it in the browser"
EXAMPLES = (
    ("diorama ui", "on this machine, port 7117"),
    ("diorama ui --no-browser --port 8080", "on a GPU box; then: ssh -L 8080:localhost:8080 BOX"),
    ("diorama ui --host 0.0.0.0 --allow-host lab.example", "for the whole lab, by name"),
    ("diorama ui --base-path /diorama --allow-host lab.example", "behind a reverse proxy"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every verb that starts a server."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=port, default=DEFAULT_PORT, help="default: %(default)s; 0: any free port"
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the URL")
    parser.add_argument(
        "--no-auth", action="store_true", help="ask nobody for a key; only with a loopback --host"
    )
    parser.add_argument(
        "--allow-host",
        metavar="NAME[:PORT]",
        action="append",
        default=[],
        help="a name by which browsers may call this server, besides localhost; may be repeated",
    )
    parser.add_argument(
        "--base-path",
        metavar="/PATH",
        default="",
        help="the path under which a reverse proxy shows this server",
    )


def run(options: argparse.Namespace) -> int:
    """Serve the web UI and the API of a store until Ctrl-C, and store what unfinished journals still hold.

    The printed URL logs your browser in, once. If a server of this store runs already, that one is opened."""
    from diorama.server.key import ensure_key
    from diorama.server.run import ServerHandle, find_running, login_url, serve
    from diorama.service import Service

    store_dir = store_from_option(options.store)
    settings = settings_from_options(options, store_dir)
    key = ensure_key(store_dir.key_file)
    running = find_running(store_dir, key)
    if running is not None:
        print(f"A server of this store runs already (process {running.pid}).")
        announce(login_url(running.url, key), is_opening=not options.no_browser)
        return 0
    stop_on_terminate()
    service = Service.open(store_dir)
    drainer = Drainer(store_dir, service)

    def on_ready(server: ServerHandle) -> None:
        announce(
            login_url(server.url, key) if settings.is_auth_required else f"{server.url}/",
            is_opening=not options.no_browser,
        )
        print("Ctrl-C stops it.", flush=True)
        drainer.start()

    try:
        serve(service, settings=settings, store_dir=store_dir, on_ready=on_ready)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
    finally:
        drainer.stop()
        service.close()
    return 0


def settings_from_options(options: argparse.Namespace, store_dir: StoreDir) -> ServerSettings:
    """ServerSettings as the command line asks for them."""
    from diorama.server.settings import PACKAGED_STATIC_DIR, ServerSettings

    # A UI that was built elsewhere: for work on the UI, beside an installed one.
    static_dir = os.environ.get("DIORAMA_STATIC_DIR")
    return ServerSettings(
        host=options.host,
        port=options.port,
        allowed_hosts=tuple(options.allow_host),
        base_path=options.base_path.rstrip("/"),
        key=store_dir.key_file,
        is_auth_required=not options.no_auth,
        static_dir=Path(static_dir) if static_dir else PACKAGED_STATIC_DIR,
    )


def announce(url: str, *, is_opening: bool) -> None:
    """Print the URL; open it in a browser where there is a screen to show one."""
    print(f"Diorama is at {url}", flush=True)
    has_screen = sys.platform in {"darwin", "win32"} or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    if is_opening and has_screen:
        # Some browsers keep `open` waiting; requests must be answered meanwhile.
        threading.Thread(target=webbrowser.open, args=(url,), name="open-browser", daemon=True).start()


def stop_on_terminate() -> None:
    """Make SIGTERM unwind the stack, so that the server's file is removed and the store is closed."""

    def leave(signum: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + signum)

    signal.signal(signal.SIGTERM, leave)


class Drainer:
    """Stores what dead training processes left in their journals: at the start, and again now and then."""

    def __init__(self, store_dir: StoreDir, service: Service) -> None:
        self._store_dir = store_dir
        self._service = service
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drain-journals", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Wait for the batch in flight; the rest comes another time."""
        self._is_stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_SECS)

    def _run(self) -> None:
        from diorama.sidecar.leftovers import drain
        from diorama.sidecar.local import LocalTransport

        transport = LocalTransport(self._store_dir, self._service)
        said: set[str] = set()
        while True:
            report = drain(
                self._store_dir,
                transport=transport,
                only_dead=True,
                should_stop=self._is_stopping.is_set,
            )
            if report.entries:
                print(f"Stored {report.entries} entries that were left in journals.", flush=True)
            for failure in report.failed:
                if failure not in said:
                    said.add(failure)
                    print(f"warning: {printable(failure)}", file=sys.stderr, flush=True)
            if self._is_stopping.wait(DRAIN_EVERY_SECS):
                return
