"""Slow answers of one kind never hold up the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest
from owner import Service
from server_sample import BASE_URL, KEY, T0, Sample, batch, settings, start

from diorama.journal.codec import encode_batch
from diorama.journal.entry import Log
from diorama.model import OWNER
from diorama.server import api_plugins
from diorama.server.app import create_app
from diorama.server.lanes import THREADS
from diorama.service import Access


@pytest.mark.slow
@pytest.mark.parametrize("slow", ["page", "csv", "history", "plugins"])
def test_forty_slow_pages_hold_up_nothing_but_each_other(
    service: Service, sample: Sample, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    release = threading.Event()
    entered = threading.Semaphore(0)

    def wait(*_: Any, **__: Any) -> Any:
        entered.release()
        assert release.wait(60)
        raise NotImplementedError

    def wait_in_pieces(*_: Any, **__: Any) -> Iterator[Any]:
        yield b"begun\n" if slow == "csv" else {"_step": 0, "text": "x" * 100_000}
        wait()

    paths = {
        "page": ("POST", "/api/tables/page", {"json": {"run": sample.uid, "key": "words"}}),
        "csv": ("GET", f"/api/tables/csv?run={sample.uid}&key=words", {}),
        "history": ("GET", f"/api/runs/{sample.uid}/history", {}),
        "plugins": ("GET", "/api/plugins", {}),
    }
    monkeypatch.setattr(api_plugins, "describe_plugins", wait)
    monkeypatch.setattr(Access, "table_page", wait)
    monkeypatch.setattr(Access, "table_csv", wait_in_pieces)
    monkeypatch.setattr(Access, "scan_history", wait_in_pieces)
    answered: dict[str, int] = {}

    async def ask() -> None:
        app = create_app(service, settings=settings())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as client:

            async def be_slow() -> None:
                method, path, more = paths[slow]
                await client.request(method, path, timeout=60, **more)

            async with anyio.create_task_group() as tasks:
                for _ in range(40):
                    tasks.start_soon(be_slow)
                try:
                    with anyio.fail_after(20):
                        for _ in range(THREADS["tables"]):
                            await anyio.to_thread.run_sync(entered.acquire)
                        answered["health"] = (await client.get("/healthz")).status_code
                        logged = encode_batch(batch(start(f"beside-{slow}"), Log(0, 0, T0, {"a": 1.0})))
                        kind = {"content-type": "application/msgpack"}
                        reply = await client.post("/api/ingest", content=logged, headers=kind)
                        answered["ingest"] = reply.status_code
                        answered["runs"] = (await client.get("/api/projects/local/demo/runs")).status_code
                        stream = app.state.live.stream(service.for_(OWNER), None, None, lambda: True)
                        first = await anext(stream)
                        assert first.startswith(b"id: ")
                finally:
                    release.set()

    anyio.run(ask)
    assert answered == {"health": 200, "ingest": 200, "runs": 200}
