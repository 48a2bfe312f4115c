"""Fixtures for tests that ask a server: one store with a sample run for all tests of a folder.

A folder's conftest.py imports what it wants of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from owner import Service
from server_sample import Client, Sample, client_of, fill

from diorama.model import StoreDir


@pytest.fixture(scope="session")
def store_dir(tmp_path_factory: pytest.TempPathFactory) -> StoreDir:
    return StoreDir(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="session")
def service(store_dir: StoreDir) -> Iterator[Service]:
    service = Service.open(store_dir)
    yield service
    service.close()


@pytest.fixture(scope="session")
def sample(service: Service) -> Sample:
    return fill(service)


@pytest.fixture
def client(service: Service, sample: Sample) -> Client:
    """A client that sends the key."""
    return client_of(service)
