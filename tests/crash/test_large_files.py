"""A film of 2 GiB goes all the way, and no process ever holds much of it in memory."""

from __future__ import annotations

import filecmp
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from large_files import MARK_EVERY_BYTES, MIB, Peaks, roomy_folder, write_film
from processes import HANGS_AFTER_SECS, sidecar_pids, wait_for
from server_process import ServerProcess

import diorama
from diorama.media import VideoRecord
from diorama.model import StoreDir
from diorama.store.blobs import path_of

SIZE_BYTES = 2 << 30
IN_BUCKET_BYTES = 320 * MIB
LIMIT_MIB = 300

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks of memory are read from /proc"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = roomy_folder(tmp_path, 2 * SIZE_BYTES)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def film(folder: Path) -> Path:
    write_film(folder / "film.mp4", SIZE_BYTES)
    return folder / "film.mp4"


def log(film: Path, store: StoreDir, **environment: str) -> dict[str, int]:
    """Log the film, wait until all is stored, and give the peaks of trainer, sidecar and workers in MiB."""
    command = [sys.executable, str(Path(__file__).with_name("large_trainer.py")), str(film), "r"]
    environ = {**os.environ, "DIORAMA_DIR": str(store.root), "NO_PROXY": "*", **environment}
    with subprocess.Popen(command, env=environ) as trainer, Peaks(store, {"trainer": trainer.pid}) as peaks:
        assert trainer.wait(HANGS_AFTER_SECS) == 0
        assert wait_for(lambda: not sidecar_pids(store))
    return peaks.of


def assert_small(peaks: dict[str, int], *names: str) -> None:
    print(f"peaks in MiB: {peaks}")
    assert set(names) <= peaks.keys()
    assert all(0 < peaks[name] < LIMIT_MIB for name in names), peaks


def record_in(api: diorama.Api, size_bytes: int = SIZE_BYTES) -> VideoRecord:
    first, second = (row["film"].record for row in api.run("local/films/r").scan_history())
    assert first == second
    assert isinstance(first, VideoRecord)
    assert (first.blob.size_bytes, first.frame_count, first.width) == (size_bytes, 10, 64)
    assert first.poster is not None
    return first


def test_a_film_is_stored_on_this_machine(film: Path, folder: Path) -> None:
    store = StoreDir(folder / "store")
    assert_small(log(film, store), "trainer", "sidecar", "worker")
    with diorama.Api(store=store.root) as api:
        stored = store.blobs / path_of(record_in(api).blob.sha256)
    assert filecmp.cmp(film, stored, shallow=False)
    assert stored.stat().st_nlink == 1, "the spool has gone"


def test_a_film_is_uploaded_and_served(film: Path, folder: Path) -> None:
    server = ServerProcess(folder / "server")
    try:
        with Peaks(StoreDir(folder / "client"), {"server": server.process.pid}) as peaks:
            own = log(film, StoreDir(folder / "client"), DIORAMA_URL=server.url, DIORAMA_API_KEY=server.key)
            with diorama.Api(url=server.url, key=server.key) as api:
                blob = record_in(api).blob
            with film.open("rb") as file:
                for start in range(MARK_EVERY_BYTES - MIB, SIZE_BYTES, MARK_EVERY_BYTES):
                    file.seek(start)
                    assert part_of(server, blob.sha256, start, 2 * MIB) == file.read(2 * MIB)
        assert_small({**own, **peaks.of}, "trainer", "sidecar", "worker", "server")
    finally:
        server.stop()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty bucket of an S3 server, which is a process of its own; credentials are in the
    environment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    endpoint = f"http://127.0.0.1:{port}"
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "NO_PROXY": "*",
    }.items():
        monkeypatch.setenv(name, value)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as moto:
        try:
            assert wait_for(lambda: _listens(port) or moto.poll() is not None)
            client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
            client.create_bucket(Bucket="films")
            client.close()
            yield "s3://films"
        finally:
            moto.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_film_goes_into_a_bucket_and_is_served_from_there(
    folder: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Smaller than the others, because that S3 server holds it in memory; larger than the limit."""
    monkeypatch.setenv("DIORAMA_BLOBS_URL", bucket)
    film, store = folder / "film.mp4", StoreDir(folder / "store")
    write_film(film, IN_BUCKET_BYTES)
    own = log(film, store)
    server = ServerProcess(store.root)
    try:
        with Peaks(store, {"server": server.process.pid}) as peaks:
            with diorama.Api(url=server.url, key=server.key) as api:
                blob = record_in(api, IN_BUCKET_BYTES).blob
            assert not (store.blobs / path_of(blob.sha256)).exists()
            start = MARK_EVERY_BYTES - MIB
            with film.open("rb") as file:
                file.seek(start)
                assert part_of(server, blob.sha256, start, 2 * MIB) == file.read(2 * MIB)
    finally:
        server.stop()
    assert_small({**own, **peaks.of}, "trainer", "sidecar", "worker", "server")


def part_of(server: ServerProcess, sha256: str, start: int, size_bytes: int) -> bytes:
    headers = {"Authorization": f"Bearer {server.key}", "Range": f"bytes={start}-{start + size_bytes - 1}"}
    request = urllib.request.Request(f"{server.url}/api/blobs/{sha256}", headers=headers)
    with urllib.request.urlopen(request) as reply:
        assert reply.status == 206
        data: bytes = reply.read()
    return data
