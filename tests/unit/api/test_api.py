"""Reading runs back: from a store, and from a server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import numpy as np
import pytest
from owner import Service

import diorama.api
from diorama.errors import BadRequest, Corrupt, NotFound, StoreError, Unauthorized, UsageError
from diorama.journal.entry import (
    Batch,
    Config,
    Console,
    ConsoleLine,
    Entry,
    File,
    Finish,
    Log,
    Numbered,
    Start,
    Summary,
)
from diorama.media import KINDS_BY_NAME, Histogram, Image, RunFile
from diorama.media.core.base import Media
from diorama.model import StoreDir
from diorama.service.jsonable import to_json
from diorama.service.views import Problem

BEGAN = 1_700_000_000.0
KEY = "k" * 40
PIXELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


def put(service: Service, media: Media) -> Any:
    """Encode as the sidecar does."""
    snapshot = media.snapshot()
    return KINDS_BY_NAME[snapshot.kind].encode(snapshot, service.put_blob)


def ingest(service: Service, run_id: str, *entries: Entry, **fields: Any) -> None:
    run = ("local", "digits", run_id)
    fields = {"time": BEGAN, "writer": "w.0", "pid": 1, "pid_started": 0.0} | fields
    config = Config(fields.pop("config", {}), [])
    start = Start(entity="local", project="digits", run=run_id, **fields)
    numbered = [Numbered(index + 1, entry) for index, entry in enumerate([start, config, *entries])]
    service.ingest(Batch(run, "w.0", numbered))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with two runs."""
    folder = tmp_path / "store"
    with Service.open(StoreDir(folder)) as service:
        picture = put(service, Image(PIXELS, caption="four"))
        ingest(
            service,
            "first",
            Config({"lr": 0.1, "seed": 2**60, "nan": float("nan"), "net": {"depth": 3}}),
            Log(0, 0, BEGAN, {"loss": 0.5, "picture": picture}),
            Log(1, 1, BEGAN + 1, {"loss": float("nan"), "counts": put(service, Histogram([1, 2, 2]))}),
            Log(2, 2, BEGAN + 2, {"loss": 0.25, "picture": [picture, picture], "big": 2**60}),
            Summary({"best": {"acc": 0.9}}),
            Console([ConsoleLine(number, BEGAN, "stdout", f"line {number}") for number in range(3)]),
            File("notes/a.txt", put(service, RunFile("notes/a.txt", b"text"))),
            File("../escape.txt", put(service, RunFile("../escape.txt", b"bad"))),
            Finish(BEGAN + 9, 0, "finished"),
            name="quick",
            tags=["good"],
        )
        ingest(service, "second", Config({"lr": 0.01}), Log(0, 0, BEGAN, {"loss": 0.75}), time=BEGAN + 5)
    return folder


class _Routes(BaseHTTPRequestHandler):
    """The routes of the server that the read side uses, straight from a service."""

    service: Service

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return self._answer(401, msgspec.json.encode(Problem("unauthorized", "no key")))
        try:
            self._answer(200, self._body(parts[1:], query))
        except NotFound as error:
            self._answer(404, msgspec.json.encode(Problem(error.code, error.message, error.hint)))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        _, _, entity, project, *_ = (unquote(part) for part in self.path.strip("/").split("/"))
        self._answer(200, msgspec.json.encode(self.service.runs(entity, project, **asked)))

    def _body(self, parts: list[str], query: dict[str, str]) -> bytes:
        service = self.service
        if parts[0] == "projects" and len(parts) == 4:
            limit, offset = int(query["limit"]), int(query["offset"])
            return msgspec.json.encode(
                service.runs(parts[1], parts[2], sort=query["sort"], limit=limit, offset=offset)
            )
        if parts[0] == "projects":
            return msgspec.json.encode(service.projects())
        if parts[0] == "blobs":
            return service.get_blob(parts[1])
        if len(parts) == 4:
            return msgspec.json.encode(service.run(service.find_run(*parts[1:]).uid))
        uid = int(parts[1])
        if parts[2] == "history":
            rows = service.scan_history(
                uid,
                keys=query["keys"].split(",") if "keys" in query else None,
                min_step=int(query["min_step"]) if "min_step" in query else None,
                max_step=int(query["max_step"]) if "max_step" in query else None,
                samples=int(query["samples"]) if "samples" in query else None,
            )
            return b"".join(json.dumps(to_json(row)).encode() + b"\n" for row in rows)
        if parts[2] == "files":
            return msgspec.json.encode(service.files(uid))
        return msgspec.json.encode(
            service.console(uid, offset=int(query["offset"]), limit=int(query["limit"]))
        )

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def server(store: Path) -> Iterator[str]:
    with Service.open(StoreDir(store)) as service:
        routes = type("Routes", (_Routes,), {"service": service})
        with ThreadingHTTPServer(("127.0.0.1", 0), routes) as listening:
            thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
            thread.start()
            yield f"http://127.0.0.1:{listening.server_port}"
            listening.shutdown()
            thread.join()


@pytest.fixture(params=["store", "server"])
def api(request: pytest.FixtureRequest, store: Path) -> Iterator[diorama.api.Api]:
    """The same runs, read from their folder and over HTTP."""
    if request.param == "store":
        opened = diorama.api.Api(store)
    else:
        opened = diorama.api.Api(url=request.getfixturevalue("server") + "/", key=KEY)
    with opened:
        yield opened


def test_a_run_with_its_exact_values(api: diorama.api.Api) -> None:
    run = api.run("digits/first")
    assert (run.id, run.name, run.state, run.tags, run.created_at) == (
        "first",
        "quick",
        "finished",
        ["good"],
        BEGAN,
    )
    assert run.config["seed"] == 2**60
    assert run.config["nan"] != run.config["nan"]
    assert run.config["net"] == {"depth": 3}
    assert run.summary["best"] == {"acc": 0.9}
    assert run.summary["big"] == 2**60
    assert run.url.endswith("/local/digits/runs/first")
    assert api.run("local/digits/first").path == run.path


def test_history_row_by_row(api: diorama.api.Api) -> None:
    rows = list(api.run("digits/first").scan_history())
    assert [row["_step"] for row in rows] == [0, 1, 2]
    assert [row["_runtime"] for row in rows] == [0, 1, 2]
    assert rows[1]["loss"] != rows[1]["loss"]
    assert rows[2]["big"] == 2**60
    run = api.run("digits/first")
    assert [row["_step"] for row in run.scan_history(keys=["picture", "loss"])] == [0, 2]
    assert [row["_step"] for row in run.scan_history(min_step=1, max_step=2)] == [1], (
        "max_step is not included"
    )
    assert list(run.scan_history(keys=["nothing"])) == []
    assert list(run.scan_history(keys=["a,b"])) == []


def test_media_come_back_as_arrays(api: diorama.api.Api) -> None:
    rows = list(api.run("digits/first").scan_history())
    picture = rows[0]["picture"]
    assert (picture.kind, picture.caption) == ("image", "four")
    np.testing.assert_array_equal(picture.array, PIXELS)
    assert [type(one) for one in rows[2]["picture"]] == [diorama.api.LoadedMedia] * 2
    np.testing.assert_array_equal(api.run("digits/first").summary["picture"][1].array, PIXELS)
    values, edges = rows[1]["counts"].load()
    assert values.sum() == 3
    assert len(edges) == len(values) + 1
    with pytest.raises(AttributeError, match="no 'nonsense'"):
        _ = picture.nonsense


def test_a_damaged_blob_is_told(store: Path) -> None:
    with diorama.api.Api(store) as api:
        picture = next(api.run("digits/first").scan_history())["picture"]
        sha256 = picture.record.blob.sha256
        path = store / "blobs" / sha256[:2] / sha256[2:4] / sha256
        data = bytearray(path.read_bytes())
        data[20] ^= 4
        path.write_bytes(data)
        with pytest.raises(Corrupt):
            _ = picture.array


def test_samples_are_spread_evenly(api: diorama.api.Api) -> None:
    run = api.run("digits/first")
    assert [row["_step"] for row in run.history(samples=2)] == [0, 2]
    assert [row["_step"] for row in run.history()] == [0, 1, 2]
    assert len(run.history(samples=1)) == 1
    assert run.history(keys=["nothing"]) == []
    with pytest.raises(UsageError):
        run.history(samples=0)


def test_sampling_a_long_run_keeps_its_ends(store: Path) -> None:
    with Service.open(StoreDir(store)) as service:
        ingest(service, "long", *(Log(step, step, BEGAN + step, {"x": step}) for step in range(5000)))
    with diorama.api.Api(store) as api:
        steps = [row["x"] for row in api.run("digits/long").history(samples=100)]
    gaps = np.diff(steps)
    assert (len(steps), steps[0], steps[-1]) == (100, 0, 4999)
    assert gaps.min() > 25
    assert gaps.max() < 100


def test_runs_in_order_and_filtered(api: diorama.api.Api) -> None:
    assert [run.id for run in api.runs("digits")] == ["first", "second"]
    assert [run.id for run in api.runs("local/digits", order="-created_at")] == ["second", "first"]
    assert [run.id for run in api.runs("digits", order="+summary_metrics.loss")] == ["first", "second"]
    runs = api.runs("digits", {"config.lr": {"$gt": 0.05}})
    assert (len(runs), runs[0].id, runs[-1].id, [run.id for run in runs[:5]]) == (
        1,
        "first",
        "first",
        ["first"],
    )
    with pytest.raises(NotFound):
        len(api.runs("nothing"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["first", "second"]),
        ({"state": "finished"}, ["first"]),
        ({"config.lr.value": 0.01}, ["second"]),
        ({"config.net.depth": {"$gte": 3, "$lt": 4}}, ["first"]),
        ({"summary_metrics.best.acc": {"$exists": True}}, ["first"]),
        ({"tags": "good"}, ["first"]),
        ({"tags": {"$nin": ["good", "bad"]}}, ["second"]),
        ({"display_name": {"$regex": "^qu"}}, ["first"]),
        ({"$or": [{"config.lr": 0.01}, {"name": "quick"}]}, ["first", "second"]),
        ({"$nor": [{"config.lr": 0.01}]}, ["first"]),
        ({"config.lr": {"$ne": 0.1}}, ["second"]),
        ({"config.lr": {"$not": {"$gt": 0.05}}}, ["second"]),
        ({"config.lr": {"$gt": "text"}}, []),
        ({"config.none": {"$lt": 1}}, []),
    ],
)
def test_mongo_filters(store: Path, filters: dict[str, Any], expected: list[str]) -> None:
    with diorama.api.Api(store) as api:
        assert [run.id for run in api.runs("digits", filters)] == expected


def test_only_what_passes_is_read(api: diorama.api.Api, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    source = api._source
    of_source = source.runs

    def runs(*names: str, **asked: Any) -> Any:
        page = of_source(*names, **asked)
        read.append(len(page.runs))
        return page

    monkeypatch.setattr(source, "runs", runs)
    monkeypatch.setattr(diorama.api.api, "PAGE_RUNS", 1)
    assert len(api.runs("digits", {"config.lr": {"$gt": 0.05}})) == 1
    assert read == [1]
    both = api.runs("digits", {"config.lr": {"$gt": 0}}, order="-config.lr")
    assert (len(both), [run.id for run in both[:1]], both[0].id, read) == (2, ["first"], "first", [1, 1])
    assert [run.id for run in both[0:9]] == [run.id for run in both] == ["first", "second"]
    assert ([run.id for run in both[::-1]], both[-1].id) == (["second", "first"], "second")
    assert read == [1, 1, 1]
    assert [run.id for run in api.runs("digits", {"config.lr": np.float64(0.01)})] == ["second"]
    assert [run.id for run in api.runs("digits", {"config.seed": 2**60})] == ["first"]
    assert list(api.runs("digits", {"config.nan": float("nan")})) == []


@pytest.mark.slow
@pytest.mark.parametrize("filters", [{"nonsense": 1}, {"config.lr": {"$where": "1"}}, {"$and": {}}])
def test_unreadable_filters_are_refused(store: Path, filters: dict[str, Any]) -> None:
    with diorama.api.Api(store) as api, pytest.raises(BadRequest):
        list(api.runs("digits", filters))


def test_files_are_downloaded_below_the_folder_only(api: diorama.api.Api, tmp_path: Path) -> None:
    run = api.run("digits/first")
    assert sorted(file.name for file in run.files()) == ["../escape.txt", "notes/a.txt"]
    root = tmp_path / "down"
    path = run.file("notes/a.txt").download(root)
    assert path == (root / "notes" / "a.txt").resolve()
    assert path.read_bytes() == b"text"
    with pytest.raises(FileExistsError):
        run.file("notes/a.txt").download(root)
    run.file("notes/a.txt").download(root, replace=True)
    with pytest.raises(UsageError):
        run.file("../escape.txt").download(root)
    assert not (tmp_path / "escape.txt").exists()
    with pytest.raises(NotFound):
        run.file("nothing")


@pytest.mark.parametrize(
    "name", ["/etc/x", "a/../../x", "..", ".", "C:\\x", "a\\..\\..\\x", "link/x", "a\x00b"]
)
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    from diorama.api.run import _below

    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError):
        _below(root, name)


def test_console_lines(api: diorama.api.Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diorama.api.run.CONSOLE_PAGE", 2)
    assert [line.text for line in api.run("digits/first").console_lines()] == ["line 0", "line 1", "line 2"]


@pytest.mark.parametrize("path", ["", "digits", "a/b/c/d", "digits//x"])
def test_paths_that_name_no_run(store: Path, path: str) -> None:
    with diorama.api.Api(store) as api, pytest.raises(BadRequest):
        api.run(path)


def test_what_is_not_there(api: diorama.api.Api) -> None:
    with pytest.raises(NotFound):
        api.run("digits/none")
    assert api.run("/local/digits/runs/first").id == "first", "a pasted page address is understood"
    assert [project.name for project in api.projects()] == ["digits"]


@pytest.mark.slow
def test_a_wrong_key_and_a_dead_server(server: str) -> None:
    with pytest.raises(Unauthorized):
        diorama.api.Api(url=server, key="wrong").run("digits/first")
    with pytest.raises(StoreError, match="does not answer"):
        diorama.api.Api(url="http://127.0.0.1:9", key=KEY).run("digits/first")
    with pytest.raises(UsageError):
        diorama.api.Api("somewhere", url=server)
    with pytest.raises(UsageError):
        diorama.api.Api(url="ftp://x")


def test_settings_from_the_environment(store: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIORAMA_DIR", str(store))
    assert diorama.api.Api().run("digits/first").name == "quick"
    monkeypatch.setenv("DIORAMA_URL", server)
    monkeypatch.setenv("DIORAMA_API_KEY", KEY)
    assert diorama.api.Api().run("digits/first").url.startswith(server)
