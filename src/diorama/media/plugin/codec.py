"""From the snapshot of a plugin's media to its record and blobs. Runs in the sidecar; the plugin's own code
runs in a worker, so that it can harm nothing but its own media."""

from __future__ import annotations

from typing import Any

from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.core.extent import Extent, size_of
from diorama.media.core.limited import CPU_SECS, MEMORY_BYTES, WALL_SECS, run_limited
from diorama.media.plugin.content import checked_body, checked_plugin, checked_sources
from diorama.media.plugin.record import PluginRecord
from diorama.plugins.installed import installed_plugins


def encode(snapshot: Snapshot, put_blob: PutBlob) -> PluginRecord:
    """The record. Raises DecodeError if the plugin's encoder fails."""
    header = snapshot.header
    plugin = checked_plugin(header["plugin"])
    if header["is_raw"]:
        body, parts = _encoded(snapshot)
    else:
        names = header["blobs"]
        body = header["body"]
        parts = {
            name: (kept.source(), mime) for (name, mime), kept in zip(names, snapshot.buffers, strict=True)
        }
    # Check the worker's answer too: the plugin's code may be wrong.
    body = checked_body(body)
    blobs = {name: put_blob(data, mime) for name, mime, data in checked_sources(parts)}
    found = installed_plugins().get(plugin.partition(":")[0])
    return PluginRecord(
        plugin=plugin,
        package=found.package if found else None,
        version=found.version if found else None,
        body=body,
        blobs=blobs,
        caption=header["caption"],
        sample_id=header["sample_id"],
    )


def _encoded(snapshot: Snapshot) -> tuple[dict[str, Any], dict[str, Any]]:
    header = snapshot.header
    sources = [kept.source() for kept in snapshot.buffers]
    in_files = sum(source.size_bytes for source in sources if isinstance(source, Extent))
    answer = run_limited(
        "diorama.media.plugin.facts:encode",
        {
            "plugin": header["plugin"],
            "body": header["body"],
            "blobs": [
                [name, list(source) if isinstance(source, Extent) else size_of(source)]
                for (name, _), source in zip(header["blobs"], sources, strict=True)
            ],
        },
        b"".join(source for source in sources if not isinstance(source, Extent)),
        memory_bytes=MEMORY_BYTES + 8 * in_files,
        cpu_secs=CPU_SECS + in_files / (10 << 20),
        wall_secs=WALL_SECS + in_files / (5 << 20),
        apart=worker_name(header["plugin"].partition(":")[0]),
    )
    return answer["body"], {name: (data, mime) for name, mime, data in answer["blobs"]}


def worker_name(plugin: str) -> str:
    """Which workers a plugin's code runs in: its own, and others after another version was installed."""
    found = installed_plugins().get(plugin)
    return f"plugin {plugin} {found.version if found else ''}"
