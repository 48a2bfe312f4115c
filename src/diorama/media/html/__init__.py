"""HTML pages and fragments, shown in a frame that can't reach anything."""

from diorama.media.core.base import Kind
from diorama.media.html.codec import encode
from diorama.media.html.load import decode
from diorama.media.html.media import SUFFIXES, Html, html_from
from diorama.media.html.record import HtmlRecord

KIND = Kind(
    name="html",
    cls=Html,
    record=HtmlRecord,
    encode=encode,
    decode=decode,
    adopts=("IPython.core.display.HTML",),
    adopt=html_from,
    suffixes=SUFFIXES,
)
