"""Bokeh documents."""

from diorama.media.bokeh.codec import encode
from diorama.media.bokeh.load import decode
from diorama.media.bokeh.media import DOCUMENT, MODEL, Bokeh
from diorama.media.bokeh.record import BokehRecord
from diorama.media.core.base import Kind

KIND = Kind(
    name="bokeh",
    cls=Bokeh,
    record=BokehRecord,
    encode=encode,
    decode=decode,
    adopts=(MODEL, DOCUMENT),
    adopt=Bokeh,
)
