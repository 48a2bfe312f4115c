"""Two tables, seen as one."""

from diorama.media.core.base import Kind
from diorama.media.joined_table.codec import encode, warnings_of
from diorama.media.joined_table.load import decode
from diorama.media.joined_table.media import JoinedTable
from diorama.media.joined_table.record import JoinedTableRecord

KIND = Kind(
    name="joined_table",
    cls=JoinedTable,
    record=JoinedTableRecord,
    encode=encode,
    decode=decode,
    warnings=warnings_of,
)
