"""Vega and Vega-Lite charts, Altair's too."""

from __future__ import annotations

from typing import Any, Literal

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.model import BlobRef


class VegaRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="vega"):
    """A Vega or Vega-Lite specification with its data inside, as JSON."""

    blob: BlobRef
    mode: Literal["vega", "vega-lite"] = "vega-lite"
    title: str | None = None


class Vega(Media):
    """To be written."""

    KIND = "vega"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> VegaRecord:
    raise NotImplementedError


def decode(record: VegaRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="vega", cls=Vega, record=VegaRecord, encode=encode, decode=decode)
