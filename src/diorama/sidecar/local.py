"""The store on this machine: the service is called in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from diorama.errors import BadRequest, NotFound, StoreError, TooLarge, TooNew
from diorama.journal.entry import Batch
from diorama.media.core.extent import Data
from diorama.model import OWNER, BlobRef, RunKey, StoreDir
from diorama.sidecar.transport import BlobsGone, Broken, Refused, Unavailable

if TYPE_CHECKING:
    from diorama.service import Access, Service


class LocalTransport:
    """Straight into the store on this machine, as its owner. Opens the store at the first use, not before."""

    def __init__(self, store_dir: StoreDir, service: Service | None = None) -> None:
        self._store_dir = store_dir
        self._service = service
        self._is_owner = service is None
        self._lock = threading.Lock()

    def put_blob(self, data: Data, mime: str) -> BlobRef:
        with _naming_trouble():
            return self._store().put_blob(data, mime, is_deferred=True)

    def ingest(self, batch: Batch) -> int:
        with _naming_trouble():
            return self._store().ingest(batch)

    def stored(self, key: RunKey) -> dict[str, int]:
        with _naming_trouble():
            try:
                return self._store().past_run(key.entity, key.project, key.id).stored
            except NotFound:
                return {}

    def close(self) -> None:
        with self._lock:
            service, self._service = self._service, None
        if service is not None and self._is_owner:
            service.close()

    def _store(self) -> Access:
        with self._lock:
            if self._service is None:
                from diorama.service import Service

                self._service = Service.open(self._store_dir)
            return self._service.for_(OWNER)


_FAULTS = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RecursionError,
)
"""What code raises when it meets a value that it can't handle."""


@contextmanager
def _naming_trouble() -> Iterator[None]:
    """Turn what a store on this machine can raise into Unavailable, Broken or Refused.

    Only what the store says of a value is a refusal. All that is not known means "not now": a lack of memory,
    threads or descriptors, a pool that is exhausted, and whatever comes up next year.
    """
    from sqlalchemy.exc import DBAPIError, StatementError

    try:
        yield
    except (BadRequest, TooLarge) as error:
        raise Refused(error.message, hint=error.hint) from error
    except NotFound as error:
        raise BlobsGone(error.message, hint=error.hint) from error
    except StoreError as error:
        raise Unavailable(error.message, hint=error.hint, needs_mending=isinstance(error, TooNew)) from error
    except Exception as error:
        is_of_a_value = isinstance(error, StatementError) and not isinstance(error, DBAPIError)
        if is_of_a_value or isinstance(error, _FAULTS):
            raise Broken(f"the store broke: {type(error).__name__}: {error}") from error
        raise Unavailable(f"the store: {type(error).__name__}: {error}") from error
