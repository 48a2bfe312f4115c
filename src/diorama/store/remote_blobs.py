"""Blobs in a bucket of a cloud: S3, GCS or Azure."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from diorama.errors import NotFound, StoreError
from diorama.media.core.extent import Data, Extent, file_of, sha256_of, size_of
from diorama.store.blobs import not_found, path_of
from diorama.store.incoming import Incoming
from diorama.store.pieces import SUFFIX, Pieces, check_bytes

REMOTE_THREADS = 16
PARTS_AT_ONCE = 4
"""Of one large blob; each takes a few MiB of memory on its way."""
KNOWN_LIMIT = 100_000


class RemoteBlobs:
    """Blobs in a bucket. Credentials and endpoint come from the cloud's usual environment variables."""

    section_bytes = 16 << 20
    """A request takes longer than reading a piece, and may not take as long as reading all of a film."""

    def __init__(self, url: str, environ: Mapping[str, str]) -> None:
        from obstore.exceptions import BaseError
        from obstore.store import from_url

        self.url = url
        options: dict[str, Any] = {}
        if environ.get("AWS_ENDPOINT_URL", "").startswith("http://"):
            options["client_options"] = {"allow_http": True}
        try:
            self._store: Any = from_url(url, **options)
        except (BaseError, ValueError) as error:
            raise StoreError(
                f"can't open the blob store {url!r}: {error}",
                hint="DIORAMA_BLOBS_URL is like s3://bucket/prefix, gs://bucket or az://account/container",
            ) from error
        self._threads = ThreadPoolExecutor(REMOTE_THREADS, thread_name_prefix="blobs")
        self._pieces = Pieces(self)
        self._known: set[str] = set()
        """Blobs that were seen to be stored: asking a bucket takes as long as storing a small one."""

    def put(self, data: Data, *, is_deferred: bool = False) -> str:
        try:
            sha256 = sha256_of(data)
            self._put(sha256, data)
        except OSError as error:
            raise StoreError(f"can't read what is to be stored: {error.strerror or error}") from error
        return sha256

    def receive(self) -> Incoming:
        try:
            descriptor, path = tempfile.mkstemp(prefix="diorama-")
        except OSError as error:
            raise StoreError(f"can't take a blob: {error.strerror or error}") from error
        return Incoming(Path(path), descriptor, self._take)

    def _take(self, sha256: str, draft: Extent) -> None:
        try:
            self._put(sha256, draft)
        finally:
            os.unlink(draft.path)

    def _put(self, sha256: str, data: Data) -> None:
        if sha256 not in self._known and self.size_bytes(sha256) != size_of(data):
            with _bucket_errors(sha256), file_of(data) as file:
                self._store.put(path_of(sha256), file, max_concurrency=PARTS_AT_ONCE)
        self._note(sha256)

    def _note(self, sha256: str) -> None:
        if len(self._known) >= KNOWN_LIMIT:
            self._known.clear()
        self._known.add(sha256)

    def sync(self) -> None:
        """A bucket answers when it has the bytes for good."""

    def get(self, sha256: str) -> bytes:
        with _bucket_errors(sha256):
            data = bytes(self._store.get(path_of(sha256)).bytes())
        return check_bytes(sha256, data)

    def get_range(self, sha256: str, start: int, end: int) -> bytes:
        return self._pieces.range(sha256, self._size_of(sha256), start, end)

    def pieces(self, sha256: str) -> Iterator[bytes]:
        return self._pieces.whole(sha256, self._size_of(sha256))

    def read(self, sha256: str, start: int, end: int) -> bytes:
        """As `get_range`, not checked."""
        with _bucket_errors(sha256):
            return bytes(self._store.get_range(path_of(sha256), start=start, end=end)) if end > start else b""

    def read_beside(self, sha256: str) -> bytes | None:
        """The hashes of its pieces."""
        try:
            with _bucket_errors(sha256):
                return bytes(self._store.get(path_of(sha256) + SUFFIX).bytes())
        except NotFound:
            return None

    def write_beside(self, sha256: str, data: bytes) -> None:
        """Keep the hashes of its pieces."""
        with _bucket_errors(sha256):
            self._store.put(path_of(sha256) + SUFFIX, data)

    def _size_of(self, sha256: str) -> int:
        size_bytes = self.size_bytes(sha256)
        if size_bytes is None:
            raise not_found(sha256)
        return size_bytes

    def size_bytes(self, sha256: str) -> int | None:
        try:
            with _bucket_errors(sha256):
                return int(self._store.head(path_of(sha256))["size"])
        except NotFound:
            return None

    def missing(self, sha256s: Iterable[str]) -> list[str]:
        asked = [sha256 for sha256 in sha256s if sha256 not in self._known]
        absent: list[str] = []
        for sha256, size in zip(asked, self._threads.map(self.size_bytes, asked), strict=True):
            if size is None:
                absent.append(sha256)
            else:
                self._note(sha256)
        return absent

    def names(self) -> Iterator[tuple[str, int]]:
        with _bucket_errors("(any)"):
            for page in self._store.list():
                for one in page:
                    yield str(one["path"]), int(one["size"])

    def delete(self, sha256: str) -> None:
        self._known.discard(sha256)
        for suffix in ("", SUFFIX):
            try:
                with _bucket_errors(sha256):
                    self._store.delete(path_of(sha256) + suffix)
            except NotFound:
                continue

    def close(self) -> None:
        self._threads.shutdown(wait=False)


class _bucket_errors:
    """Turn the bucket's errors into ours."""

    def __init__(self, sha256: str) -> None:
        self._sha256 = sha256

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from obstore.exceptions import BaseError

        if isinstance(error, FileNotFoundError):
            raise not_found(self._sha256) from error
        if isinstance(error, BaseError):
            raise StoreError(
                f"the bucket says: {error}", hint="check the bucket's address and credentials"
            ) from error
