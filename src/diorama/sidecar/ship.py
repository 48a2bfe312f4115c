"""The two ways into a store: a library call on this machine, or HTTP to a server.

Both promise the same: `ingest` returns only when the batch is stored for good, and shipping the
same batch twice changes nothing. What can go wrong has three names:

    Unavailable  not now: the store is away, busy or full, or refuses our key (a person can mend
                 that). Keep the data and come again.
    Broken       the store broke over this batch, and nobody knows whether it always will: come again
                 a few times; if it takes other things meanwhile, it is this batch.
    Refused      never: the store has understood this very batch and will not take it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from diorama.errors import BadRequest, DioramaError, NotFound, StoreError, TooLarge, TooNew
from diorama.journal.entry import Batch
from diorama.model import BlobRef, StoreDir

if TYPE_CHECKING:
    from diorama.service import Service


class Unavailable(DioramaError):
    """The store can't take it now. wait_secs: what the store asked for, or 0 (the caller's choice).

    needs_mending: True when waiting alone won't help (no key, a wrong key, a wrong address): said
    loudly, tried again seldom.
    """

    code = "unavailable"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        wait_secs: float = 0.0,
        needs_mending: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.wait_secs = wait_secs
        self.needs_mending = needs_mending


class BlobsGone(Unavailable):
    """The store lacks blobs that it was given before: their media must be encoded once more."""

    code = "blobs_gone"


class Broken(Unavailable):
    """The store broke over this request (a 500, a fault of ours): the batch's fault, or the moment's."""

    code = "broken"


class Refused(DioramaError):
    """The store will never take this batch as it is. status: of the HTTP answer, 0 for a local store."""

    code = "refused"

    def __init__(self, message: str, *, hint: str = "", status: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class Transport(Protocol):
    """A way into a store. Methods may be called from several threads at once.

    A batch without entries is a heartbeat (see `journal.entry.Batch`).
    """

    def put_blob(self, data: bytes | bytearray | memoryview, mime: str) -> BlobRef:
        """Take bytes. They are stored at the latest when the next `ingest` returns."""
        ...

    def ingest(self, batch: Batch) -> int:
        """Store a batch; returns the writer's acknowledged seq.

        Raises Unavailable (perhaps as Broken or BlobsGone) or Refused, and nothing else.
        """
        ...

    def close(self) -> None: ...


class LocalTransport:
    """Straight into the store on this machine. Opens the store at the first use, not before."""

    def __init__(self, store_dir: StoreDir, service: Service | None = None) -> None:
        self._store_dir = store_dir
        self._service = service
        self._is_owner = service is None
        self._lock = threading.Lock()

    def put_blob(self, data: bytes | bytearray | memoryview, mime: str) -> BlobRef:
        with _naming_trouble():
            return self._open().put_blob(data, mime, is_deferred=True)

    def ingest(self, batch: Batch) -> int:
        with _naming_trouble():
            return self._open().ingest(batch)

    def close(self) -> None:
        with self._lock:
            service, self._service = self._service, None
        if service is not None and self._is_owner:
            service.close()

    def _open(self) -> Service:
        with self._lock:
            if self._service is None:
                from diorama.service import Service

                self._service = Service.open(self._store_dir)
            return self._service


def transport_to(store_dir: StoreDir, url: str | None, api_key: str | None = None) -> Transport:
    """HTTP to the server at `url`, or without one straight into `store_dir`."""
    if not url:
        return LocalTransport(store_dir)
    from diorama.sidecar.remote import HttpTransport  # urllib3 costs a local run nothing

    return HttpTransport(url, api_key)


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
