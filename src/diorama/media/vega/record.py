"""What the store keeps of a Vega chart."""

from __future__ import annotations

from typing import Literal

import msgspec

from diorama.media.core.base import MediaRecord
from diorama.model import BlobRef

Mode = Literal["vega", "vega-lite"]
SUBJECT = "the Vega specification"


class VegaRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="vega"):
    """A Vega or Vega-Lite specification with its data inside, as JSON.

    outside: addresses that the specification loads data or pictures from; the viewer loads none of them.
    """

    blob: BlobRef
    mode: Mode = "vega-lite"
    title: str | None = None
    outside: list[str] = msgspec.field(default_factory=list)
