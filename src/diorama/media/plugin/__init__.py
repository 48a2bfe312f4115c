"""Media of kinds that plugins add, as one kind of ours: a JSON body and named blobs."""

from diorama.media.core.base import Kind
from diorama.media.plugin.codec import encode
from diorama.media.plugin.load import decode
from diorama.media.plugin.media import PluginMedia
from diorama.media.plugin.record import PluginRecord

KIND = Kind(name="plugin", cls=PluginMedia, record=PluginRecord, encode=encode, decode=decode)
