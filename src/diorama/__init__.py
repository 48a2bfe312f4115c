"""Diorama: an open-source, self-hosted tracker for machine-learning runs, made for rich media.

    import diorama

    run = diorama.init(project="digits", config={"lr": 0.01})
    run.log({"loss": 0.3, "example": diorama.Image(pixels, caption="a seven")})
    run.finish()

`import diorama as wandb` runs scripts that were written for W&B's SDK. This module only names things;
each is imported when first used, because import time is part of every training script's start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diorama.api import Api
    from diorama.client.current import config, define_metric, finish, log, login, run, setup, summary
    from diorama.client.init import init
    from diorama.client.run import Run
    from diorama.client.settings import Settings
    from diorama.errors import CommError, UsageError
    from diorama.errors import DioramaError as Error
    from diorama.media.boxes import BoundingBoxes2D
    from diorama.media.histogram import Histogram
    from diorama.media.image import Image
    from diorama.media.masks import ImageMask
    from diorama.media.overlays import Classes
    from diorama.model import VERSION as __version__

_HOMES = {
    "Api": "diorama.api",
    "BoundingBoxes2D": "diorama.media.boxes",
    "Classes": "diorama.media.overlays",
    "CommError": "diorama.errors",
    "Error": "diorama.errors",
    "Histogram": "diorama.media.histogram",
    "Image": "diorama.media.image",
    "ImageMask": "diorama.media.masks",
    "Run": "diorama.client.run",
    "Settings": "diorama.client.settings",
    "UsageError": "diorama.errors",
    "__version__": "diorama.model",
    "define_metric": "diorama.client.current",
    "finish": "diorama.client.current",
    "init": "diorama.client.init",
    "log": "diorama.client.current",
    "login": "diorama.client.current",
    "setup": "diorama.client.current",
}
_NAMES_THERE = {"Error": "DioramaError", "__version__": "VERSION"}
_OF_THE_RUN = frozenset({"config", "run", "summary"})
"""Not cached here: they follow the current run."""

_NOT_YET = frozenset(
    [
        "Artifact",
        "Audio",
        "Graph",
        "Html",
        "JoinedTable",
        "Molecule",
        "Object3D",
        "PartitionedTable",
        "Plotly",
        "Table",
        "Video",
        "agent",
        "alert",
        "box3d",
        "controller",
        "log_artifact",
        "log_code",
        "plot",
        "plot_table",
        "restore",
        "save",
        "sweep",
        "unwatch",
        "use_artifact",
        "watch",
    ]
)
"""What W&B's SDK has besides: named, so that a script learns in its first second what it can't use."""

__all__ = [
    "Api",
    "BoundingBoxes2D",
    "Classes",
    "CommError",
    "Error",
    "Histogram",
    "Image",
    "ImageMask",
    "Run",
    "Settings",
    "UsageError",
    "__version__",
    "config",
    "define_metric",
    "finish",
    "init",
    "log",
    "login",
    "run",
    "setup",
    "summary",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _OF_THE_RUN:
        return getattr(import_module("diorama.client.current"), name)
    home = _HOMES.get(name)
    if home is None:
        if name in _NOT_YET:
            raise AttributeError(f"diorama.{name} is not there yet; images, histograms and numbers are")
        raise AttributeError(f"module 'diorama' has no attribute {name!r}")
    found = getattr(import_module(home), _NAMES_THERE.get(name, name))
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
