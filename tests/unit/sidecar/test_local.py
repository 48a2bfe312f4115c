"""What a store on this machine raises has a name: to be tried again, or never."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from diorama.errors import BadRequest, Corrupt, NotFound, StoreError, TooLarge, TooNew, Unstorable
from diorama.journal.entry import Batch
from diorama.model import StoreDir
from diorama.sidecar.local import LocalTransport
from diorama.sidecar.transport import BlobsGone, Broken, Refused, Unavailable


class Troubled:
    """A service that raises whatever is asked of it."""

    def __init__(self, trouble: BaseException) -> None:
        self._trouble = trouble

    def for_(self, actor: object) -> Troubled:
        return self

    def ingest(self, batch: Batch) -> int:
        raise self._trouble

    def put_blob(self, data: object, mime: str, *, is_deferred: bool) -> Any:
        raise self._trouble


@pytest.mark.parametrize(
    ("trouble", "name"),
    [
        (Unstorable("a text with a NUL"), Refused),
        (BadRequest("no run has this name"), Refused),
        (TooLarge("a blob over the limit"), Refused),
        (NotFound("no such blob"), BlobsGone),
        (ValueError("an integer that is too large"), Broken),
        (TypeError("no number"), Broken),
        (KeyError("x"), Broken),
        (RecursionError("nested too deep"), Broken),
        (sa.exc.StatementError("a value of no type", "INSERT", {}, TypeError("x")), Broken),
        (sa.exc.OperationalError("INSERT", {}, Exception("database is locked")), Unavailable),
        (sa.exc.TimeoutError("QueuePool limit reached"), Unavailable),
        (StoreError("the disk is full"), Unavailable),
        (Corrupt("a page is damaged"), Unavailable),
        (MemoryError(), Unavailable),
        (OSError(28, "No space left on device"), Unavailable),
        (RuntimeError("can't start new thread"), Unavailable),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, BaseException) else given.__name__,
)
@pytest.mark.parametrize("call", ["ingest", "put_blob"])
def test_only_what_the_store_says_of_a_value_is_a_refusal(
    tmp_path: Any, trouble: BaseException, name: type[Exception], call: str
) -> None:
    service: Any = Troubled(trouble)
    transport = LocalTransport(StoreDir(tmp_path), service)
    arguments = {"ingest": [Batch(("e", "p", "r"), "w", [])], "put_blob": [b"x", "text/plain"]}[call]
    with pytest.raises((Unavailable, Refused)) as caught:
        getattr(transport, call)(*arguments)
    assert type(caught.value) is name
    assert caught.value.__cause__ is trouble


def test_a_store_that_is_too_new_needs_somebody(tmp_path: Any) -> None:
    service: Any = Troubled(TooNew("made by a newer Diorama"))
    with pytest.raises(Unavailable) as caught:
        LocalTransport(StoreDir(tmp_path), service).ingest(Batch(("e", "p", "r"), "w", []))
    assert caught.value.needs_mending
