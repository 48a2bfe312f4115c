"""Plotly figures."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from diorama.errors import UsageError
from diorama.media.core.base import Media, Snapshot
from diorama.media.core.document import document_from, standard_json, title_from
from diorama.media.core.foreign import figure_from
from diorama.media.core.keep import keep
from diorama.media.plotly.record import SUBJECT
from diorama.model import clean_text


class Plotly(Media):
    """A Plotly figure, shown with everything that moves in it.

    Accepts as `val`: a plotly `Figure` or `FigureWidget`; a dict {"data": [...], "layout": {...},
    "frames": [...]} with numpy arrays in it, or the same as JSON text, bytes or the path of a file; a
    matplotlib figure, axes or pyplot that plotly can convert. `caption` and `sample_id`: text.

    The figure becomes JSON now, so that changing it later changes nothing.

    Raises: ValueError for anything else, for JSON that is no figure, for a matplotlib figure with images
    in it (log that one as `Image`) or one that plotly fails on; UsageError for a matplotlib figure where
    plotly is not installed; FileNotFoundError for a missing file.

    >>> Plotly({"data": [{"type": "bar", "y": [3, 1, 2]}], "layout": {"title": {"text": "Counts"}}}).title
    'Counts'
    """

    KIND = "plotly"

    def __init__(self, val: Any, *, caption: str | None = None, sample_id: str | None = None) -> None:
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)
        if not _is_plotly(val):
            figure = figure_from(val)
            val = val if figure is None else _plotly_from_matplotlib(figure)
        if _is_plotly(val):
            content: Mapping[str, Any] = {"data": val.data, "layout": {"title": val.layout.title.text}}
            data = val.to_json(validate=False).encode("utf-8")
        else:
            document = document_from(val, subject=SUBJECT)
            if document is None:
                raise ValueError(
                    "Logged plots must be plotly figures, or matplotlib plots convertible to plotly via "
                    f"mpl_to_plotly; this is {type(val).__name__}"
                )
            content, data = document.content, standard_json(document, subject=SUBJECT)
        self.traces = _traces_of(content.get("data", []))
        layout = content.get("layout") or {}
        if not isinstance(layout, Mapping):
            raise ValueError(f"the layout of {SUBJECT} must be an object, not {type(layout).__name__}")
        self.title = title_from(layout.get("title"))
        self._kept = keep(data)

    def snapshot(self) -> Snapshot:
        header = {
            "title": self.title,
            "traces": self.traces,
            "caption": self.caption,
            "sample_id": self.sample_id,
        }
        return Snapshot(self.KIND, header, (self._kept,))

    def __repr__(self) -> str:
        return f"Plotly({', '.join(self.traces)}, title={self.title!r})"


def _is_plotly(value: Any) -> bool:
    return any(
        f"{cls.__module__}.{cls.__qualname__}" == "plotly.basedatatypes.BaseFigure"
        for cls in type(value).__mro__
    )


def _traces_of(data: Any) -> list[str]:
    """The types of the traces, each once."""
    if isinstance(data, (str, bytes, Mapping)) or not isinstance(data, Iterable):
        raise ValueError(f'"data" of {SUBJECT} must be a list of traces, not {type(data).__name__}')
    types: dict[str, None] = {}
    for trace in data:
        if isinstance(trace, Mapping):
            name = trace.get("type", "scatter")
        else:
            name = getattr(trace, "type", None)
        if not isinstance(name, str):
            raise ValueError(f'"data" of {SUBJECT} must be a list of traces; {type(trace).__name__} is none')
        types[clean_text(name)[:100]] = None
    return list(types)


def _plotly_from_matplotlib(figure: Any) -> Any:
    if any(axes.images for axes in getattr(figure, "axes", ())):
        raise ValueError(
            "Plotly can't convert a matplotlib figure with images in it; log it as diorama.Image(figure)"
        )
    try:
        from plotly import tools
    except ImportError as error:
        raise UsageError(
            "plotly is needed to convert a matplotlib figure",
            hint='pip install "diorama[media]", or log the figure as it is: it becomes an image',
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of plotly's own use of matplotlib
            return tools.mpl_to_plotly(figure)
    except (AttributeError, IndexError, KeyError, NotImplementedError, TypeError) as error:
        # plotly's converter is no longer maintained and meets a newer matplotlib with any of these.
        raise ValueError(
            f"plotly can't convert this matplotlib figure ({error}); log it as diorama.Image(figure)"
        ) from error
