"""Text and Markdown: prompts, outputs, notes."""

from diorama.media.core.base import Kind
from diorama.media.text.codec import encode, warnings_of
from diorama.media.text.load import decode
from diorama.media.text.media import Text, text_from
from diorama.media.text.record import TextRecord

KIND = Kind(
    name="text",
    cls=Text,
    record=TextRecord,
    encode=encode,
    decode=decode,
    adopts=("IPython.core.display.Markdown",),
    adopt=text_from,
    warnings=warnings_of,
)
