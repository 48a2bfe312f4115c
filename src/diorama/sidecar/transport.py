"""What a place to store must answer, whether it is on this machine (`local.py`) or a server (`remote.py`).

Each promises the same: `ingest` returns only when the batch is stored for good, and shipping the
same batch twice changes nothing. Whoever ships knows this file only; `destination.py` makes the transport.
What can go wrong has four names:

    Unavailable  not now: the store is away, busy or full, or refuses our key (a person can mend
                 that). Keep the data and come again.
    Broken       the store broke over this batch, and nobody knows whether it always will: come again
                 a few times; if it takes other things meanwhile, it is this batch.
    BlobsGone    the store lacks bytes that the batch names: encode them once more.
    Refused      never: the store has understood this very batch and will not take it.
"""

from __future__ import annotations

from typing import Protocol

from diorama.errors import DioramaError
from diorama.journal.entry import Batch
from diorama.media.core.extent import Data
from diorama.model import BlobRef, RunKey


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

    def put_blob(self, data: Data, mime: str) -> BlobRef:
        """Take bytes. They are stored at the latest when the next `ingest` returns.

        Those of a closed Extent may stay where they are until the batch that names them is stored.
        """
        ...

    def ingest(self, batch: Batch) -> int:
        """Store a batch; returns the writer's acknowledged seq.

        Raises Unavailable (perhaps as Broken or BlobsGone) or Refused, and nothing else.
        """
        ...

    def stored(self, key: RunKey) -> dict[str, int]:
        """Up to which entry each writer of a run is stored; empty if there is no such run, or no more.

        Raises Unavailable.
        """
        ...

    def close(self) -> None: ...
