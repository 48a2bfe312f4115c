"""What examples/plots.py logged."""

from typing import Any


def check_plots(run: Any) -> None:
    [*_, last] = [row["roc"] for row in run.scan_history(keys=["roc"])]
    assert last.record.preset == "wandb/area-under-curve/v0"
    assert sorted(last.record.areas) == ["cat", "dog", "owl"]
    assert min(last.record.areas.values()) > 0.7
    [matrix] = [row["confusion"] for row in run.scan_history(keys=["confusion"])][-1:]
    assert sum(row[2] for row in matrix.table.data) == 500
    [both] = [row["both"] for row in run.scan_history(keys=["both"])]
    assert both.spec["encoding"]["x"]["field"] == "${field:x}"
    assert both.fields == {"x": "age", "y": "weight"}


CHECKS = {"plots": check_plots}
