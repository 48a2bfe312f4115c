"""Vega and Vega-Lite charts, Altair's too."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from typing import Any

from diorama.media.core.base import Media, Snapshot
from diorama.media.core.document import document_from, standard_json, title_from
from diorama.media.core.keep import keep
from diorama.media.vega.record import SUBJECT, Mode
from diorama.model import clean_text

ALTAIR = tuple(f"altair.vegalite.v{version}.api.TopLevelMixin" for version in range(3, 10))
_LITE_PARTS = ("mark", "layer", "facet", "hconcat", "vconcat", "concat", "repeat", "spec")
_URLS_SHOWN = 20


class Vega(Media):
    """A Vega or Vega-Lite chart.

    Accepts as `spec`: a Vega or Vega-Lite specification as a dict, JSON text, bytes or the path of a file; an
    Altair chart (its data goes in whole, also more than Altair's 5,000 rows). `mode`: "vega" or "vega-lite",
    found in the specification if not given. `caption` and `sample_id`: text.

    Data must lie inside the specification: the viewer loads nothing from an address.

    Raises: TypeError for anything else; ValueError for JSON that is no such specification or an unknown mode;
    FileNotFoundError for a missing file.

    >>> Vega({"mark": "bar", "data": {"values": [{"a": 1}]}, "encoding": {"x": {"field": "a"}}}).mode
    'vega-lite'
    """

    KIND = "vega"

    def __init__(
        self,
        spec: Any,
        *,
        mode: Mode | None = None,
        caption: str | None = None,
        sample_id: str | None = None,
    ) -> None:
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)
        if _is_altair(spec):
            spec = _spec_from_altair(spec)
        document = document_from(spec, subject=SUBJECT)
        if document is None:
            raise TypeError(
                f"{SUBJECT} must be a dict, JSON, a path or an Altair chart, not {type(spec).__name__}"
            )
        self.mode = mode_of(document.content) if mode is None else _checked_mode(mode)
        self.title = title_from(document.content.get("title"))
        self.outside = outside_of(document.content)
        self._kept = keep(standard_json(document, subject=SUBJECT))

    def snapshot(self) -> Snapshot:
        header = {
            "mode": self.mode,
            "title": self.title,
            "outside": self.outside,
            "caption": self.caption,
            "sample_id": self.sample_id,
        }
        return Snapshot(self.KIND, header, (self._kept,))

    def __repr__(self) -> str:
        return f"Vega({self.mode}, title={self.title!r})"


def _checked_mode(mode: Mode) -> Mode:
    if mode not in ("vega", "vega-lite"):
        raise ValueError(f'mode must be "vega" or "vega-lite", not {mode!r}')
    return mode


def mode_of(spec: Mapping[str, Any]) -> Mode:
    """Which of the two languages a specification is in; ValueError for neither."""
    schema = spec.get("$schema")
    if isinstance(schema, str) and "vega-lite" in schema:
        return "vega-lite"
    if isinstance(schema, str) and "/vega/" in schema:
        return "vega"
    if any(part in spec for part in _LITE_PARTS):
        return "vega-lite"
    if any(part in spec for part in ("marks", "signals", "scales")):
        return "vega"
    raise ValueError(
        f'{SUBJECT} has neither a "$schema" of Vega or Vega-Lite nor a "mark", "layer" or "marks" in it'
    )


def outside_of(spec: Any) -> list[str]:
    """The addresses in a specification's `url` properties, each once, the first twenty."""
    found: dict[str, None] = {}
    waiting = [spec]
    while waiting and len(found) < _URLS_SHOWN:
        part = waiting.pop()
        if isinstance(part, Mapping):
            url = part.get("url")
            if isinstance(url, str) and not url.startswith("data:"):
                found[clean_text(url)[:200]] = None
            waiting.extend(value for name, value in part.items() if name != "values" and name != "datasets")
        elif isinstance(part, list):
            waiting.extend(part)
    return list(found)


def _is_altair(value: Any) -> bool:
    return any(f"{cls.__module__}.{cls.__qualname__}" in ALTAIR for cls in type(value).__mro__)


def _spec_from_altair(chart: Any) -> Any:
    # Whoever made a chart has Altair loaded; its limit of rows is for notebooks.
    transformers = getattr(sys.modules.get("altair"), "data_transformers", None)
    with transformers.disable_max_rows() if transformers is not None else contextlib.nullcontext():
        return chart.to_dict()
