"""Ending a run, and waiting until what it logged is stored.

The promise is that journalled is safe and that the sidecar outlives the trainer. So a run that is stored
on this machine is waited for only a moment; a run that goes to a server is waited for, because the
machine may go away with its disk; a sidecar thread is waited for, because it dies with the process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diorama.client.files import keep_files
from diorama.client.settings import say
from diorama.errors import is_interruption
from diorama.journal.entry import Finish, RunState
from diorama.journal.folder import busy_at, parked_reason

if TYPE_CHECKING:
    from diorama.client.channel import Channel
    from diorama.client.console import ConsoleCapture
    from diorama.client.guard import Reporter
    from diorama.client.place import RunPlace
    from diorama.client.resume import LastRun
    from diorama.client.sidecar_start import SidecarHandle

LOCAL_WAIT_SECS = 0.05
THREAD_WAIT_SECS = 120.0
STALL_SECS = 30.0
"""Without any progress for so long, waiting is given up."""
SHOW_AFTER_SECS = 1.0


@dataclass(frozen=True)
class RunEnd:
    """How a run ends, and what of it takes part.

    is_secondary: another process decides how the run ends.
    let_go: called when nothing more may be written into the run.
    """

    exit_code: int
    state: RunState
    place: RunPlace
    name: str | None
    is_silent: bool
    is_secondary: bool
    reporter: Reporter
    console: ConsoleCapture | None
    sidecar: SidecarHandle | None
    last_run: LastRun | None
    let_go: Callable[[], None]


def end_run(end: RunEnd, channel: Channel | None) -> None:
    """Write the end, sync, wait as long as is due, close. channel: None for a run that has written nothing.
    Whatever the disk does, nothing is raised: it is said what is lost, and where the rest lies."""
    if channel is None:
        _give_back_console(end)
        return
    is_stored = False
    try:
        _give_back_console(end)
        if not end.is_secondary:
            _attempt(end, "keeping the files in run.dir", lambda: keep_files(end.place.files_dir, channel))
        _attempt(end, "writing the end of the run", lambda: _write_end(end, channel))
        if not end.is_secondary:
            is_stored = _wait(end, channel)
    finally:
        end.let_go()
        _attempt(end, "closing the journal", channel.close)
    if end.exit_code == 0 and end.last_run is not None and not end.is_secondary:
        end.last_run.clear(end.place.key.id)
    if not end.is_secondary:
        _say_goodbye(end, channel, is_stored)


def _attempt(end: RunEnd, doing: str, step: Callable[[], None]) -> None:
    """A step of the end. If it fails the others are still taken."""
    try:
        step()
    except OSError as error:
        if is_interruption(error):
            raise
        say(
            f"run {end.name}: {doing} failed: {error}; what was written before lies in "
            f"{end.place.journal_root}",
            is_silent=False,
        )
    except Exception as error:  # noqa: BLE001 as @guarded
        end.reporter.fault(error, doing)


def _give_back_console(end: RunEnd) -> None:
    if end.console is not None:
        _attempt(end, "keeping what was printed", end.console.stop)


def _write_end(end: RunEnd, channel: Channel) -> None:
    if channel.writer.waiting_entries:
        channel.sync()  # if the disk has room again, what waits in memory is written now
    channel.report_dropped()
    channel.end(Finish(time.time(), end.exit_code, end.state))
    end.let_go()
    channel.sync()


def wait_until_stored(channel: Channel, timeout_secs: float | None, *, show: str = "") -> bool:
    """Whether everything journalled so far gets stored within `timeout_secs`, giving up when nothing
    moves for half a minute. `show`: the run's name, to tell the progress of."""
    began = moved_at = time.monotonic()
    pause_secs = 0.002
    acked_seq, is_shown = channel.acked_seq, False
    wanted_seq = channel.writer.seq
    while acked_seq < wanted_seq:
        now = time.monotonic()
        if (timeout_secs is not None and now - began >= timeout_secs) or now - moved_at >= STALL_SECS:
            break
        if show and now - began >= SHOW_AFTER_SECS and not is_shown:
            is_shown = True
            say(
                f"{show}: storing {wanted_seq - acked_seq} of {wanted_seq} entries; "
                "Ctrl-C leaves that to the background"
            )
        time.sleep(pause_secs)
        pause_secs = min(pause_secs * 1.5, 0.1)
        before, acked_seq = acked_seq, channel.acked_seq
        if acked_seq > before or (now - moved_at > STALL_SECS / 2 and _is_busy(channel)):
            moved_at = now
    return acked_seq >= wanted_seq


def _is_busy(channel: Channel) -> bool:
    """Whether media are being encoded just now: a large table takes minutes, and that is no standstill."""
    return time.time() - busy_at(channel.writer.directory) < STALL_SECS / 2


def _wait(end: RunEnd, channel: Channel) -> bool:
    settings, sidecar = end.place.settings, end.sidecar
    if sidecar is not None and not channel.is_stored:
        sidecar.start()  # it may have died, and from now on nobody would start another one
    if sidecar is None or not sidecar.is_alive():
        return channel.is_stored
    wanted_secs = settings.finish_wait_secs
    if wanted_secs is None and sidecar.is_thread:
        wanted_secs = THREAD_WAIT_SECS
    if wanted_secs is None and not settings.is_remote:
        # A sidecar that has stored nothing yet is still starting, which takes longer than the moment we have.
        wanted_secs = LOCAL_WAIT_SECS if channel.acked_seq else 0.0
    try:
        return wait_until_stored(channel, wanted_secs, show="" if end.is_silent else f"run {end.name}")
    except KeyboardInterrupt:
        return channel.is_stored


def _say_goodbye(end: RunEnd, channel: Channel, is_stored: bool) -> None:
    journal, state, is_silent = end.place.journal_root, end.state, end.is_silent
    lost = channel.writer.waiting_entries + channel.writer.dropped
    if lost:
        say(
            f"run {end.name} {state}, but the disk takes nothing: {lost} entries are lost; "
            f"what was written before lies in {journal}",
            is_silent=False,
        )
    elif end.place.settings.mode == "offline":
        say(f"run {end.name} {state}; kept in {journal} until `diorama sync`", is_silent=is_silent)
    elif is_stored:
        say(f"run {end.name} {state} · {end.place.url}", is_silent=is_silent)
    elif end.sidecar is not None and end.sidecar.is_alive():
        _say_what_goes_on(end, channel)
    else:
        say(
            f"run {end.name} {state}; kept in {journal}, and stored by the next start or `diorama sync`",
            is_silent=is_silent,
        )


def _say_what_goes_on(end: RunEnd, channel: Channel) -> None:
    """The end of a run whose sidecar has not stored everything yet. What the store does not take has no
    address."""
    state, url, is_silent = end.state, end.place.url, end.is_silent
    reason = parked_reason(channel.writer.directory)
    if reason:
        say(
            f"run {end.name} {state}; kept in {end.place.journal_root}: the store does not take it "
            f"now ({reason}). It is tried again in the background, and by `diorama sync`",
            is_silent=False,
        )
    elif channel.acked_seq:
        say(
            f"run {end.name} {state}, still being stored in the background · {url}",
            is_silent=is_silent,
        )
    else:
        say(
            f"run {end.name} {state}, being stored in the background, soon at {url}",
            is_silent=is_silent,
        )
