"""`run.config`: the parameters of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from diorama.errors import ConfigError, UsageError, WrongType
from diorama.media.core.foreign import fields_of
from diorama.model import clean_text

_MISSING = object()

Send = Callable[[dict[str, Any], list[str]], dict[str, Any]]
"""send(changed, deleted) journals top-level keys and answers them as they are kept (plain values)."""


class Config:
    """Parameters by name; as attributes, as items, or with `update`.

    Changing a key to another value raises ConfigError unless `allow_val_change` was given.

    >>> run.config.lr = 0.1                              # doctest: +SKIP
    >>> run.config.update({"optimizer": {"name": "sgd"}})  # doctest: +SKIP
    >>> run.config["optimizer"]["name"]                  # doctest: +SKIP
    'sgd'
    """

    def __init__(self, send: Send, *, allow_val_change: bool = False) -> None:
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_send", send)
        object.__setattr__(self, "_allow_val_change", allow_val_change)

    _values: dict[str, Any]
    _send: Send
    _allow_val_change: bool

    def update(self, values: Any, allow_val_change: bool | None = None) -> None:
        """Set several keys: a mapping, an argparse Namespace, absl FLAGS or the path of a YAML file."""
        self._set(config_from(values), allow_val_change)

    def setdefaults(self, values: Any) -> None:
        """Set the keys that are not set yet."""
        self._set(
            {name: value for name, value in config_from(values).items() if name not in self._values}, None
        )

    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name, default)

    def keys(self) -> Any:
        return self._values.keys()

    def values(self) -> Any:
        return self._values.values()

    def items(self) -> Any:
        return self._values.items()

    def as_dict(self) -> dict[str, Any]:
        """A copy."""
        return dict(self._values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._set({name: value}, None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"config has no key {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delitem__(self, name: str) -> None:
        del self._values[name]
        self._send({}, [name])

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"config has no key {name!r}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return self._values == (other._values if isinstance(other, Config) else other)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return repr(self._values)

    def _load(self, values: Mapping[str, Any]) -> None:
        """Values that are stored already (a resumed run's): set, not journalled."""
        self._values.update(values)

    def _set(self, values: Mapping[str, Any], allow_val_change: bool | None) -> None:
        may_change = self._allow_val_change if allow_val_change is None else allow_val_change
        values = {clean_text(name): value for name, value in values.items()}
        for name, value in values.items():
            before = self._values.get(name, _MISSING)
            if before is not _MISSING and not may_change and not _is_same(before, value):
                raise ConfigError(
                    f"config key {name!r} is {before!r} and was to become {value!r}",
                    hint="pass allow_val_change=True to config.update() or init()",
                )
        if values:
            self._values.update(self._send(values, []))


def _is_same(before: Any, after: Any) -> bool:
    if isinstance(before, list) and isinstance(after, tuple):
        after = list(after)
    try:
        return bool(before == after) or (before != before and after != after)
    except (TypeError, ValueError):  # arrays have no single truth
        return False


def config_from(values: Any) -> dict[str, Any]:
    """A dict from what W&B takes for a config: a mapping, a Namespace, a dataclass, absl FLAGS, an object
    with attributes, or the path of a YAML file. Raises UsageError (WrongType) for anything else."""
    if values is None:
        return {}
    if isinstance(values, Config):
        return values.as_dict()
    if isinstance(values, Mapping):
        return {str(name): value for name, value in values.items()}
    if isinstance(values, str | Path):
        return config_from_yaml(Path(values))
    if hasattr(values, "flag_values_dict"):  # absl
        return dict(values.flag_values_dict())
    fields = fields_of(values)
    if fields is not None:
        return fields
    if hasattr(values, "__dict__") and not isinstance(values, type):
        return {name: value for name, value in vars(values).items() if not name.startswith("_")}
    raise WrongType(
        f"config must be a dict, a Namespace or the path of a YAML file, not {type(values).__name__}"
    )


def config_from_yaml(path: Path) -> dict[str, Any]:
    """The config in a YAML file: plain keys, or W&B's `key: {desc: ..., value: ...}`."""
    import yaml  # type: ignore[import-untyped]  # its types are a package of their own

    try:
        with open(path, encoding="utf-8") as file:
            loaded = yaml.load(file, Loader=_loader(yaml))  # a SafeLoader
    except FileNotFoundError:
        raise UsageError(f"config file {path} does not exist") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"config file {path} can't be read: {error}") from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise UsageError(f"config file {path} holds no keys at its top level")
    found: dict[str, Any] = {}
    for name, value in loaded.items():
        if name in ("wandb_version", "_wandb"):
            continue
        is_described = isinstance(value, dict) and "value" in value and set(value) <= {"value", "desc"}
        found[str(name)] = value["value"] if is_described else value
    return found


def _loader(yaml: Any) -> Any:
    """YAML 1.1 reads 1e-3 as text; everybody who writes it in a config means the number."""
    import re

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # the module comes in as Any
        pass

    pattern = re.compile(r"^[-+]?(\d[\d_]*\.?\d*|\.\d+)[eE][-+]?\d+$")
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", pattern, list("-+.0123456789"))
    return Loader
