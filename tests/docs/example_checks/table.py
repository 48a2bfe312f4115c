"""What examples/tables.py logged."""

from typing import Any


def check_tables(run: Any) -> None:
    predictions = [row["predictions"] for row in run.scan_history(keys=["predictions"])]
    assert [len(table.rows()) for table in predictions] == [20] * 5
    assert predictions[0].columns == ["id", "picture", "guess", "score"]
    assert predictions[0].rows()[3][1].array.shape == (32, 32, 3)
    assert predictions[0].rows()[3][1].record.sample_id == "s3"
    hard = [row["hard cases"] for row in run.scan_history(keys=["hard cases"])]
    assert [len(table.rows()) for table in hard] == [1, 2, 3, 4, 5]
    assert [table.record.row_count for table in hard] == [1] * 5
    joined = run.summary["checked"]
    assert joined.join_key == ("id", "id")
    assert len(list(joined.iterrows())) == 20
    assert run.table("hard cases").get_column("step") == [0, 1, 2, 3, 4]


CHECKS = {"tables": check_tables}
