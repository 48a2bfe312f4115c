"""A table in parts."""

from diorama.media.core.base import Kind
from diorama.media.partitioned_table.codec import encode, warnings_of
from diorama.media.partitioned_table.load import decode
from diorama.media.partitioned_table.media import PartitionedTable
from diorama.media.partitioned_table.record import PartitionedTableRecord

KIND = Kind(
    name="partitioned_table",
    cls=PartitionedTable,
    record=PartitionedTableRecord,
    encode=encode,
    decode=decode,
    warnings=warnings_of,
)
