"""Our own API: every route of it."""

from __future__ import annotations

from diorama.server import (
    api_blobs,
    api_content,
    api_data,
    api_ingest,
    api_openapi,
    api_plugins,
    api_runs,
    api_session,
    api_tables,
)
from diorama.server.endpoint import Endpoint
from diorama.server.face import Face

ENDPOINTS: tuple[Endpoint, ...] = (
    api_session.health,
    api_session.session,
    api_session.login,
    api_session.live,
    api_openapi.description,
    api_runs.projects,
    api_runs.runs,
    api_runs.find_runs,
    api_runs.run,
    api_runs.edit_run,
    api_runs.console,
    api_runs.files,
    api_runs.file,
    api_runs.history,
    api_tables.table_page,
    api_tables.table_csv,
    api_runs.find_run,
    api_runs.past_run,
    api_data.keys,
    api_data.series,
    api_data.tracks,
    api_data.media,
    api_data.histograms,
    api_blobs.missing_blobs,
    api_blobs.blob,
    api_blobs.put_blob,
    api_content.content,
    api_plugins.plugins,
    api_plugins.plugin_view,
    api_ingest.ingest,
)
"""In the order in which they are tried."""

API = Face(name="api", prefixes=("/api/",), endpoints=ENDPOINTS)
