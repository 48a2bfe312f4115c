"""Bokeh documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diorama.media.bokeh.record import SUBJECT
from diorama.media.core.base import Media, Snapshot
from diorama.media.core.document import bytes_from_json, document_from, standard_json, title_from
from diorama.media.core.keep import keep
from diorama.model import clean_text

MODEL = "bokeh.model.model.Model"
DOCUMENT = "bokeh.document.document.Document"


class Bokeh(Media):
    """A Bokeh figure, layout or document, with its tools and widgets.

    Accepts as `data_or_path`: a bokeh model (a figure, a layout, a widget), a bokeh `Document`, or a document
    as JSON: the path of a file, text, bytes or a dict (also what `bokeh.embed.json_item` returns).
    `caption` and `sample_id`: text. The document becomes JSON now, so that changing it later changes nothing.

    Raises: TypeError for anything else; ValueError for JSON that is no Bokeh document and for a model that is
    only a part of one in a document; FileNotFoundError for a missing file.

    >>> Bokeh({"version": "3.9.2", "title": "Sines", "roots": []}).version
    '3.9.2'
    """

    KIND = "bokeh"

    def __init__(
        self, data_or_path: Any, *, caption: str | None = None, sample_id: str | None = None
    ) -> None:
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)
        names = {f"{cls.__module__}.{cls.__qualname__}" for cls in type(data_or_path).__mro__}
        if DOCUMENT in names:
            data_or_path = _json_from_bokeh(data_or_path)
        elif MODEL in names:
            data_or_path = _json_from_model(data_or_path)
        document = document_from(data_or_path, subject=SUBJECT)
        if document is None:
            raise TypeError(
                "Bokeh constructor accepts Bokeh document/model or path to Bokeh json file, "
                f"not {type(data_or_path).__name__}"
            )
        content = document.content
        data = standard_json(document, subject=SUBJECT)
        inner = content.get("doc")
        if isinstance(inner, Mapping) and "roots" not in content:
            content, data = inner, bytes_from_json(inner, subject=SUBJECT)
        if not isinstance(content.get("roots"), (list, Mapping)):
            raise ValueError(f'{SUBJECT} has no list of "roots": write it with Document.to_json()')
        version = content.get("version")
        self.version = clean_text(version)[:40] if isinstance(version, str) else None
        self.title = _title_of(content)
        self._kept = keep(data)

    def snapshot(self) -> Snapshot:
        header = {
            "title": self.title,
            "version": self.version,
            "caption": self.caption,
            "sample_id": self.sample_id,
        }
        return Snapshot(self.KIND, header, (self._kept,))

    def __repr__(self) -> str:
        return f"Bokeh(title={self.title!r}, version={self.version!r})"


def _title_of(content: Mapping[str, Any]) -> str | None:
    """The document's own title, else that of its first figure."""
    if content.get("title") not in ("", "Bokeh Application"):
        return title_from(content.get("title"))
    roots = content["roots"]
    part: Any = roots[0] if isinstance(roots, list) and roots else None
    for step in ("attributes", "title", "attributes"):
        part = part.get(step) if isinstance(part, Mapping) else None
    return title_from(part)


def _json_from_bokeh(document: Any) -> Any:
    try:
        # From 3.9 on arrays would stay outside of the JSON.
        return document.to_json(deferred=False)
    except TypeError:
        return document.to_json()


def _json_from_model(model: Any) -> Any:
    """The model as the one root of a document; it is in no other document afterwards than before."""
    owner = model.document
    if owner is None:
        from bokeh.document import Document

        owner = Document()
        owner.add_root(model)
        try:
            return _json_from_bokeh(owner)
        finally:
            owner.clear()
    written = dict(_json_from_bokeh(owner))
    written["roots"] = [root for root in written["roots"] if root["id"] == model.id]
    if not written["roots"]:
        raise ValueError("this Bokeh model is a part of another one; log the figure or layout that holds it")
    return written
