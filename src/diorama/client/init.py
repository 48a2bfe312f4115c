"""`diorama.init()`: start a run."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from diorama.client import current, open_runs
from diorama.client.config import config_from
from diorama.client.environment import describe_environment
from diorama.client.names import random_name
from diorama.client.place import RunPlace
from diorama.client.run import Run
from diorama.client.settings import Settings, default_project, resolve, say
from diorama.client.sidecar_start import sidecar_for
from diorama.errors import CommError, ConfigError, UsageError, WrongValue, is_of_the_moment
from diorama.journal.codec import Encoding
from diorama.model import DEFAULT_ENTITY, DEFAULT_PROJECT, RunKey, check_name, new_run_id

if TYPE_CHECKING:
    from diorama.client.resume import LastRun

Resume = Literal["allow", "must", "never", "auto"]
DEFAULTS_FILE = "config-defaults.yaml"
_told_unknown: set[str] = set()
_TO_START_ANOTHER = (
    "finish it first with run.finish(), or pass reinit='finish_previous' or 'create_new' to init()"
)


def init(
    entity: str | None = None,
    project: str | None = None,
    dir: str | os.PathLike[str] | None = None,
    id: str | None = None,
    name: str | None = None,
    notes: str | None = None,
    tags: Sequence[str] | None = None,
    config: Any = None,
    config_exclude_keys: Sequence[str] | None = None,
    config_include_keys: Sequence[str] | None = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    force: bool | None = None,
    anonymous: Any = None,
    reinit: bool | str | None = None,
    resume: bool | str | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    tensorboard: bool | None = None,
    sync_tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    magic: Any = None,
    settings: Settings | dict[str, Any] | None = None,
) -> Run:
    """Start a run and make it the current one.

    entity, project, id: what names the run; by default "local", the name of the git working tree (else
        "uncategorized"), and a fresh id.
    name, notes, tags, group, job_type: how it is shown and found; the name is two random words by default.
    config: parameters: a dict, an argparse Namespace, absl FLAGS, or the path of a YAML file;
        config_include_keys or config_exclude_keys choose from it.
    mode: "online" (into the store on this machine, or to the server at DIORAMA_URL), "local" (the store
        even if a URL is set), "offline" (only the journal; `diorama sync` stores it), "disabled" (nothing).
    resume: "allow", "must", "never" or "auto" (also True): whether to go on with the run `id`.
    reinit: when a run is open already: "return_previous" (the default), "finish_previous" (also True; the
        default in notebooks), "create_new".
    dir: where `run.dir` is made; what the script writes into that becomes files of the run.
    force, anonymous, save_code, magic: accepted; without effect.

    Raises UsageError for arguments that can't be, CommError when the run can't be resumed as asked,
    ConfigError when the config contradicts itself.

    >>> run = diorama.init(project="digits", config={"lr": 0.01})      # doctest: +SKIP
    """
    for argument, value in (("resume_from", resume_from), ("fork_from", fork_from)):
        if value is not None:
            raise UsageError(
                f"init({argument}=...) is not available", hint="resume='must' goes on with a run"
            )
    if config_include_keys and config_exclude_keys:
        raise UsageError("pass config_include_keys or config_exclude_keys, not both")
    resolved = resolve(
        {
            "entity": entity,
            "project": project,
            "files_dir": None if dir is None else os.fspath(dir),
            "run_id": id,
            "run_name": name,
            "run_notes": notes,
            "run_tags": tags,
            "run_group": group,
            "run_job_type": job_type,
            "mode": mode,
            "resume": resume,
            "reinit": reinit,
            "allow_val_change": allow_val_change,
            "sync_tensorboard": (tensorboard or sync_tensorboard) or None,
        },
        settings,
        os.environ,
    )
    _tell_unknown(resolved, monitor_gym=monitor_gym)
    wanted = _reinit_from(resolved.reinit)
    previous = current.newest_open_run()
    if previous is not None and wanted == "finish_previous":
        for each in current.open_runs():
            each.finish()
    elif previous is not None and wanted == "return_previous":
        if _resume_from(resolved.resume) == "must":
            raise UsageError(
                f"run {previous.path} is active: another one can't be resumed beside it",
                hint=_TO_START_ANOTHER,
            )
        asked = {"entity": entity, "project": project, "id": id, "name": name, "group": group}
        _return_to(previous, {**asked, "job_type": job_type})
        if config is not None:
            _add_to_config(previous, _chosen(config, config_include_keys, config_exclude_keys))
        return previous
    parameters = _parameters(resolved, config, config_include_keys, config_exclude_keys)
    return _start(resolved, parameters, is_current=wanted != "create_new")


def _return_to(previous: Run, asked: dict[str, Any]) -> None:
    """Warn of arguments of a second init() that have no effect, because a run is open already."""
    ignored = [
        f"{name}={value!r}"
        for name, value in asked.items()
        if value is not None and str(value) != getattr(previous, name)
    ]
    if ignored:
        previous._reporter.warn(
            "reinit",
            f"run {previous.path} ({previous.name}) is active, and init() has returned it: "
            f"{', '.join(ignored)} has no effect; {_TO_START_ANOTHER}",
        )


def _add_to_config(previous: Run, parameters: dict[str, Any]) -> None:
    try:
        previous.config.update(parameters)
    except ConfigError as error:
        raise ConfigError(
            f"run {previous.path} ({previous.name}) is active, and init() returns it; its {error.message}",
            hint=f"{_TO_START_ANOTHER}, or allow_val_change=True to config.update()",
        ) from None


def _start(settings: Settings, parameters: dict[str, Any], *, is_current: bool) -> Run:
    how = _resume_from(settings.resume)
    last_run = _last_run(settings) if how == "auto" else None
    place = _place_from(settings, how, last_run)
    past = _past_run(place, how)
    reused = _state_of_same_id(place, how)
    settings.entity, settings.project, settings.run_id = place.key.entity, place.key.project, place.key.id
    if past is not None:
        settings.run_name = settings.run_name or past.name
    settings.run_name = settings.run_name or random_name()
    Encoding().plain_dict(parameters)  # what can't be kept is told before there is a run
    if settings.mode != "disabled":
        _check_files_dir(settings)
        place.note_destination()
    last_step = None if past is None else past.last_step
    run = _class_for(settings)(
        place,
        environment=describe_environment() if settings.mode != "disabled" else {},
        start_step=0 if last_step is None else last_step + 1,
        session=max(time.time_ns(), 0 if past is None else past.session + 1),
        is_resumed=past is not None,
        allow_val_change=settings.allow_val_change or _is_notebook(),
    )
    try:
        _check_journal(run)
        if past is not None:
            run._load_past(past)
        if parameters:
            run.config.update(parameters, allow_val_change=past is not None or None)
        if settings.mode == "online":
            # The journal exists by now, so the sidecar finds it at once.
            run._sidecar = sidecar_for(settings, run._on_trouble)
        run._start_background()
    except BaseException:
        run._end(1, "failed", is_quiet=True)
        raise
    open_runs.add(run, is_current=is_current)
    if settings.mode != "disabled":
        if last_run is not None:
            run._last_run = last_run
            last_run.write(run.id)
        _greet(run)
        _warn_of(run, reused)
    return run


def _class_for(settings: Settings) -> type[Run]:
    if settings.mode != "disabled":
        return Run
    from diorama.client.disabled import DisabledRun

    return DisabledRun


def _warn_of(run: Run, reused: str | None) -> None:
    if reused == "ended":
        from diorama.client.same_id import warn_of_same_id

        warn_of_same_id(run)
    elif reused == "unknown":
        from diorama.client.same_id import ask_in_background

        ask_in_background(run)
    if run.settings.sync_tensorboard:
        run._reporter.warn(
            "tensorboard",
            "init(sync_tensorboard=True) is not available: NOTHING that a SummaryWriter writes will be "
            "in this run; log what you want to see with run.log()",
        )


def _check_files_dir(settings: Settings) -> None:
    """A folder that was asked for by name must be there, or it must be possible to make it."""
    if settings.files_dir is None:
        return
    try:
        os.makedirs(settings.files_dir, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.files_dir):
            pass
    except OSError as error:
        raise UsageError(f"dir={settings.files_dir!r} can't be written: {error}") from error


def _check_journal(run: Run) -> None:
    """The journal has been begun; if it was not, because its place can't be written at all, say so now and
    not after the training. A disk that is only full now is waited for: until then, memory keeps what is
    logged."""
    channel = run._channel
    if channel is None or not channel.writer.waiting_entries:
        return
    root = run.settings.journal_root
    try:
        os.makedirs(root, mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=root) as file:
            file.write(b"x")
    except OSError as error:
        if is_of_the_moment(error):
            return
        run._is_finished, run._channel = True, None
        channel.close()
        raise UsageError(
            f"the run can't be kept: {root} can't be written: {error}",
            hint="set DIORAMA_DIR to a folder that can be, or pass mode='disabled'",
        ) from error


def _place_from(settings: Settings, how: Resume | None, last_run: LastRun | None) -> RunPlace:
    run_id = settings.run_id
    if run_id is None and last_run is not None:
        run_id = last_run.read()
    if run_id is None and how == "must":
        raise UsageError("resume='must' needs the id of the run", hint="init(id=..., resume='must')")
    key = RunKey(
        _checked(settings.entity or DEFAULT_ENTITY, "entity"),
        _checked(settings.project or _default_project(), "project"),
        _checked(run_id or new_run_id(), "id"),
    )
    return RunPlace(key, settings, how)


def _checked(name: str, subject: str) -> str:
    try:
        return check_name(name, subject)
    except ValueError as error:
        raise WrongValue(f"init(): {error}") from None


def _state_of_same_id(place: RunPlace, how: Resume | None) -> str | None:
    """Whether this machine knows an older run of the same id, to which this one would be added although
    `resume` was not given: "running", "ended" or "unknown". None if there is no such question."""
    settings = place.settings
    if how is not None or settings.run_id is None or settings.mode == "disabled":
        return None
    from diorama.client.same_id import state_of

    store_dir = None if settings.is_remote else settings.store_dir
    return state_of(place.key, store_dir, journal_root=settings.journal_root) or "unknown"


def _past_run(place: RunPlace, how: Resume | None) -> Any:
    settings = place.settings
    if how is None or settings.mode == "disabled":
        return None
    if settings.run_id is None and how in ("allow", "never"):
        return None  # a fresh id: there is nothing to find
    from diorama.client.resume import find_past_run

    url = settings.url if settings.mode == "online" else None
    past = find_past_run(
        place.key,
        settings.store_dir,
        journal_root=settings.journal_root,
        url=url,
        api_key=settings.api_key,
        has_processes=settings.sidecar != "thread" and bool(sys.executable),
    )
    if past is None and how == "must":
        raise CommError(f"resume='must', but there is no run {place.key}")
    if past is not None and how == "never":
        raise CommError(f"resume='never', but run {place.key} exists", hint="choose another id")
    return past


def _last_run(settings: Settings) -> LastRun:
    from diorama.client.resume import LastRun

    return LastRun(settings.store_dir)


def _default_project() -> str:
    try:
        found = default_project(None, Path.cwd())
        return check_name(found, "project") if found else DEFAULT_PROJECT
    except (OSError, ValueError):
        return DEFAULT_PROJECT


def _parameters(
    settings: Settings, config: Any, include: Sequence[str] | None, exclude: Sequence[str] | None
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in (*_default_config_paths(), *(settings.config_paths or ())):
        found.update(config_from(path))
    found.update(_chosen(config, include, exclude))
    return found


def _default_config_paths() -> tuple[str, ...]:
    """W&B's file of defaults. W&B reads it, if it lies in the folder in which a script is started."""
    return (DEFAULTS_FILE,) if os.path.isfile(DEFAULTS_FILE) else ()


def _chosen(config: Any, include: Sequence[str] | None, exclude: Sequence[str] | None) -> dict[str, Any]:
    found = config_from(config)
    if include:
        return {name: value for name, value in found.items() if name in include}
    return {name: value for name, value in found.items() if name not in (exclude or ())}


def _resume_from(value: Any) -> Resume | None:
    text = str(value).strip().lower() if value is not None else ""
    if text in ("", "false", "none"):
        return None
    if text in ("true", "auto"):
        return "auto"
    if text in ("allow", "must", "never"):
        return cast(Resume, text)
    raise UsageError(f"resume={value!r} is not known", hint="allow, must, never or auto")


def _reinit_from(value: Any) -> str:
    text = str(value).strip().lower()
    if text == "default":
        return "finish_previous" if _is_notebook() else "return_previous"
    if text in ("true", "finish_previous"):
        return "finish_previous"
    if text in ("false", "return_previous"):
        return "return_previous"
    if text == "create_new":
        return text
    raise UsageError(f"reinit={value!r} is not known", hint="return_previous, finish_previous or create_new")


def _is_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return shell is not None and type(shell).__name__ != "TerminalInteractiveShell"


def _tell_unknown(settings: Settings, **asked: Any) -> None:
    unknown = [name for name in settings.unknown if name not in _told_unknown]
    if unknown:
        _told_unknown.update(unknown)
        say(
            f"these settings are not known and have no effect: {', '.join(unknown)}",
            is_silent=settings.silent,
        )
    for name, value in asked.items():
        if value and name not in _told_unknown:
            _told_unknown.add(name)
            say(f"init({name}=...) is not available and has no effect", is_silent=settings.silent)


def _greet(run: Run) -> None:
    where = run.url or f"offline, in {run.settings.journal_root}"
    verb = "resumed" if run.resumed else "started"
    say(f"run {run.name} {verb} · {run.path} · {where}", is_silent=run.settings.silent)
