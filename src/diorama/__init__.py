"""Diorama: an open-source, self-hosted tracker for machine-learning runs, made for rich media.

    import diorama

    run = diorama.init(project="digits", config={"lr": 0.01})
    run.log({"loss": 0.3, "example": diorama.Image(pixels, caption="a seven")})
    run.finish()

`import diorama as wandb` runs scripts that were written for W&B's SDK. This module only names things;
each is imported when first used, because import time is part of every training script's start.
"""

from __future__ import annotations

import atexit
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diorama import media as data_types
    from diorama.api import Api
    from diorama.client.current import config, define_metric, finish, log, login, run, setup, summary
    from diorama.client.init import init
    from diorama.client.run import Run
    from diorama.client.settings import Settings
    from diorama.errors import CommError, UsageError
    from diorama.errors import DioramaError as Error
    from diorama.media import plot
    from diorama.media.audio.media import Audio
    from diorama.media.bokeh.media import Bokeh
    from diorama.media.chart.media import CustomChart
    from diorama.media.graph.media import Graph
    from diorama.media.histogram.media import Histogram
    from diorama.media.html.media import Html
    from diorama.media.image.media import Image
    from diorama.media.image.overlays.boxes import BoundingBoxes2D
    from diorama.media.image.overlays.keypoints import Keypoints2D
    from diorama.media.image.overlays.layers import Classes
    from diorama.media.image.overlays.masks import ImageMask
    from diorama.media.image.overlays.polygons import Polygons2D
    from diorama.media.joined_table.media import JoinedTable
    from diorama.media.molecule.media import Molecule
    from diorama.media.object3d.boxes import box3d
    from diorama.media.object3d.media import Object3D
    from diorama.media.partitioned_table.media import PartitionedTable
    from diorama.media.plot import plot_table
    from diorama.media.plotly.media import Plotly
    from diorama.media.plugin.media import PluginMedia
    from diorama.media.table.media import Table
    from diorama.media.text.media import Markdown, Text
    from diorama.media.vega.media import Vega
    from diorama.media.video.media import Video
    from diorama.model import VERSION as __version__

_HOMES = {
    "Api": "diorama.api",
    "Audio": "diorama.media.audio.media",
    "Bokeh": "diorama.media.bokeh.media",
    "BoundingBoxes2D": "diorama.media.image.overlays.boxes",
    "Classes": "diorama.media.image.overlays.layers",
    "CommError": "diorama.errors",
    "CustomChart": "diorama.media.chart.media",
    "Error": "diorama.errors",
    "Graph": "diorama.media.graph.media",
    "Histogram": "diorama.media.histogram.media",
    "Html": "diorama.media.html.media",
    "Image": "diorama.media.image.media",
    "ImageMask": "diorama.media.image.overlays.masks",
    "JoinedTable": "diorama.media.joined_table.media",
    "Keypoints2D": "diorama.media.image.overlays.keypoints",
    "Markdown": "diorama.media.text.media",
    "Molecule": "diorama.media.molecule.media",
    "Object3D": "diorama.media.object3d.media",
    "PartitionedTable": "diorama.media.partitioned_table.media",
    "Plotly": "diorama.media.plotly.media",
    "PluginMedia": "diorama.media.plugin.media",
    "Polygons2D": "diorama.media.image.overlays.polygons",
    "Run": "diorama.client.run",
    "Settings": "diorama.client.settings",
    "Table": "diorama.media.table.media",
    "Text": "diorama.media.text.media",
    "UsageError": "diorama.errors",
    "Vega": "diorama.media.vega.media",
    "Video": "diorama.media.video.media",
    "__version__": "diorama.model",
    "box3d": "diorama.media.object3d.boxes",
    "define_metric": "diorama.client.current",
    "finish": "diorama.client.current",
    "init": "diorama.client.init",
    "log": "diorama.client.current",
    "login": "diorama.client.current",
    "plot_table": "diorama.media.plot",
    "setup": "diorama.client.current",
}
_NAMES_THERE = {"Error": "DioramaError", "__version__": "VERSION"}
_MODULES = {"data_types": "diorama.media", "plot": "diorama.media.plot"}
_OF_THE_RUN = frozenset({"config", "run", "summary"})
"""Not cached here: they follow the current run."""

_NOT_YET = frozenset(
    [
        "Artifact",
        "agent",
        "alert",
        "controller",
        "log_artifact",
        "log_code",
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
    "Audio",
    "Bokeh",
    "BoundingBoxes2D",
    "Classes",
    "CommError",
    "CustomChart",
    "Error",
    "Graph",
    "Histogram",
    "Html",
    "Image",
    "ImageMask",
    "JoinedTable",
    "Keypoints2D",
    "Markdown",
    "Molecule",
    "Object3D",
    "PartitionedTable",
    "Plotly",
    "PluginMedia",
    "Polygons2D",
    "Run",
    "Settings",
    "Table",
    "Text",
    "UsageError",
    "Vega",
    "Video",
    "__version__",
    "box3d",
    "config",
    "data_types",
    "define_metric",
    "finish",
    "init",
    "log",
    "login",
    "plot",
    "plot_table",
    "run",
    "setup",
    "summary",
]


def _end_runs() -> None:
    open_runs = sys.modules.get("diorama.client.open_runs")
    if open_runs is not None:
        open_runs.end_at_exit()


atexit.register(_end_runs)
# Here and not in init(): functions run in the opposite order, and what a script registers between the two
# may still want to log.


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _OF_THE_RUN:
        return getattr(import_module("diorama.client.current"), name)
    if name in _MODULES:
        found = import_module(_MODULES[name])
        globals()[name] = found
        return found
    home = _HOMES.get(name)
    if home is None:
        if name in _NOT_YET:
            run = import_module("diorama.client.current").run
            if run is not None and run.disabled:
                return getattr(run, name, import_module("diorama.client.disabled").Nothing)
            raise AttributeError(f"diorama.{name} is not there yet; see docs/from-wandb.md")
        raise AttributeError(f"module 'diorama' has no attribute {name!r}")
    found = getattr(import_module(home), _NAMES_THERE.get(name, name))
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
