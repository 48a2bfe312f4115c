"""Settings of a run, resolved once by `init()`.

Precedence: arguments of `init()`, then its `settings=`, then DIORAMA_* variables, then the matching
WANDB_* ones, then defaults. Nothing is ever sent to a hosted service by default: WANDB_BASE_URL and
WANDB_API_KEY count only when the URL is not W&B's own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from diorama.errors import UsageError
from diorama.model import StoreDir, clean_text

HOSTED_DOMAINS = ("wandb.ai", "wandb.com")


class Setting(NamedTuple):
    """default, the variables that set it (first found wins), how its text is read, W&B's other names."""

    default: Any = None
    variables: tuple[str, ...] = ()
    read: Callable[[str], Any] = str
    aliases: tuple[str, ...] = ()


def read_flag(text: str) -> bool:
    """ "1", "true", "yes", "on" are True; "0", "false", "no", "off" and "" are False."""
    lowered = text.strip().lower()
    if lowered in {"1", "true", "yes", "on", "y", "t"}:
        return True
    if lowered in {"", "0", "false", "no", "off", "n", "f"}:
        return False
    raise UsageError(f"{text!r} is neither true nor false")


def _read_tags(text: str) -> list[str]:
    return [tag.strip() for tag in text.split(",") if tag.strip()]


SETTINGS: dict[str, Setting] = {
    "project": Setting(None, ("DIORAMA_PROJECT", "WANDB_PROJECT")),
    "entity": Setting(None, ("DIORAMA_ENTITY", "WANDB_ENTITY")),
    "run_id": Setting(None, ("DIORAMA_RUN_ID", "WANDB_RUN_ID")),
    "run_name": Setting(None, ("DIORAMA_NAME", "WANDB_NAME")),
    "run_notes": Setting(None, ("DIORAMA_NOTES", "WANDB_NOTES")),
    "run_tags": Setting(None, ("DIORAMA_TAGS", "WANDB_TAGS"), _read_tags),
    "run_group": Setting(None, ("DIORAMA_RUN_GROUP", "WANDB_RUN_GROUP")),
    "run_job_type": Setting(None, ("DIORAMA_JOB_TYPE", "WANDB_JOB_TYPE")),
    "mode": Setting(None, ("DIORAMA_MODE", "WANDB_MODE")),
    "resume": Setting(None, ("DIORAMA_RESUME", "WANDB_RESUME")),
    "reinit": Setting("default", ("DIORAMA_REINIT", "WANDB_REINIT")),
    "files_dir": Setting(None, ("WANDB_DIR",), aliases=("root_dir",)),
    "url": Setting(None, ("DIORAMA_URL",), aliases=("base_url",)),
    "api_key": Setting(None, ("DIORAMA_API_KEY",)),
    "console": Setting("auto", ("DIORAMA_CONSOLE", "WANDB_CONSOLE")),
    "silent": Setting(False, ("DIORAMA_SILENT", "WANDB_SILENT"), read_flag),
    "quiet": Setting(False, ("DIORAMA_QUIET", "WANDB_QUIET"), read_flag),
    "strict": Setting(False, ("DIORAMA_STRICT",), read_flag),
    "sidecar": Setting("process", ("DIORAMA_SIDECAR",)),
    "spool_bytes": Setting(None, ("DIORAMA_SPOOL_BYTES",), int),
    "finish_wait_secs": Setting(None, ("DIORAMA_FINISH_WAIT_SECS",), float),
    "stats_interval_secs": Setting(
        None, ("DIORAMA_STATS_INTERVAL_SECS",), float, aliases=("x_stats_sampling_interval",)
    ),
    "config_paths": Setting(None, ("DIORAMA_CONFIG_PATHS", "WANDB_CONFIG_PATHS"), _read_tags),
    "sync_tensorboard": Setting(False),
    "allow_val_change": Setting(False, ("WANDB_ALLOW_VAL_CHANGE",), read_flag),
}
"""All settings that have an effect."""

ACCEPTED = frozenset(
    {
        "anonymous",
        "code_dir",
        "disable_code",
        "disable_git",
        "disable_job_creation",
        "email",
        "git_remote",
        "heartbeat_seconds",
        "host",
        "ignore_globs",
        "init_timeout",
        "job_name",
        "label_disable",
        "launch",
        "login_timeout",
        "magic",
        "organization",
        "program",
        "program_relpath",
        "save_code",
        "show_colors",
        "show_emoji",
        "show_errors",
        "show_info",
        "show_warnings",
        "start_method",
        "summary_timeout",
        "symlink",
        "table_raise_on_max_row_limit_exceeded",
        "timeout",
        "username",
        "x_disable_meta",
        "x_disable_service",
        "x_file_stream_transmit_interval",
        "x_label",
        "x_primary",
        "x_save_requirements",
        "x_service_wait",
        "x_show_operation_stats",
        "x_skip_transaction_log",
        "x_stats_gpu_device_ids",
        "x_update_finish_state",
    }
)
"""W&B's settings that are understood and need nothing done here."""

_DISABLE_STATS = ("_disable_stats", "x_disable_stats")

MODES = {
    "online": "online",
    "local": "online",
    "run": "online",
    "shared": "online",
    "offline": "offline",
    "dryrun": "offline",
    "disabled": "disabled",
}


class Settings:
    """Settings to pass to `init(settings=...)`; also what a run was started with, as `run.settings`.

    Fields have W&B's names where W&B has them: project, entity, run_id, run_name, run_notes, run_tags,
    run_group, run_job_type, mode, resume, reinit, root_dir, base_url, api_key, console, silent, quiet.
    Others that W&B knows are accepted; a name that nobody knows is accepted with one warning.

    >>> Settings(project="digits", base_url="http://127.0.0.1:7117").url
    'http://127.0.0.1:7117'
    """

    def __init__(self, **fields: Any) -> None:
        self._fields: dict[str, Any] = {}
        self._store_dir: StoreDir | None = None
        self.unknown: list[str] = []
        """Names that nobody knows, to be warned of once."""
        self.update(fields)

    def update(self, fields: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Set fields."""
        for name, value in {**(fields or {}), **more}.items():
            own = _ALIASES.get(name, name)
            if name in _DISABLE_STATS:
                own, value = "stats_interval_secs", 0.0 if value else None
            elif own not in SETTINGS:
                if name.lstrip("_") not in ACCEPTED and name not in ACCEPTED:
                    self.unknown.append(name)
                continue
            self._fields[own] = value

    def as_dict(self) -> dict[str, Any]:
        """The fields that were set."""
        return dict(self._fields)

    def __getattr__(self, name: str) -> Any:
        own = _ALIASES.get(name, name)
        if name in _DISABLE_STATS:
            return self._fields.get("stats_interval_secs") == 0
        setting = SETTINGS.get(own)
        if setting is None:
            if name in ACCEPTED:
                return None
            raise AttributeError(f"there is no setting {name!r}")
        value = self._fields.get(own)
        return setting.default if value is None else value

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_fields", "_store_dir", "unknown"):
            super().__setattr__(name, value)
        else:
            self.update({name: value})

    def __repr__(self) -> str:
        shown = {name: "***" if name == "api_key" else value for name, value in self._fields.items()}
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    @property
    def store_dir(self) -> StoreDir:
        """The store on this machine (DIORAMA_DIR). That of a run stays, wherever the script goes."""
        return self._store_dir or StoreDir.from_environ()

    @property
    def journal_root(self) -> Path:
        """Where this run's journals lie: a folder for each server, so that none gets another one's runs."""
        return self.store_dir.journal_for(self.url)

    @property
    def is_remote(self) -> bool:
        return self.url is not None and self.mode == "online"


_ALIASES = {alias: name for name, setting in SETTINGS.items() for alias in setting.aliases}


def resolve(
    arguments: Mapping[str, Any], given: Settings | Mapping[str, Any] | None, environ: Mapping[str, str]
) -> Settings:
    """One Settings out of all sources. None means "not said". Raises UsageError for values that can't be."""
    fields: dict[str, Any] = {}
    for name, setting in SETTINGS.items():
        for variable in setting.variables:
            text = environ.get(variable)
            if text is not None and text != "":
                fields[name] = _read(setting, variable, text)
                break
    _take_wandb_server(fields, environ)
    if given is not None:
        settings = given if isinstance(given, Settings) else Settings(**given)
        fields.update(settings.as_dict())
        unknown = settings.unknown
    else:
        unknown = []
    fields.update({name: value for name, value in arguments.items() if value is not None})
    resolved = Settings(**{name: value for name, value in fields.items() if value is not None})
    resolved.unknown += unknown
    resolved._store_dir = StoreDir.from_environ(environ)
    _check(resolved, environ)
    return resolved


def _read(setting: Setting, variable: str, text: str) -> Any:
    try:
        return setting.read(text)
    except (ValueError, UsageError) as error:
        raise UsageError(f"{variable}={text!r} can't be read: {error}") from None


def _take_wandb_server(fields: dict[str, Any], environ: Mapping[str, str]) -> None:
    """W&B's server variables, when they name a server of one's own."""
    url = environ.get("WANDB_BASE_URL")
    if not url or fields.get("url") is not None:
        return
    if is_hosted(url):
        say(f"WANDB_BASE_URL={url} is ignored: Diorama sends nothing to a hosted service.")
        return
    fields["url"] = url
    if fields.get("api_key") is None and environ.get("WANDB_API_KEY"):
        fields["api_key"] = environ["WANDB_API_KEY"]


def is_hosted(url: str) -> bool:
    """Whether a URL is W&B's own service.

    >>> is_hosted("https://api.wandb.ai"), is_hosted("https://wandb.example.org")
    (True, False)
    """
    host = (urlsplit(url if "://" in url else f"//{url}").hostname or "").rstrip(".")
    return any(host == domain or host.endswith(f".{domain}") for domain in HOSTED_DOMAINS)


def _check(settings: Settings, environ: Mapping[str, str]) -> None:
    if settings.mode is None and read_flag(environ.get("WANDB_DISABLED", "") or "0"):
        settings.mode = "disabled"
    mode = settings.mode or "online"
    if mode not in MODES:
        raise UsageError(f"mode={mode!r} is not known", hint="modes: online, offline, disabled, local")
    if mode == "local":
        settings._fields.pop("url", None)
    settings.mode = MODES[mode]
    if settings.url is not None:
        url = str(settings.url).rstrip("/")
        if is_hosted(url):
            raise UsageError(f"{url} is a hosted service; Diorama does not send to it")
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise UsageError(f"{url!r} is no server's URL", hint="for example http://127.0.0.1:7117")
        settings.url = url
    if settings.sidecar not in {"process", "thread", "none"}:
        raise UsageError(f"DIORAMA_SIDECAR={settings.sidecar!r} is not known: process, thread or none")
    if settings.files_dir is not None:
        settings.files_dir = str(Path(settings.files_dir).expanduser().absolute())
    for name in ("project", "entity", "run_id"):
        if getattr(settings, name) is not None:
            setattr(settings, name, str(getattr(settings, name)))
    for name in ("run_name", "run_notes", "run_group", "run_job_type"):
        if getattr(settings, name) is not None:
            setattr(settings, name, clean_text(getattr(settings, name)))


def say(text: str, *, is_silent: bool | None = None) -> None:
    """One line to the user, on stderr. A closed or broken stderr is no reason to fail."""
    if is_silent is None:
        is_silent = os.environ.get("DIORAMA_SILENT", os.environ.get("WANDB_SILENT", "")).lower() in {
            "1",
            "true",
        }
    if is_silent:
        return
    stream = sys.stderr
    try:
        stream.write(f"diorama: {text}\n")
        stream.flush()
    except (OSError, ValueError, AttributeError):
        return


def default_project(program: str | None, directory: Path) -> str | None:
    """The name of the git working tree around `directory`, if there is one."""
    for folder in (directory, *directory.parents):
        if (folder / ".git").exists():
            return folder.name or None
    return None
