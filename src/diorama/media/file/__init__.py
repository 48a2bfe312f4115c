"""Files that nobody looks into: kept byte for byte, offered for download."""

from diorama.media.core.base import Kind
from diorama.media.file.codec import encode
from diorama.media.file.load import decode
from diorama.media.file.media import RunFile
from diorama.media.file.record import FileRecord

KIND = Kind(name="file", cls=RunFile, record=FileRecord, encode=encode, decode=decode)
