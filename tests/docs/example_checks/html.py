"""What examples/html_pages.py logged."""

from __future__ import annotations

from typing import Any


def check(run: Any) -> None:
    rows = list(run.scan_history())
    assert len(rows) == 3
    assert rows[1]["attention"].html.startswith("<p><mark")
    assert (rows[0]["report"].record.title, rows[0]["report"].record.name) == ("Report", "report.html")
    assert rows[0]["report"].data == rows[0]["as it is"].data
    assert [rows[0][key].record.is_styled for key in ("report", "as it is")] == [True, False]
    assert "onclick" in rows[2]["counter"].html


CHECKS = {"html_pages": check}
