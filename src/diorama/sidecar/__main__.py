"""`python -m diorama.sidecar`: see the package's docstring."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import stat
import sys
import threading
from pathlib import Path

from diorama.journal.lease import Lease
from diorama.model import StoreDir
from diorama.sidecar.descriptors import raise_descriptor_limit
from diorama.sidecar.destination import transport_to
from diorama.sidecar.leftovers import drain
from diorama.sidecar.serve import Sidecar, is_token
from diorama.sidecar.transport import Transport

SWEEP_DELAY_SECS = 1.0
NICENESS = 5

log = logging.getLogger("diorama.sidecar")


def main(argv: list[str] | None = None) -> int:
    """0: everything is stored, or another sidecar serves this token; 1: something waits in the journal."""
    args = _parser().parse_args(argv)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s diorama sidecar %(process)d: %(message)s"
    )
    raise_descriptor_limit()
    lease = Lease.acquire_soon(args.journal_root, args.token)
    if lease is None:
        return 0
    transport = transport_to(StoreDir(args.store), args.url, os.environ.get("DIORAMA_API_KEY"))
    sidecar = Sidecar(args.journal_root, args.token, transport, lease)
    _set_signals(sidecar)
    with contextlib.suppress(AttributeError, OSError):  # no nice on Windows, or not allowed
        os.nice(NICENESS)
    sweep = _Sweep(args, transport) if args.sweep else None
    is_whole = sidecar.run()
    if sweep is not None:
        sweep.stop()
    transport.close()
    _remove_empty_log()
    return 0 if is_whole else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        allow_abbrev=False,
        prog="python -m diorama.sidecar",
        description="Stores what one training process logs. diorama.init() starts it; nobody needs to.",
    )
    parser.add_argument(
        "--journal-root", type=Path, required=True, metavar="DIR", help="where the journals lie"
    )
    parser.add_argument("--token", type=_token, required=True, help="which training process to serve")
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="the store on this machine")
    parser.add_argument("--url", help="ship to this server instead (its key in DIORAMA_API_KEY)")
    parser.add_argument(
        "--sweep", action="store_true", help="also bring in what dead processes left below the journal root"
    )
    return parser


def _token(text: str) -> str:
    if not is_token(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no token")
    return text


def _set_signals(sidecar: Sidecar) -> None:
    """Ctrl-C and a closing terminal are the trainer's affair; SIGTERM means: drain and go."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: sidecar.stop())


def _remove_empty_log() -> None:
    """Our stderr is a file that the client has opened for us: if we said nothing, it may go."""
    with contextlib.suppress(OSError, ValueError):
        log_file = os.fstat(sys.stderr.fileno())
        if stat.S_ISREG(log_file.st_mode) and log_file.st_size == 0:
            for path in Path.cwd().glob("*.sidecar.log"):
                if os.path.samestat(path.stat(), log_file):
                    path.unlink()


class _Sweep:
    """Brings in leftovers of dead processes, beside the main work and after it has begun."""

    def __init__(self, args: argparse.Namespace, transport: Transport) -> None:
        self._is_stopping = threading.Event()
        self._args = args
        self._transport = transport
        self._thread = threading.Thread(target=self._run, name="diorama-sweep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._is_stopping.set()
        self._thread.join()

    def _run(self) -> None:
        if self._is_stopping.wait(SWEEP_DELAY_SECS):
            return
        report = drain(
            StoreDir(self._args.store),
            journal_root=self._args.journal_root,
            transport=self._transport,
            only_dead=True,
            should_stop=self._is_stopping.is_set,
        )
        if report.entries or report.failed:
            log.info(
                "brought in %d entries that were left over; %s", report.entries, report.failed or "all well"
            )


if __name__ == "__main__":
    sys.exit(main())
