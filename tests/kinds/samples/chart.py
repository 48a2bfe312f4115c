"""The sample of the contract test."""

from diorama.media import CustomChart, Table

SAMPLE = CustomChart(
    Table(columns=["x", "y"], data=[[1, 2], [2, 4]]),
    "wandb/line/v0",
    {"x": "x", "y": "y"},
    caption="a line",
    sample_id="a",
)
