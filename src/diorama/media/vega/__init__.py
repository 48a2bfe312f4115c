"""Vega and Vega-Lite charts, Altair's too."""

from diorama.media.core.base import Kind
from diorama.media.vega.codec import encode, warnings_of
from diorama.media.vega.load import decode
from diorama.media.vega.media import ALTAIR, Vega
from diorama.media.vega.record import VegaRecord

KIND = Kind(
    name="vega",
    cls=Vega,
    record=VegaRecord,
    encode=encode,
    decode=decode,
    adopts=ALTAIR,
    adopt=Vega,
    warnings=warnings_of,
)
