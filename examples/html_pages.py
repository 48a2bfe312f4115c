"""HTML pages: from text, from a file, with a script of their own."""

from pathlib import Path

import diorama

report = Path("report.html")
report.write_text("<!doctype html><title>Report</title><h1>All is well</h1><p>Loss fell at every step.")

COUNTER = """<button id=b>0</button>
<script>let n = 0; b.onclick = () => { b.textContent = ++n }</script>"""

with diorama.init(project="examples", name="html pages") as run:
    for step in range(3):
        words = " ".join(f"<mark style='opacity:{(i + step) % 5 / 5}'>word{i}</mark>" for i in range(12))
        run.log(
            {
                "attention": diorama.Html(f"<p>{words}</p>", caption=f"step {step}"),
                "report": diorama.Html(report),
                "as it is": diorama.Html("report.html", inject=False),
                "counter": diorama.Html(COUNTER),
            }
        )
print(f"logged {report}")
