"""Python values to journal bytes and back.

On the way in (the training process) `Encoding` turns what users log into msgpack: plain values as they
are, media as EXT_SNAPSHOT, foreign values (numpy, torch, PIL ...) by what they hold, without importing
their libraries. On the way out (the sidecar) `decode_entry` gives the same values, with a `SnapshotRef`
where media stood. `encode_batch` and `decode_batch` are for what the sidecar ships.

Every number arrives bit-exact: NaN with its sign, infinities, -0.0, integers of any size.
"""

from __future__ import annotations

import enum
import os
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, ValuesView
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from google_crc32c import extend as extend_crc32c
from msgspec.msgpack import Ext

from diorama.caller import is_users_own
from diorama.errors import (
    BadRequest,
    Corrupt,
    JournalError,
    UsageError,
    WrongType,
    WrongValue,
    is_interruption,
    is_of_the_moment,
)
from diorama.journal.entry import (
    EXT_SNAPSHOT,
    Batch,
    Entry,
    Numbered,
    replace_values,
)
from diorama.journal.sealed import is_sealed
from diorama.media.adopt import adopt
from diorama.media.core.base import Media, Snapshot
from diorama.media.core.extension import as_wire, integer_as_wire, value_from
from diorama.media.core.extent import Data, Extent, head_of, pieces_of, view_of
from diorama.media.core.foreign import Refusal
from diorama.media.core.keep import InMemory, Kept
from diorama.media.text.media import Text
from diorama.model import clean_text

PLAIN = frozenset({float, int, bool, type(None)})
"""Types that need no look at the value (except ints beyond 64 bits, which the encoder refuses)."""


def is_plain(value: object) -> bool:
    """Whether a value can go to the encoder as it is."""
    return type(value) in PLAIN or (type(value) is str and len(value) <= TEXT_LIMIT_CHARS)


DEPTH_LIMIT = 64
TEXT_LIMIT_CHARS = 1 << 20
"""Longer text is kept as media."""
ENTRY_LIMIT_BYTES = 64 << 20
"""The most that the plain values of one entry may take, more or less."""
NUMBER_BYTES = 9
INLINE_LIMIT_BYTES = 32 << 20
"""The largest buffer that is put into the frame itself when the spool has no room for it."""
NO_ROOM = "no-room"
"""The name of the file of a buffer that neither spool nor frame had room for."""
INTEGER_BITS_LIMIT = 13_000
"""About 3,900 digits: below the length at which Python refuses to turn text into an int."""
SHOWN_OBJECT_CHARS = 2000
IN_FILE_FROM_BYTES = 8 << 20
"""Buffers from this size on stay where they lie: a film is passed on by its place, and a point cloud of
gigabytes is mapped, so that it need not fit into memory."""
READ_WAITS_SECS = (0.2, 1.0, 4.0, 10.0)
"""Before bytes of one snapshot that the disk does not give are asked for again. What it has not given by then
is taken for lost: nothing behind it could be stored otherwise."""

_encoder = msgspec.msgpack.Encoder()
encode_plain = _encoder.encode


class SpoolPart(NamedTuple):
    """A buffer that lies in the writer's spool: `size_bytes` of `file`, from `offset` on."""

    file: str
    size_bytes: int
    crc: int
    offset: int = 0


class SnapshotRef(NamedTuple):
    """A media object as a journal holds it; `load_snapshot` brings its buffers to memory."""

    kind: str
    header: dict[str, Any]
    buffers: tuple[bytes | SpoolPart, ...]


_Found = TypeVar("_Found")
ToSpool = Callable[[Kept], "tuple[SpoolPart, Kept] | None"]


class Encoding:
    """One value on its way into a journal.

    to_spool: puts a buffer into the writer's spool, or answers None if it is to travel in the frame.
    run: whose history the value goes to, if it does; media may then log what is new since the last time.
    kept: the buffers that the encoded bytes refer to; they must stay alive until the entry has its seq.
    warnings: (code, text) of values that could not be kept as what they are.
    faults: what went wrong in our own code meanwhile; the values concerned are kept as text.

    `plain` and `plain_dict` raise WrongValue for a container that holds itself or is nested too deep, and
    WrongType for a value whose own code fails when it is read.
    """

    __slots__ = ("_size_bytes", "_snapshots", "faults", "kept", "run", "to_spool", "warnings")

    def __init__(self, to_spool: ToSpool | None = None, run: tuple[str, ...] | None = None) -> None:
        self.to_spool = to_spool
        self.run = run
        self.kept: list[Kept] = []
        self._snapshots: list[tuple[Media, Any, Snapshot]] = []
        self.warnings: list[tuple[str, str]] = []
        self.faults: list[Exception] = []
        self._size_bytes = 0

    def note_logged(self) -> None:
        """The entry with what was encoded is in the journal."""
        for media, place, snapshot in self._snapshots:
            media.note_logged(place, snapshot)

    def plain_dict(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {_key(key): self.plain(value, _key(key)) for key, value in data.items()}

    def plain(self, value: Any, name: str = "", _inside: tuple[int, ...] = ()) -> Any:
        """`value` as something that msgpack takes. `name` is for messages."""
        cls = type(value)
        if cls is str:
            return self._text(value, name)
        if cls in PLAIN:
            return _exact_int(value) if cls is int else value
        if cls in _numpy_numbers or _is_numpy_number(cls):
            return value.item()
        if isinstance(value, enum.Enum):
            return value.name
        if isinstance(value, _CONTAINERS):
            if id(value) in _inside:
                raise WrongValue(f"{name!r} refers to itself")
            if len(_inside) >= DEPTH_LIMIT:
                raise WrongValue(f"{name!r} is nested more than {DEPTH_LIMIT} levels deep")
            self._count(name, NUMBER_BYTES * _length(value))
            inside = (*_inside, id(value))
            if isinstance(value, Mapping):
                return {_key(key): self.plain(item, name, inside) for key, item in value.items()}
            return [self.plain(item, name, inside) for item in value]
        try:
            if isinstance(value, Media):
                return self.as_extension(value, name)
            return self._foreign(value, name, _inside)
        except UsageError:
            raise
        except Exception as error:
            if is_interruption(error):
                raise
            if is_users_own(error):  # a lazy array, a broken __array__: its owner should hear of it here
                raise WrongType(f"{name!r} can't be logged: {type(error).__name__}: {error}") from error
            self.faults.append(error)
            self.warnings.append(("internal", f"{name!r} is kept as text: {type(error).__name__}: {error}"))
            return clean_text(object.__repr__(value))

    def _text(self, text: str, name: str) -> Any:
        """Text of megabytes becomes media: it lies in a file then, and the encoder never sees it."""
        if len(text) > TEXT_LIMIT_CHARS:
            return self.as_extension(Text(text), name)
        self._count(name, len(text))
        return clean_text(text)

    def _count(self, name: str, size_bytes: int) -> None:
        self._size_bytes += size_bytes
        if self._size_bytes > ENTRY_LIMIT_BYTES:
            raise WrongValue(
                f"{name!r} is too much for one entry, which takes {ENTRY_LIMIT_BYTES >> 20} MiB",
                hint="log it as a Table, as an array or as a file",
            )

    def as_extension(self, media: Media, name: str) -> Ext:
        """How media travel: as a snapshot, their large buffers in the spool."""
        if self.run is None:
            snapshot = media.snapshot()
        else:
            place = (self.run, name)
            snapshot = media.snapshot_for(place)
            self._snapshots.append((media, place, snapshot))
        buffers: list[bytes | memoryview | list[Any]] = []
        for kept in snapshot.buffers:
            placed = self.to_spool(kept) if self.to_spool is not None else None
            if placed is None and kept.size_bytes > INLINE_LIMIT_BYTES:
                text = f"there is no room on the disk for the {kept.size_bytes >> 20} MiB of {name!r}"
                self.warnings.append(("dropped", text))
                buffers.append(list(SpoolPart(NO_ROOM, kept.size_bytes, 0)))
            elif placed is None:
                buffers.append(kept.read())
            else:
                part, owned = placed
                self.kept.append(owned)
                buffers.append(list(part))
        return Ext(EXT_SNAPSHOT, _encoder.encode([snapshot.kind, snapshot.header, buffers]))

    def _foreign(self, value: Any, name: str, inside: tuple[int, ...]) -> Any:
        adopted = adopt(value)
        if isinstance(adopted, Media):
            return self.as_extension(adopted, name)
        if isinstance(adopted, Refusal):
            text = f"{name!r} can't be kept as {adopted.kind}, so it is kept as text: {adopted.reason}"
            self.warnings.append(("value", text))
            return clean_text(str(value)[:SHOWN_OBJECT_CHARS])
        if adopted is not None and type(adopted) is not type(value):
            return self.plain(adopted, name, inside)
        for base in (bool, int, float, str):  # users' own subclasses of plain types
            if isinstance(value, base):
                return self.plain(base(value), name, inside)
        cls = type(value)
        self.warnings.append(
            ("value", f"{name!r} is a {cls.__module__}.{cls.__qualname__}, which Diorama keeps only as text")
        )
        return clean_text(str(value)[:SHOWN_OBJECT_CHARS])


_CONTAINERS = (Mapping, list, tuple, AbstractSet, ValuesView, deque, range)


def _length(container: Collection[Any]) -> int:
    try:
        return len(container)
    except OverflowError:  # range(10**30)
        return sys.maxsize


_numpy_numbers: set[type] = set()
_NUMPY_NUMBERS = re.compile(r"bool_?|u?int(8|16|32|64)|float(16|32|64)")
"""Their item() is the Python number that equals them exactly."""


def _is_numpy_number(cls: type) -> bool:
    """Whether `cls` is a numpy scalar class; found out once per class, without importing numpy."""
    if cls.__module__ != "numpy" or not _NUMPY_NUMBERS.fullmatch(cls.__name__):
        return False
    _numpy_numbers.add(cls)
    return True


def plain_numbers(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """`data` with numpy numbers as Python numbers; None if it holds anything that needs more of a look."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        cls = type(value)
        if cls in _numpy_numbers:  # first: most of them are alike
            found[name] = value.item()
        elif cls in PLAIN or is_plain(value):
            found[name] = value
        elif _is_numpy_number(cls):
            found[name] = value.item()
        else:
            return None
    return found


def _key(key: Any) -> str:
    if type(key) is str:
        return clean_text(key)
    return key.name if isinstance(key, enum.Enum) else clean_text(str(key))


def _exact_int(value: int) -> Any:
    if value.bit_length() > INTEGER_BITS_LIMIT:
        raise WrongValue(f"an integer of {value.bit_length()} bits is too large to be logged")
    return integer_as_wire(value)


def encode_entry(entry: Entry) -> bytes:
    """The payload of an entry whose values are plain already (`Encoding.plain` makes them so)."""
    return _encoder.encode(entry)


def _read_extension(code: int, data: memoryview) -> Any:
    if code == EXT_SNAPSHOT:
        kind, header, buffers = _snapshot_decoder.decode(data)
        return SnapshotRef(
            kind, header, tuple(SpoolPart(*part) if isinstance(part, list) else part for part in buffers)
        )
    return value_from(code, data)


_snapshot_decoder = msgspec.msgpack.Decoder(ext_hook=_read_extension)
_entry_decoder: msgspec.msgpack.Decoder[Entry] = msgspec.msgpack.Decoder(Entry, ext_hook=_read_extension)
_batch_decoder = msgspec.msgpack.Decoder(Batch, ext_hook=_read_extension)


def decode_entry(payload: bytes) -> Entry:
    """The entry that a frame holds; media in it are `SnapshotRef`s, integers of any size are ints.

    Raises JournalError for bytes that are no entry.
    """
    try:
        return _entry_decoder.decode(payload)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
        raise JournalError(f"not a journal entry: {error}") from error


def load_snapshot(ref: SnapshotRef, spool_dir: Path) -> Snapshot:
    """The snapshot; what lies in the spool is read when it is asked for, so that a table of many pictures
    never lies in memory as a whole.

    Reading raises Corrupt if a spool file is missing, too short or does not match its checksum, or if the
    disk refuses it for so long that it must be taken for lost (until then, reading waits); OSError while the
    machine lacks descriptors or memory.
    """
    waits_secs = iter(READ_WAITS_SECS)
    buffers: list[Kept] = [
        _InSpool(buffer, spool_dir, waits_secs) if isinstance(buffer, SpoolPart) else InMemory(buffer)
        for buffer in ref.buffers
    ]
    return Snapshot(ref.kind, ref.header, tuple(buffers))


class _InSpool:
    """Bytes in a spool file, read (and checked) anew each time they are asked for.

    waits_secs: how long to wait before each further attempt; used up by all parts of a snapshot together.
    """

    __slots__ = ("_part", "_spool_dir", "_waits_secs")

    def __init__(self, part: SpoolPart, spool_dir: Path, waits_secs: Iterator[float]) -> None:
        self._part = part
        self._spool_dir = spool_dir
        self._waits_secs = waits_secs

    @property
    def size_bytes(self) -> int:
        return self._part.size_bytes

    def read(self) -> bytes | memoryview:
        return self._patiently(load_part)

    def head(self, size_bytes: int) -> bytes:
        return head_of(self.source(), size_bytes)

    def source(self) -> Data:
        return self._patiently(find_part)

    def _patiently(self, look: Callable[[SpoolPart, Path], _Found]) -> _Found:
        """A read that fails says nothing about the bytes: a cable was loose, rights were changed.
        So it is tried again for a while."""
        while True:
            try:
                return look(self._part, self._spool_dir)
            except OSError as error:
                if is_of_the_moment(error):
                    raise
                wait_secs = next(self._waits_secs, None)
                if wait_secs is None:
                    raise Corrupt(f"spool file {self._part.file} can't be read: {error}") from error
                time.sleep(wait_secs)


def load_part(part: SpoolPart, spool_dir: Path) -> bytes | memoryview:
    """The bytes of a spool part, checked; a large one is mapped into memory, not read.

    Raises Corrupt for bytes that are gone or damaged, OSError if they can't be read now.
    """
    found = find_part(part, spool_dir)
    if not isinstance(found, Extent):
        return found
    with _naming_damage(part):
        return view_of(found)


def find_part(part: SpoolPart, spool_dir: Path) -> bytes | Extent:
    """The bytes of a spool part, checked; of a large one, where they lie. Raises as `load_part`."""
    if part.file != Path(part.file).name:
        raise Corrupt(f"{part.file!r} is not the name of a spool file")
    path = str((spool_dir / part.file).absolute())
    found: bytes | Extent
    with _naming_damage(part):
        if part.size_bytes < IN_FILE_FROM_BYTES:
            with open(spool_dir / part.file, "rb") as file:
                file.seek(part.offset)
                found = file.read(part.size_bytes)
            if len(found) != part.size_bytes:
                raise Corrupt(f"{len(found)} of {part.size_bytes} bytes are there")
        else:
            status = os.stat(path)
            is_closed = not part.offset and status.st_size == part.size_bytes and is_sealed(status)
            found = Extent(path, part.offset, part.size_bytes, is_closed)
        crc = 0
        for piece in pieces_of(found):
            crc = extend_crc32c(crc, piece.tobytes())
    if crc != part.crc:
        raise Corrupt(f"spool file {part.file} does not match its checksum")
    return found


@contextmanager
def _naming_damage(part: SpoolPart) -> Iterator[None]:
    try:
        yield
    except Corrupt as error:
        raise Corrupt(f"spool file {part.file} is too short: {error.message}") from error
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise Corrupt(f"spool file {part.file} can't be read: {error}") from error


def encode_batch(batch: Batch) -> bytes:
    """A batch for the wire: media records as EXT_RECORD, big integers as EXT_INTEGER."""
    entries = [Numbered(numbered.seq, replace_values(numbered.entry, as_wire)) for numbered in batch.entries]
    return _encoder.encode(msgspec.structs.replace(batch, entries=entries))


def decode_batch(data: bytes) -> Batch:
    """Undo `encode_batch`. Raises BadRequest for bytes that are no batch."""
    try:
        return _batch_decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
        raise BadRequest(f"not a batch: {error}") from error
