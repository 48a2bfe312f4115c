"""What examples/table_parts.py logged."""

from typing import Any


def check_table_parts(run: Any) -> None:
    [table] = [row["all"] for row in run.scan_history(keys=["all"])]
    assert table.names == ["worker 0", "worker 1", "worker 2"]
    assert table.get_column("worker") == [0] * 4 + [1] * 4 + [2] * 4
    assert table.get_column("square") == [0, 1, 4, 9] * 3


CHECKS = {"table_parts": check_table_parts}
