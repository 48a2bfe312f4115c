"""What a sidecar and a store do to a media object, in memory; and a stand-in for torch."""

from __future__ import annotations

import builtins
import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pytest

from diorama.media import KINDS_BY_NAME, decode_record, encode_record
from diorama.media.core.base import Media, Snapshot
from diorama.media.core.keep import InMemory
from diorama.model import BlobRef


@dataclass
class Blobs:
    """A blob store in memory."""

    held: dict[str, bytes] = field(default_factory=dict)

    def put(self, data: bytes | bytearray | memoryview, mime: str) -> BlobRef:
        frozen = bytes(data)
        sha256 = hashlib.sha256(frozen).hexdigest()
        self.held[sha256] = frozen
        return BlobRef(sha256=sha256, size_bytes=len(frozen), mime=mime)

    def get(self, ref: BlobRef) -> bytes:
        return self.held[ref.sha256]


@dataclass
class Trip:
    """The record of a media object, what reading it back gives, and its blobs."""

    record: Any
    loaded: Any
    blobs: Blobs


@pytest.fixture(scope="session")
def trip() -> Callable[[Media], Trip]:
    """Takes a media object the whole way: snapshot, journal, encode, store, read."""

    def travel(media: Media) -> Trip:
        snapshot = media.snapshot()
        header = msgspec.msgpack.decode(msgspec.msgpack.encode(snapshot.header))
        buffers = tuple(InMemory(bytes(kept.read())) for kept in snapshot.buffers)
        kind = KINDS_BY_NAME[snapshot.kind]
        blobs = Blobs()
        record = kind.encode(Snapshot(snapshot.kind, header, buffers), blobs.put)
        stored = decode_record(encode_record(record))
        assert stored == record
        return Trip(stored, kind.decode(stored, blobs.get), blobs)

    return travel


class FakeTensor:
    """Behaves like torch.Tensor in everything that we use, refusals included."""

    def __init__(self, array: Any, dtype: str = "", requires_grad: bool = False, device: str = "cpu") -> None:
        self.held = np.asarray(array)
        self.dtype = f"torch.{dtype or self.held.dtype.name}"
        self.requires_grad = requires_grad
        self.device = device
        self.layout = "torch.strided"
        self.shape = self.held.shape

    def detach(self) -> FakeTensor:
        return FakeTensor(self.held, self.dtype[6:], False, self.device)

    def cpu(self) -> FakeTensor:
        return FakeTensor(self.held, self.dtype[6:], self.requires_grad, "cpu")

    def float(self) -> FakeTensor:
        return FakeTensor(self.held.astype(np.float32), "float32", self.requires_grad, self.device)

    def resolve_conj(self) -> FakeTensor:
        return self

    def resolve_neg(self) -> FakeTensor:
        return self

    def numel(self) -> int:
        return self.held.size

    def item(self) -> Any:
        if self.held.size != 1:
            raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")
        return self.held.item()

    def __float__(self) -> builtins.float:
        if self.requires_grad:
            warnings.warn("Converting a tensor with requires_grad=True to a scalar", stacklevel=2)
        return builtins.float(self.item())

    def numpy(self) -> Any:
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if self.device != "cpu":
            raise TypeError("can't convert cuda:0 device type tensor to numpy.")
        if self.dtype == "torch.bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.held

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.numpy()


FakeTensor.__module__ = "torch"
FakeTensor.__qualname__ = "Tensor"


@pytest.fixture(scope="session")
def tensor() -> type[FakeTensor]:
    return FakeTensor
