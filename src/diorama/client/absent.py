"""What W&B's runs can do and these can't: a clear answer instead of a bare AttributeError."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

_Class = TypeVar("_Class", bound=type)

NAMES = (
    "alert",
    "beta",
    "display",
    "finish_artifact",
    "link_artifact",
    "link_model",
    "log_artifact",
    "log_code",
    "log_model",
    "pin_config_keys",
    "restore",
    "save",
    "to_html",
    "unwatch",
    "upsert_artifact",
    "use_artifact",
    "use_model",
    "watch",
    "write_logs",
)


class Absent:
    """A name that is known and not available. Not `__getattr__`, which would slow down every attribute."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> NoReturn:
        raise AttributeError(
            f"run.{self._name} is not available in Diorama; a run can log, define_metric, flush and finish"
        )


def add_absent(cls: _Class) -> _Class:
    """Class decorator: the names that `cls` has not."""
    for name in NAMES:
        if not hasattr(cls, name):
            absent = Absent()
            absent.__set_name__(cls, name)
            setattr(cls, name, absent)
    return cls
