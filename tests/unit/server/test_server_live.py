"""Live updates through a real server."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
from owner import Service
from server_sample import KEY, T0, Sample, batch, running_server, start

from diorama.errors import StoreError
from diorama.journal.entry import Log, Numbered
from diorama.model import OWNER, StoreDir
from diorama.server import live
from diorama.server.key import ensure_key, rotate_key
from diorama.server.lanes import Lanes
from diorama.server.run import ServerHandle
from diorama.server.settings import Limits
from diorama.service import Access


@pytest.fixture(scope="module")
def server(service: Service, sample: Sample, store_dir: StoreDir) -> Iterator[ServerHandle]:
    with running_server(service, store_dir, limits=Limits(live_streams=3)) as handle:
        yield handle


@pytest.fixture
def http(server: ServerHandle) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {KEY}"}, timeout=10) as client:
        yield client


def events(reply: httpx.Response) -> Iterator[tuple[int, dict[str, Any]]]:
    """(id, data) of every event of a stream."""
    event_id = -1
    for line in reply.iter_lines():
        if line.startswith("id: "):
            event_id = int(line[4:])
        elif line.startswith("data: "):
            yield event_id, json.loads(line[6:])


def log_step(service: Service, run: str, step: int, project: str = "demo") -> None:
    head = start(run, project=project)
    one = batch(head)
    one.entries = [*one.entries, Numbered(2 + step, Log(step, step, T0 + step, {"loss": float(step)}))]
    service.ingest(one)


def test_an_event_comes_soon_and_names_what_changed(service: Service, http: httpx.Client) -> None:
    with http.stream("GET", "/api/live?project=local/demo") as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        stream = events(reply)
        first_id, first = next(stream)
        assert first == {"version": first_id, "runs": []}
        before = time.perf_counter()
        log_step(service, "watched", 0)
        event_id, event = next(stream)
        assert time.perf_counter() - before < 1.5
    assert event_id == event["version"] > first_id
    assert [run["uid"] for run in event["runs"]] == [service.find_run("local", "demo", "watched").uid]
    assert event["runs"][0]["keys"] == ["loss"]


def test_a_reconnect_misses_nothing(service: Service, http: httpx.Client) -> None:
    with http.stream("GET", "/api/live?project=local/demo") as reply:
        seen, _ = next(events(reply))
    log_step(service, "missed", 0)
    log_step(service, "missed", 1)
    for asked in ({"headers": {"last-event-id": str(seen)}}, {"params": {"since": seen}}):
        with http.stream("GET", "/api/live", **asked) as reply:
            _, event = next(events(reply))
        assert service.find_run("local", "demo", "missed").uid in [run["uid"] for run in event["runs"]]
        assert event["version"] == service.version()


def test_deleted_runs_are_told_to_those_who_saw_their_project(service: Service, http: httpx.Client) -> None:
    log_step(service, "doomed", 0)
    log_step(service, "doomed", 0, project="doomed")
    here, there = (service.find_run("local", name, "doomed").uid for name in ("demo", "doomed"))
    with (
        http.stream("GET", "/api/live?project=local/demo") as reply,
        http.stream("GET", "/api/live") as every,
    ):
        stream, all_projects = events(reply), events(every)
        assert "deleted" not in next(stream)[1]
        first_id, _ = next(all_projects)
        service.delete_runs([there, here])
        _, event = next(stream)
        assert (event["runs"], event["deleted"]) == ([], [here])
        _, event = next(all_projects)
        assert (event["runs"], event["deleted"]) == ([], [here, there])
    with http.stream("GET", f"/api/live?project=local/demo&since={first_id}") as reply:
        _, event = next(events(reply))
    assert event["deleted"] == [here], "a page that was away hears of it as well"
    assert http.get(f"/api/runs/{here}").status_code == 404
    assert http.get("/api/runs/local/demo/doomed").status_code == 404


@pytest.mark.slow
def test_other_projects_are_not_heard(service: Service, http: httpx.Client) -> None:
    with http.stream("GET", "/api/live?project=local/demo") as reply:
        stream = events(reply)
        next(stream)
        log_step(service, "elsewhere", 0, project="other")
        time.sleep(0.5)
        log_step(service, "here", 0)
        _, event = next(stream)
    assert [run["uid"] for run in event["runs"]] == [service.find_run("local", "demo", "here").uid]


def test_a_version_from_the_future_begins_anew(service: Service, http: httpx.Client) -> None:
    with http.stream("GET", "/api/live?since=999999999") as reply:
        event_id, event = next(events(reply))
    assert event_id == service.version()
    assert event["runs"] == []


def test_a_store_that_is_made_anew_is_told_of_as_it_is_now(tmp_path: Path) -> None:
    """Its runs have the numbers of others, and its versions were there before."""
    store = StoreDir(tmp_path / "store")

    async def listen() -> None:
        with Service.open(store) as service:
            access = service.for_(OWNER)
            hub = live.LiveHub(access, Lanes(), limit=3)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(hub.watch)
                for project, steps in (("old", 3), ("new", 1)):
                    stream = hub.stream(access, None, f"local/{project}", lambda: True)
                    with anyio.fail_after(10):
                        assert b'"runs":[]' in await anext(stream)
                        for step in range(steps):
                            await anyio.to_thread.run_sync(log_step, service, "one", step, project)
                            assert b'"uid":1,' in await anext(stream)
                    await stream.aclose()
                    shutil.rmtree(store.root)
                tasks.cancel_scope.cancel()

    anyio.run(listen)


def test_streams_are_bounded_and_room_comes_back(http: httpx.Client) -> None:
    streams = [http.stream("GET", "/api/live") for _ in range(3)]
    replies = [stream.__enter__() for stream in streams]
    assert [reply.status_code for reply in replies] == [200] * 3
    # Kept, because a reader that is thrown away closes its connection.
    readers = [events(reply) for reply in replies]
    assert all(next(reader) for reader in readers)
    refused = http.get("/api/live")
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    for stream in streams:
        stream.__exit__(None, None, None)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        with http.stream("GET", "/api/live") as reply:
            if reply.status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError("closed streams still count")


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "9" * 30, "٣"])
def test_an_id_that_we_never_sent_is_refused(http: httpx.Client, value: str) -> None:
    reply = http.get("/api/live", headers={"last-event-id": value.encode()})
    assert reply.status_code == 400


def test_a_new_key_ends_the_streams_of_the_old_one(
    service: Service, sample: Sample, store_dir: StoreDir, tmp_path: Path
) -> None:
    key_file = tmp_path / "key"
    headers = {"authorization": f"Bearer {ensure_key(key_file)}"}
    with (
        running_server(service, store_dir, key=key_file) as other,
        httpx.stream("GET", f"{other.url}/api/live", headers=headers, timeout=10) as reply,
    ):
        stream = events(reply)
        next(stream)
        rotate_key(key_file)
        log_step(service, "secret", 0)
        assert list(stream) == []


def test_head_does_not_wait(http: httpx.Client) -> None:
    assert http.head("/api/live").status_code == 200


def test_a_stop_ends_the_streams(service: Service, sample: Sample, store_dir: StoreDir) -> None:
    with httpx.Client(headers={"authorization": f"Bearer {KEY}"}, timeout=10) as client:
        with running_server(service, store_dir) as other:
            reply = client.send(client.build_request("GET", f"{other.url}/api/live"), stream=True)
            stream = events(reply)
            next(stream)
            before = time.monotonic()
        assert time.monotonic() - before < 3
        assert list(stream) == []


@pytest.mark.slow
def test_streams_outlive_a_store_that_can_not_be_read_for_a_while(
    service: Service, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RETRY_SECS", 0.05)
    failures: list[int] = []
    readable = service.version

    def unreadable() -> int:
        failures.append(1)
        raise StoreError("the database says: disk I/O error")

    with http.stream("GET", "/api/live?project=local/demo") as reply:
        stream = events(reply)
        next(stream)
        with monkeypatch.context() as broken:
            broken.setattr(Access, "version", staticmethod(unreadable))
            while len(failures) < 5:
                time.sleep(0.01)
            log_step(service, "after-a-fault", 0)
        assert service.version == readable
        uid = service.find_run("local", "demo", "after-a-fault").uid
        assert [run["uid"] for run in next(stream)[1]["runs"]] == [uid]
        log_step(service, "after-a-fault", 1)
        assert next(stream)[1]["runs"]


def test_a_stream_that_begins_while_the_store_can_not_be_read_waits_for_it(
    service: Service, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RETRY_SECS", 0.05)

    def unreadable() -> int:
        raise StoreError("the database says: disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(Access, "version", staticmethod(unreadable))
        with http.stream("GET", "/api/live") as reply:
            assert reply.status_code == 200
            assert next(reply.iter_lines()).startswith(":")
            broken.undo()
