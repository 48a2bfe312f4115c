"""Tables: typed columns of values and media."""

from diorama.media.core.base import Kind
from diorama.media.table.codec import encode
from diorama.media.table.load import decode
from diorama.media.table.media import Table, warnings_of
from diorama.media.table.record import TableRecord

KIND = Kind(
    name="table",
    cls=Table,
    record=TableRecord,
    encode=encode,
    decode=decode,
    adopts=(
        "pandas.DataFrame",
        "pandas.core.frame.DataFrame",
        "polars.DataFrame",
        "polars.dataframe.frame.DataFrame",
    ),
    adopt=lambda frame: Table(dataframe=frame),
    warnings=warnings_of,
)
