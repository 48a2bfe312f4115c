"""The pages in which other people's figures are drawn: Plotly, Bokeh and Vega run what a figure says, and the
view of a plugin is code.

Such a page is ours, but its content is not. So the answer puts it into a sandbox without origin and without
network; it gets the figure by a message from the page around it, so that a tab of its own shows nothing.
A page without origin may load scripts only where their answer says so: those of the built UI are public.
"""

from __future__ import annotations

FRAMES_FOLDER = "frames/"
OPEN_FOLDER = "/assets/"
"""What pages without origin may read: hashed files of the build, the same on every server of this version."""

OPEN_ASSET_HEADERS: dict[str, str] = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}

_RUNS_PLUGINS = "frames/plugin.html"
"""The view of a plugin comes as text in a message, and runs as a module of the frame itself (a blob: URL)."""

_MAY_EVALUATE = frozenset({"frames/bokeh.html"})
"""Bokeh's CustomJS, of which links between widgets are made, is compiled in the browser."""

_RULES = (
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "font-src data:",
    "media-src data: blob:",
    "worker-src blob:",
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    "sandbox allow-scripts",
)


def frame_headers(path: str) -> dict[str, str]:
    """The headers of the frame page at `path` ("frames/plotly.html")."""
    more = " 'unsafe-eval'" if path in _MAY_EVALUATE else " blob:" if path == _RUNS_PLUGINS else ""
    scripts = f"script-src 'self'{more}"
    return {
        "content-security-policy": "; ".join((*_RULES, scripts)),
        "connection-allowlist": "(response-origin)",
        "x-frame-options": "SAMEORIGIN",
        "x-dns-prefetch-control": "off",
    }
