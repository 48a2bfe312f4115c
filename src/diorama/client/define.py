"""Reading the arguments of `define_metric`."""

from __future__ import annotations

from typing import Any

from diorama.errors import UsageError
from diorama.journal.entry import Define

SUMMARIES = ("min", "max", "mean", "last", "first", "best", "copy", "none")
GOALS = ("minimize", "maximize")


class Metric:
    """What `define_metric` answers: the metric's name and how it was defined."""

    def __init__(self, define: Define) -> None:
        self.name = define.key
        self.step_metric = define.step_key
        self.summary = define.summary
        self.goal = define.goal

    def __repr__(self) -> str:
        return f"Metric({self.name!r})"


def define_from(
    name: str,
    step_metric: str | Metric | None,
    step_sync: bool | None,
    hidden: bool | None,
    summary: str | None,
    goal: str | None,
    overwrite: bool | None,
) -> Define:
    """The entry of a `define_metric` call. Raises UsageError for arguments that can't be."""
    if not isinstance(name, str) or not name:
        raise UsageError("define_metric() needs the name of a metric")
    if "*" in name[:-1]:
        raise UsageError(f"define_metric({name!r}): * is understood only at the end")
    if isinstance(step_metric, Metric):
        step_metric = step_metric.name
    if step_metric is not None and (not isinstance(step_metric, str) or not step_metric):
        raise UsageError("define_metric(): step_metric must be the name of a metric")
    wanted: list[Any] | None = None
    if summary is not None:
        if not isinstance(summary, str):
            raise UsageError("define_metric(): summary must be a string such as 'min,max'")
        wanted = [each.strip().lower() for each in summary.split(",") if each.strip()]
        for each in wanted:
            if each not in SUMMARIES:
                raise UsageError(f"Unhandled define_metric() arg: summary op: {each}")
    if goal is not None:
        goal = {"min": "minimize", "max": "maximize"}.get(goal, goal)
        if goal not in GOALS:
            raise UsageError(f"Unhandled define_metric() arg: goal: {goal}")
    is_synced = step_sync if step_sync is not None else (True if step_metric else None)
    return Define(
        key=name,
        step_key=step_metric,
        is_step_synced=is_synced,
        is_hidden=hidden,
        summary=wanted,
        goal=goal,  # type: ignore[arg-type]  # checked against GOALS above
        is_overwriting=bool(overwrite),
    )
