"""A run: what a training script logs to.

`log()` is the hot path: check, encode, take the lock, give the entry its step and seq, one write.
Invariants:
- values are encoded before the lock is taken, so that slow user objects never hold up other threads;
- when `log()` returns, the entry is in the journal (or counted as lost, with a warning);
- in a forked child the run goes on with a journal of its own, opened when the child first logs.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from time import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from diorama.client import background, open_runs
from diorama.client.absent import add_absent
from diorama.client.attach import TravellingRun
from diorama.client.channel import Channel
from diorama.client.config import Config
from diorama.client.console import ConsoleCapture
from diorama.client.define import Metric, define_from
from diorama.client.ending import RunEnd, end_run, wait_until_stored
from diorama.client.environment import host_name
from diorama.client.exit import exit_code_from
from diorama.client.facts import tags_from
from diorama.client.guard import Reporter, guarded
from diorama.client.place import RunPlace
from diorama.client.sidecar_start import SidecarHandle, sidecar_for
from diorama.client.standstill import Standstill
from diorama.client.steps import STEP_LIMIT, StepCounter, step_from
from diorama.client.summary import Summary, as_given
from diorama.errors import UsageError, WrongType, WrongValue
from diorama.journal import entry
from diorama.journal.codec import PLAIN, Encoding, encode_plain, is_plain, plain_numbers
from diorama.journal.life import own_start
from diorama.model import clean_text

if TYPE_CHECKING:
    from diorama.client.resume import LastRun, PastRun


@add_absent
class Run(TravellingRun):
    """One run. Made by `diorama.init()`; as a context manager it finishes itself.

    >>> with diorama.init(project="digits") as run:      # doctest: +SKIP
    ...     run.log({"loss": 0.3})
    """

    def __init__(
        self,
        place: RunPlace,
        *,
        environment: dict[str, Any],
        start_step: int = 0,
        session: int = 0,
        is_resumed: bool = False,
        allow_val_change: bool = False,
        is_attached: bool = False,
    ) -> None:
        settings = place.settings
        self._place = place
        self._environment = environment
        self._sidecar: SidecarHandle | None = None
        self._attributes = entry.Attributes(
            name=settings.run_name,
            notes=settings.run_notes,
            tags=tags_from(settings.run_tags),
            group=settings.run_group,
            job_type=settings.run_job_type,
        )
        self._steps = StepCounter(start_step)
        self._starting_step = start_step
        self._session = session
        self._is_resumed = is_resumed
        self._is_disabled: bool = settings.mode == "disabled"
        self._is_finished = False
        self._is_attached = is_attached
        """Unpickled: the run was started by another process."""
        self._is_secondary = is_attached
        """This process does not decide how the run ends: it is a forked child, or has unpickled the run."""
        self._last_run: LastRun | None = None
        self._channel: Channel | None = None
        self._lock = threading.RLock()
        self._console: ConsoleCapture | None = None
        self._defined: dict[str, entry.Define] = {}
        self.start_time = time()
        """Unix seconds."""
        self._reporter = Reporter(self._write_warning, is_strict=settings.strict)
        self._standstill = Standstill()
        self.summary = Summary(self._send_summary)
        """Values beside the run's name: the last of each key, unless set by hand or by define_metric."""
        self._latest = self.summary.latest
        self._rules = self.summary.rules
        self._known_keys = 0
        self._config = Config(self._send_config, allow_val_change=allow_val_change)
        if not self._is_disabled and not is_attached:
            self._channel = self._open_channel()

    @classmethod
    def _attached(cls, place: RunPlace, state: dict[str, Any]) -> Run:
        return cls(
            place,
            environment={"host": host_name()},
            start_step=state["step"],
            session=state["session"],
            allow_val_change=True,
            is_attached=True,
        )

    # -- logging -------------------------------------------------------------------------------

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
    ) -> None:
        """Log values at a step.

        data: names to numbers, strings, None, media, arrays, nested dicts and lists.
        step: where; without it at the current step. Steps may come in any order, nothing is dropped.
        commit: whether the step is complete; by default it is, unless `step` was given.
        sync: accepted for old scripts; without effect.

        When it returns, killing the process can't lose the entry.

        Raises UsageError: a WrongType (which is a TypeError) or WrongValue (a ValueError) for data that is
        no dict of named values, values that can't be, and steps that are no whole numbers; after `finish()`.

        >>> run.log({"train/loss": 0.25, "lr": 1e-3})           # doctest: +SKIP
        >>> run.log({"val/loss": 0.31}, step=100)               # doctest: +SKIP
        """
        if type(data) is not dict:
            data = dict_from(data)
        if step is not None and (type(step) is not int or not -STEP_LIMIT <= step <= STEP_LIMIT):
            step = step_from(step)
        channel = self._channel
        if channel is None:
            channel = self._channel_now("log()")
        if channel is None or not data:
            self._steps.assign(step, commit)
            return
        try:
            for value in data.values():
                # Faster than map(): most values are floats.
                if value.__class__ is not float and type(value) not in PLAIN and not is_plain(value):
                    numbers = plain_numbers(data)
                    if numbers is None:
                        self._log_slowly(channel, data, step, commit)
                        return
                    data = numbers
                    break
            try:
                body = encode_plain(data)
            except (OverflowError, UnicodeEncodeError, TypeError):
                self._log_slowly(channel, data, step, commit)
                return
            if self._rules:
                _check_keys(data)
            else:
                latest = self._latest
                latest.update(data)
                if len(latest) != self._known_keys:
                    self._check_new_keys(data)
            channel.append_log(self._steps, step, commit, time(), body)
            if self._rules:
                self.summary.log(data)
        except Exception as error:  # noqa: BLE001 as @guarded, whose call would cost a tenth of the whole
            self._reporter.fault(error, "log()")

    def _check_new_keys(self, data: Mapping[str, Any]) -> None:
        """Keys are checked when they first appear: checking all of them each time would cost as much as
        encoding them."""
        try:
            _check_keys(data)
        except WrongType:
            for name in [name for name in self._latest if not isinstance(name, str)]:
                del self._latest[name]
            raise
        finally:
            self._known_keys = len(self._latest)

    def _log_slowly(
        self, channel: Channel, data: Mapping[str, Any], step: int | None, commit: bool | None
    ) -> None:
        """`log` of values that need a look: media, arrays, nested values, huge integers."""
        _check_keys(data)
        data = {clean_text(name): value for name, value in data.items()}
        encoding = channel.encoding(is_history=True)
        plain = encoding.plain_dict(data)
        body = encode_plain(plain)
        seq = channel.append_log(self._steps, step, commit, time(), body)
        channel.spool.mark(encoding.kept, seq)
        encoding.note_logged()
        self.summary.log_given(plain, data)
        self._report(encoding, "log()")

    def _report(self, encoding: Encoding, doing: str) -> None:
        """Warn of values that were kept as text or dropped. Called when the entry is in the journal, because
        a fault may raise."""
        for code, text in encoding.warnings:
            self._reporter.warn(code, text)
        for error in encoding.faults:
            self._reporter.fault(error, doing)

    def define_metric(
        self,
        name: str,
        step_metric: str | Metric | None = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> Metric:
        """Say how a metric is charted and summarised.

        name: a key; a * at its end stands for all keys that begin so.
        step_metric: the key that is the x axis of its charts.
        step_sync: whether the last value of step_metric is added where it is missing (default: yes).
        hidden: whether it gets no chart of its own.
        summary: comma-separated list of min, max, mean, last, first, best, copy, none.
        goal: "minimize" or "maximize", for "best".
        overwrite: forget earlier definitions of this name instead of adding to them.

        Raises UsageError for arguments that are not understood.
        """
        channel = self._channel_now("define_metric()")
        define = define_from(name, step_metric, step_sync, hidden, summary, goal, overwrite)
        self._define(channel, define)
        return Metric(define)

    @guarded("define_metric()")
    def _define(self, channel: Channel | None, define: entry.Define) -> None:
        self._defined[define.key] = define
        self.summary.define(define)
        if channel is not None:
            channel.send(define)

    # -- ending --------------------------------------------------------------------------------

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """End the run: "finished" for exit code 0 (the default), "failed" for others.

        Everything logged is on disk when it returns. A run that is stored on this machine is not waited
        for: the sidecar stores what is left, also after the training process has gone. A run that goes to
        a server is waited for; Ctrl-C ends the waiting, not the sending. DIORAMA_FINISH_WAIT_SECS limits it.
        """
        try:
            code = 0 if exit_code is None else int(exit_code)
        except (TypeError, ValueError, OverflowError):
            raise WrongType(f"exit_code must be a whole number, not {exit_code!r}") from None
        if code != exit_code_from(code):
            raise WrongValue(f"exit_code must fit into 32 bits, not {code}")
        self._end(code, "finished" if code == 0 else "failed", is_quiet=bool(quiet))

    @guarded("finish()")
    def _end(self, exit_code: int, state: entry.RunState, *, is_quiet: bool = False) -> None:
        """Ending twice is no error."""
        with self._lock:
            if self._is_finished:
                return
            self._is_finished = True
            channel = self._channel
        open_runs.remove(self)
        background.remove_task(self._tick)
        end = RunEnd(
            exit_code=exit_code,
            state=state,
            place=self._place,
            name=self.name,
            is_silent=is_quiet or self._place.settings.silent,
            is_secondary=self._is_secondary,
            reporter=self._reporter,
            console=self._console,
            sidecar=self._sidecar,
            last_run=self._last_run,
            let_go=self._let_go,
        )
        end_run(end, channel)

    def _let_go(self) -> None:
        """Nothing more may be written into the run."""
        self._channel = None

    def flush(self, wait: bool = False, timeout_secs: float | None = None) -> bool:
        """Bring everything logged so far to disk, safe from power loss; with `wait`, also into the store.

        Returns whether that was reached, within `timeout_secs` (default: no limit).
        """
        channel = self._channel
        return True if channel is None else self._flush(channel, wait, timeout_secs)

    @guarded("flush()", otherwise=False)
    def _flush(self, channel: Channel, wait: bool, timeout_secs: float | None) -> bool:
        if self._console is not None:
            self._console.flush()
        is_synced = channel.sync()
        return is_synced and (not wait or wait_until_stored(channel, timeout_secs))

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        elif issubclass(kind, SystemExit):
            self.finish(exit_code_from(getattr(error, "code", 1)))
        elif issubclass(kind, KeyboardInterrupt):
            self._end(255, "killed")
        else:
            self.finish(1)

    # -- journal -------------------------------------------------------------------------------

    def _open_channel(self) -> Channel:
        settings = self._place.settings
        return Channel(
            self._place.journal_root,
            self._start_from,
            spool_bytes=settings.spool_bytes,
            is_draining=self._is_draining,
            on_trouble=self._on_trouble,
        )

    def _channel_now(self, doing: str) -> Channel | None:
        """The channel; None if the run is disabled. Opens one where another process has started the run.
        Raises UsageError when the run is over."""
        channel = self._channel
        if channel is not None or self._is_disabled:
            return channel
        with self._lock:
            if self._channel is None and self._is_secondary and not self._is_finished:
                self._channel = self._open_channel()
                if self._is_attached:
                    self._serve()
            if self._channel is None:
                raise UsageError(
                    f"{doing} on run {self.id} after it was finished",
                    hint=open_runs.why_over() or "start another one with init()",
                )
            return self._channel

    def _serve(self) -> None:
        """An unpickled run begins to log: nobody in this process knows of it yet."""
        if self._place.settings.mode == "online":
            self._sidecar = sidecar_for(self._place.settings, self._on_trouble)
        background.add_task(self._tick)
        open_runs.add(self, is_current=open_runs.current() is None)

    def _start_from(self, writer: str) -> entry.Start:
        key, attributes = self._place.key, self._attributes
        environment = self._environment
        if self._is_secondary:
            environment = {"host": environment.get("host")}
            attributes = entry.Attributes()
        return entry.Start(
            entity=key.entity,
            project=key.project,
            run=key.id,
            writer=writer,
            pid=os.getpid(),
            pid_started=own_start(),
            time=time(),
            resume=self._place.resume if not self._is_secondary else "allow",
            name=attributes.name,
            notes=attributes.notes,
            tags=attributes.tags,
            group=attributes.group,
            job_type=attributes.job_type,
            environment=environment,
            is_secondary=self._is_secondary,
            session=self._session,
        )

    def _is_draining(self) -> bool:
        return self._sidecar is not None and self._sidecar.is_alive()

    def _on_trouble(self, code: str, text: str) -> None:
        self._reporter.tell(code, text)

    def _write_warning(self, code: str, text: str) -> None:
        if self._channel is not None:
            self._channel.send(entry.Warn(time(), code, text))

    def _send_config(self, changed: dict[str, Any], deleted: list[str]) -> dict[str, Any]:
        return self._send_values(entry.Config, "config", changed, deleted)

    def _send_summary(self, changed: dict[str, Any], deleted: list[str]) -> dict[str, Any]:
        return self._send_values(entry.Summary, "summary", changed, deleted)

    def _send_values(
        self,
        cls: type[entry.Config] | type[entry.Summary],
        document: str,
        changed: dict[str, Any],
        deleted: list[str],
    ) -> dict[str, Any]:
        channel = self._channel_now(f"changing the {document}")
        try:
            encoding = Encoding() if channel is None else channel.encoding()
            plain = encoding.plain_dict(changed)
            if channel is not None:
                channel.send_encoded(encoding, cls(plain, [clean_text(name) for name in deleted]))
                self._report(encoding, f"changing the {document}")
        except Exception as error:  # noqa: BLE001 as @guarded, but what was asked for holds in this process
            self._reporter.fault(error, f"changing the {document}")
            return dict(changed)
        return cast("dict[str, Any]", as_given(plain, changed))

    def _load_past(self, past: PastRun) -> None:
        """Take over what a resumed run had; it is stored already."""
        self._config._load(past.config)
        for layer in past.summaries:
            self.summary.load(layer)
        for field in ("notes", "tags", "group", "job_type"):
            if getattr(self._attributes, field) is None:
                setattr(self._attributes, field, getattr(past, field))

    def _start_background(self) -> None:
        if self._channel is None:
            return
        if self._place.captures_console:
            self._console = ConsoleCapture(self._send_console)
            self._console.start()
        background.add_task(self._tick)

    def _tick(self) -> None:
        """Every quarter of a second, in the background."""
        channel = self._channel
        if channel is None:
            return
        self._work(channel)

    @guarded("background work")
    def _work(self, channel: Channel) -> None:
        if self._console is not None:
            self._console.flush()
        if self._sidecar is not None:
            self._sidecar.tend()
            self._standstill.look(channel, self._place)
        channel.report_dropped()

    def _send_console(self, lines: list[entry.ConsoleLine]) -> None:
        channel = self._channel
        if channel is not None:
            channel.send(entry.Console(lines))

    def _after_fork(self) -> None:
        """In a forked child: locks may be held by threads that are not here, the journal is the parent's."""
        self._lock = threading.RLock()
        self._sidecar = None
        if self._console is not None:
            self._console.forget()
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.abandon()
            self._is_secondary = True


def dict_from(data: Any) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise WrongType(f"log() must be passed a dictionary, not {type(data).__name__}")
    return dict(data)


def _check_keys(data: Mapping[Any, Any]) -> None:
    for name in data:
        if not isinstance(name, str):
            raise WrongType(f"the keys of a logged dict must be strings, not {type(name).__name__}")
