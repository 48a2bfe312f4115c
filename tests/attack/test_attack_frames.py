"""T27, T28, T33, T34: the pages in which other people's figures run, and what they may load.

What happens inside of them is looked at in a real browser: tests/browser/test_plots.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from owner import Service
from server_sample import Client, Sample, client_of

from diorama.media import Bokeh, Plotly, Vega
from diorama.server.frames import frame_headers

ROOT = Path(__file__).parents[2]
FRAMES = ["plotly", "bokeh", "vega", "plugin"]
SCRIPT = "assets/frame-plotly-Ab12_-xyz.js"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As much of a built UI as is asked for here."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "frames").mkdir()
    (folder / "assets").mkdir()
    for name in FRAMES:
        (folder / "frames" / f"{name}.html").write_text(f"<!doctype html><title>{name}</title>")
    (folder / SCRIPT).write_text("export {}")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "index.html").write_text("<!doctype html><title>app</title>")
    return folder


@pytest.fixture(params=["", "/lab/diorama"])
def browser(request: pytest.FixtureRequest, service: Service, sample: Sample, built: Path) -> Client:
    return client_of(service, key=None, static_dir=built, base_path=request.param)


def rules(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (rule.split() for rule in policy.split(";"))}


@pytest.mark.parametrize("name", FRAMES)
def test_t33_a_frame_is_a_sandbox_also_in_a_tab_of_its_own(browser: Client, name: str) -> None:
    reply = browser.get(f"/frames/{name}.html", headers={"sec-fetch-site": "cross-site"})
    assert reply.status_code == 200
    policy = rules(reply.headers["content-security-policy"])
    assert policy["sandbox"] == ["allow-scripts"]
    assert policy["default-src"] == policy["connect-src"] == policy["form-action"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'self'"]
    # A plugin's view comes as text from the page around it, and runs as a module of the frame itself.
    assert set(policy["script-src"]) <= {"'self'", "blob:" if name == "plugin" else "'unsafe-eval'"}
    assert ("'unsafe-eval'" in policy["script-src"]) == (name == "bokeh")
    for directive in ("img-src", "font-src", "media-src", "worker-src"):
        assert set(policy[directive]) <= {"data:", "blob:"}
    assert reply.headers["connection-allowlist"] == "(response-origin)"
    assert "webrtc" not in policy
    assert reply.headers["x-frame-options"] == "SAMEORIGIN"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in reply.headers
    assert "set-cookie" not in reply.headers


def test_t33_frames_let_no_origin_in() -> None:
    for name in FRAMES:
        policy = frame_headers(f"frames/{name}.html")["content-security-policy"]
        assert "allow-same-origin" not in policy
        assert "http" not in policy
        assert "*" not in policy


def test_pages_without_origin_read_public_scripts_and_nothing_else(browser: Client) -> None:
    nowhere = {"origin": "null", "sec-fetch-site": "cross-site"}
    reply = browser.get(f"/{SCRIPT}", headers=nowhere)
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in reply.headers
    for path in ("/", "/favicon.svg", "/frames/plotly.html", "/api/projects", "/api/session", "/healthz"):
        refused = browser.get(path, headers=nowhere)
        assert refused.status_code == 403, path
        assert "access-control-allow-origin" not in refused.headers
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert browser.request(method, f"/{SCRIPT}", headers=nowhere).status_code == 403
    for path in ("/assets/../api/projects", "/assets/%2e%2e/api/projects", "/assets//api/projects"):
        assert browser.get(path, headers=nowhere).status_code in {403, 404}


@pytest.mark.parametrize("origin", ["https://evil.example", "null.example", "NULL", "null, null", "file://"])
def test_other_origins_do_not_even_read_scripts(browser: Client, origin: str) -> None:
    assert browser.get(f"/{SCRIPT}", headers={"origin": origin}).status_code == 403


def test_t34_frame_pages_hold_no_code_and_ask_for_none_from_elsewhere() -> None:
    pages = sorted((ROOT / "web" / "frames").glob("*.html"))
    assert [page.stem for page in pages] == sorted(FRAMES)
    for page in pages:
        text = page.read_text()
        [script] = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL)
        assert script == (f' type="module" src="../src/frames/{page.stem}.ts"', "")
        assert "http" not in text


def test_t34_frames_in_the_page_are_sandboxed() -> None:
    """Whoever writes an <iframe> writes its sandbox, with scripts and nothing more, or with nothing."""
    for source in sorted((ROOT / "web" / "src").rglob("*.tsx")):
        for frame in re.findall(r"<iframe\b[^>]*>", source.read_text(), re.DOTALL):
            assert re.search(r'\bsandbox="(allow-scripts)?"', frame), source


@pytest.mark.parametrize("depth", [10_000, 1_000_000])
def test_deep_json_is_refused_not_crashed_on(depth: int) -> None:
    deep = '{"data": ' + "[" * depth + "]" * depth + ', "roots": [], "mark": "bar"}'
    for media in (Plotly, Bokeh, Vega):
        with pytest.raises(ValueError, match=r"nested too deeply|not valid JSON|list of traces"):
            media(deep)
