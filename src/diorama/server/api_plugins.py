"""The plugins that are installed where this server runs, and the views of their kinds.

A plugin may take half a minute to say what it adds, or hang: so both answers come from the lane of slow ones.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from diorama.errors import NotFound
from diorama.media.plugin.catalog import describe_plugins
from diorama.server.endpoint import Call, endpoint
from diorama.service import views

if TYPE_CHECKING:
    from diorama.service import Access

log = logging.getLogger("diorama.server")
_told: set[tuple[str, str]] = set()


@endpoint("GET", "/api/plugins", lane="tables")
def plugins(service: Access) -> views.PluginList:
    """The installed plugins, those that can't be used included."""
    described = describe_plugins()
    for plugin in described:
        trouble = (plugin.name, plugin.trouble)
        if plugin.trouble and trouble not in _told:
            _told.add(trouble)
            log.warning("the plugin %s (%s): %s", plugin.name, plugin.package, plugin.trouble)
    return views.PluginList(
        [
            views.PluginView(
                name=plugin.name,
                package=plugin.package,
                version=plugin.version,
                trouble=plugin.trouble,
                kinds=[
                    views.PluginKindView(name=kind.name, title=kind.title, view=kind.sha256)
                    for kind in plugin.kinds
                ],
            )
            for plugin in described
        ]
    )


class ViewPath(msgspec.Struct):
    """The SHA-256 of the module: 64 lower-case hexadecimal digits."""

    sha256: str


@endpoint("GET", "/api/plugins/views/{sha256}", reply_mime="text/javascript", lane="tables")
async def plugin_view(call: Call, path: ViewPath) -> Response:
    """The ES module that draws a plugin's kind, by its hash. The page runs it in a frame without origin."""
    text: str = await call.run(_view, path.sha256)
    headers = {
        "content-type": "text/javascript; charset=utf-8",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "content-disposition": "attachment",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "private, max-age=31536000, immutable",
    }
    return Response(text, headers=headers)


def _view(sha256: str) -> str:
    for plugin in describe_plugins():
        for kind in plugin.kinds:
            if kind.sha256 == sha256:
                return kind.view
    raise NotFound("no plugin has this view", hint="its plugin has another version now: load the page again")
