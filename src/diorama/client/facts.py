"""What a run is: its names, its place, its parameters, its step; and what of that can be changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from diorama.client.guard import guarded
from diorama.journal import entry
from diorama.model import clean_text

if TYPE_CHECKING:
    from diorama.client.channel import Channel
    from diorama.client.config import Config
    from diorama.client.place import RunPlace
    from diorama.client.sidecar_start import SidecarHandle
    from diorama.client.steps import StepCounter


class RunFacts:
    """The part of `Run` that tells; the other part logs."""

    _place: RunPlace
    _attributes: entry.Attributes
    _config: Config
    _steps: StepCounter
    _starting_step: int
    _is_resumed: bool
    _is_disabled: bool
    _channel: Channel | None
    _sidecar: SidecarHandle | None

    def _channel_now(self, doing: str) -> Channel | None:
        raise NotImplementedError

    def _write_warning(self, code: str, text: str) -> None:
        raise NotImplementedError

    def _end(self, exit_code: int, state: entry.RunState, *, is_quiet: bool = False) -> None:
        raise NotImplementedError

    def _after_fork(self) -> None:
        raise NotImplementedError

    @property
    def id(self) -> str:
        """The run's id, unique in its project."""
        return self._place.key.id

    @property
    def entity(self) -> str:
        return self._place.key.entity

    @property
    def project(self) -> str:
        return self._place.key.project

    @property
    def path(self) -> str:
        """entity/project/id"""
        return str(self._place.key)

    @property
    def url(self) -> str | None:
        """The run's page; None if the run is offline or disabled."""
        return self._place.url

    @property
    def project_url(self) -> str | None:
        return self._place.project_url

    def get_url(self) -> str | None:
        return self.url

    def get_project_url(self) -> str | None:
        return self.project_url

    @property
    def sweep_id(self) -> None:
        """None: no run is part of a sweep."""

    @property
    def sweep_url(self) -> None:
        """None: no run is part of a sweep."""

    def project_name(self) -> str:
        return self.project

    @property
    def name(self) -> str | None:
        """Shown in lists. Settable."""
        return self._attributes.name

    @name.setter
    def name(self, name: str) -> None:
        self._change(entry.Attributes(name=clean_text(name)))

    @property
    def notes(self) -> str | None:
        """Free text, Markdown. Settable."""
        return self._attributes.notes

    @notes.setter
    def notes(self, notes: str) -> None:
        self._change(entry.Attributes(notes=clean_text(notes)))

    @property
    def tags(self) -> tuple[str, ...]:
        """Short labels. Settable: `run.tags += ("baseline",)`."""
        return tuple(self._attributes.tags or ())

    @tags.setter
    def tags(self, tags: Sequence[str]) -> None:
        self._change(entry.Attributes(tags=tags_from(tags)))

    @property
    def group(self) -> str:
        return self._attributes.group or ""

    @property
    def job_type(self) -> str:
        return self._attributes.job_type or ""

    @property
    def config(self) -> Config:
        """The run's parameters."""
        return self._config

    @property
    def step(self) -> int:
        """The step that the next `log()` without `step` goes to."""
        return self._steps.step

    @property
    def starting_step(self) -> int:
        """The first step of this process: 0, or where a resumed run goes on."""
        return self._starting_step

    @property
    def resumed(self) -> bool:
        return self._is_resumed

    @property
    def offline(self) -> bool:
        return bool(self._place.settings.mode == "offline")

    @property
    def disabled(self) -> bool:
        return self._is_disabled

    @property
    def settings(self) -> Any:
        return self._place.settings

    @property
    def dir(self) -> str:
        """A folder for the script's own files of this run; made when asked for."""
        folder = self._place.files_dir
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    @guarded("mark_preempting()")
    def mark_preempting(self) -> None:
        """Note that the machine is about to be taken away; the run may be resumed elsewhere."""
        self._write_warning("preempting", "the machine is about to be taken away")

    def status(self) -> dict[str, Any]:
        """Entries logged, stored, waiting in memory for a full disk, and lost."""
        channel = self._channel
        if channel is None:
            return {"logged": 0, "stored": 0, "waiting": 0, "lost": 0, "is_storing": False}
        return {
            "logged": channel.writer.seq,
            "stored": channel.acked_seq,
            "waiting": channel.writer.waiting_entries,
            "lost": channel.writer.dropped,
            "is_storing": self._sidecar is not None and self._sidecar.is_alive(),
        }

    def __repr__(self) -> str:
        return f"<Run {self.path} {self.name!r}>"

    def _change(self, changed: entry.Attributes) -> None:
        channel = self._channel_now("changing the run")
        self._change_attributes(channel, changed)

    @guarded("changing the run")
    def _change_attributes(self, channel: Channel | None, changed: entry.Attributes) -> None:
        for field in ("name", "notes", "tags"):
            value = getattr(changed, field)
            if value is not None:
                setattr(self._attributes, field, value)
        if channel is not None:
            channel.send(changed)


def tags_from(tags: Any) -> list[str] | None:
    """Tags as a list without repetitions; one string is one tag."""
    if tags is None:
        return None
    if isinstance(tags, str):
        tags = [tags]
    return list(dict.fromkeys(clean_text(tag) for tag in tags))
