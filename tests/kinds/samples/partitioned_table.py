"""The sample of the kind for the contract test."""

from diorama.media import PartitionedTable, Table

SAMPLE = PartitionedTable(
    [Table(columns=["id"], data=[[number]]) for number in range(3)],
    names=["first", "second", "third"],
    caption="three parts",
    sample_id="a",
)
