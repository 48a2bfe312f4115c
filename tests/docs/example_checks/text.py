"""What examples/texts.py logged."""

from __future__ import annotations

from typing import Any


def check(run: Any) -> None:
    rows = list(run.scan_history())
    assert len(rows) == 5
    assert rows[2]["answer"].load() == "I am 40% sure that this is a cat."
    assert rows[0]["report"].record.format == "markdown"
    assert [item.caption for item in rows[0]["conversation"]] == ["user", "assistant"]
    assert rows[0]["code"].record.language == "python"
    assert rows[4]["long"].load().splitlines()[-1] == "line 9999 of step 4"
    assert rows[4]["long"].record.line_count == 10_000


CHECKS = {"texts": check}
