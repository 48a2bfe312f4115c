"""A run with mode="disabled": every call is answered, nothing is written, the summary is what was logged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from diorama.client.absent import NAMES
from diorama.client.run import Run, dict_from
from diorama.client.steps import step_from

if TYPE_CHECKING:
    from diorama.client.channel import Channel
    from diorama.client.place import RunPlace
    from diorama.journal.entry import Define


class Nothing:
    """Stands for what a disabled run would have made (an artifact): any attribute, call, item or `with`
    block of it is nothing again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Nothing:
        return self

    def __getitem__(self, key: Any) -> Nothing:
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __bool__(self) -> bool:
        return False


class DisabledSummary(dict[str, Any]):
    """A dict whose items are attributes, too."""

    def as_dict(self) -> dict[str, Any]:
        """A plain copy."""
        return dict(self)

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            raise AttributeError(f"the summary has no key {name!r}") from None
        return value

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if type(value) is dict:
            value = DisabledSummary(value)
            self[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"the summary has no key {name!r}") from None


class DisabledRun(Run):
    """A run that does nothing. What ordinary runs lack is answered here, too: with None, or for artifacts
    with `Nothing`."""

    summary: DisabledSummary  # type: ignore[assignment]  # read and set in the same ways

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.summary = DisabledSummary()

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "summary": dict(self.summary)}

    @classmethod
    def _attached(cls, place: RunPlace, state: dict[str, Any]) -> Run:
        made = super()._attached(place, state)
        made.summary.update(state["summary"])
        return made

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
    ) -> None:
        self.summary.update(dict_from(data))
        self._steps.assign(None if step is None else step_from(step), commit)

    def _define(self, channel: Channel | None, define: Define) -> None:
        pass

    def save(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def display(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def to_html(self, *args: Any, **kwargs: Any) -> str:
        return ""

    def log_artifact(self, *args: Any, **kwargs: Any) -> Nothing:
        return Nothing()

    use_artifact = link_artifact = upsert_artifact = finish_artifact = log_artifact


def _do_nothing(*args: Any, **kwargs: Any) -> None:
    """A disabled run does nothing."""


for _name in NAMES:
    if _name not in vars(DisabledRun):
        setattr(DisabledRun, _name, _do_nothing)
