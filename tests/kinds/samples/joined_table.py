"""The sample of the kind for the contract test."""

from diorama.media import JoinedTable, Table

SAMPLE = JoinedTable(
    Table(columns=["id", "label"], data=[["a", "cat"], ["b", "dog"]]),
    Table(columns=["name", "score"], data=[["a", 0.5]]),
    ["id", "name"],
    caption="labels and scores",
    sample_id="a",
)
