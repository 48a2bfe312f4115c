"""Ending a run, and waiting until what it logged is stored.

The promise is that journalled is safe and that the sidecar outlives the trainer. So a run that is stored
on this machine is waited for only a moment; a run that goes to a server is waited for, because the
machine may go away with its disk; a sidecar thread is waited for, because it dies with the process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from diorama.client import background, current
from diorama.client.files import keep_files
from diorama.client.settings import say
from diorama.errors import is_interruption
from diorama.journal.entry import Finish, RunState
from diorama.journal.folder import busy_at, parked_reason

if TYPE_CHECKING:
    from diorama.client.channel import Channel
    from diorama.client.run import Run

LOCAL_WAIT_SECS = 0.05
THREAD_WAIT_SECS = 120.0
STALL_SECS = 30.0
"""Without any progress for so long, waiting is given up."""
SHOW_AFTER_SECS = 1.0


def end_run(run: Run, exit_code: int, state: RunState, *, is_quiet: bool = False) -> None:
    """Write the end, sync, wait as long as is due, close. Ending twice is no error. Whatever the disk does,
    nothing is raised: it is said what is lost, and where the rest lies."""
    with run._lock:
        if run._is_finished:
            return
        run._is_finished = True
        channel = run._channel
    current.forget(run)
    background.remove_task(run._tick)
    is_silent = is_quiet or run.settings.silent
    if channel is None:
        _give_back_console(run)
        return
    is_stored = False
    try:
        _give_back_console(run)
        if not run._is_secondary:
            _attempt(run, "keeping the files in run.dir", lambda: keep_files(run, channel))
        _attempt(run, "writing the end of the run", lambda: _write_end(run, channel, exit_code, state))
        if not run._is_secondary:
            is_stored = _wait(run, channel, is_silent)
    finally:
        run._channel = None
        _attempt(run, "closing the journal", channel.close)
    if exit_code == 0 and run._last_run is not None and not run._is_secondary:
        run._last_run.clear(run.id)
    if not run._is_secondary:
        _say_goodbye(run, channel, state, is_stored, is_silent)


def _attempt(run: Run, doing: str, step: Callable[[], None]) -> None:
    """A step of the end. If it fails the others are still taken."""
    try:
        step()
    except OSError as error:
        if is_interruption(error):
            raise
        say(
            f"run {run.name}: {doing} failed: {error}; what was written before lies in "
            f"{run.settings.journal_root}",
            is_silent=False,
        )
    except Exception as error:  # noqa: BLE001 as @guarded
        run._reporter.fault(error, doing)


def _give_back_console(run: Run) -> None:
    if run._console is not None:
        _attempt(run, "keeping what was printed", run._console.stop)


def _write_end(run: Run, channel: Channel, exit_code: int, state: RunState) -> None:
    if channel.writer.waiting_entries:
        channel.sync()  # if the disk has room again, what waits in memory is written now
    channel.report_dropped()
    channel.end(Finish(time.time(), exit_code, state))
    run._channel = None
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


def _wait(run: Run, channel: Channel, is_silent: bool) -> bool:
    settings = run.settings
    sidecar = run._sidecar
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
        return wait_until_stored(channel, wanted_secs, show="" if is_silent else f"run {run.name}")
    except KeyboardInterrupt:
        return channel.is_stored


def _say_goodbye(run: Run, channel: Channel, state: RunState, is_stored: bool, is_silent: bool) -> None:
    journal = run.settings.journal_root
    lost = channel.writer.waiting_entries + channel.writer.dropped
    if lost:
        say(
            f"run {run.name} {state}, but the disk takes nothing: {lost} entries are lost; "
            f"what was written before lies in {journal}",
            is_silent=False,
        )
    elif run.offline:
        say(f"run {run.name} {state}; kept in {journal} until `diorama sync`", is_silent=is_silent)
    elif is_stored:
        say(f"run {run.name} {state} · {run.url}", is_silent=is_silent)
    elif run._sidecar is not None and run._sidecar.is_alive():
        _say_what_goes_on(run, channel, state, is_silent)
    else:
        say(
            f"run {run.name} {state}; kept in {journal}, and stored by the next start or `diorama sync`",
            is_silent=is_silent,
        )


def _say_what_goes_on(run: Run, channel: Channel, state: RunState, is_silent: bool) -> None:
    """The end of a run whose sidecar has not stored everything yet. What the store does not take has no
    address."""
    reason = parked_reason(channel.writer.directory)
    if reason:
        say(
            f"run {run.name} {state}; kept in {run.settings.journal_root}: the store does not take it "
            f"now ({reason}). It is tried again in the background, and by `diorama sync`",
            is_silent=False,
        )
    elif channel.acked_seq:
        say(f"run {run.name} {state}, still being stored in the background · {run.url}", is_silent=is_silent)
    else:
        say(f"run {run.name} {state}, being stored in the background, soon at {run.url}", is_silent=is_silent)
