"""Media that come again in a table: kept once, encoded once, and what each cell shows is still its own."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest

from diorama.media import KINDS_BY_NAME, Image, JoinedTable, PartitionedTable, Table
from diorama.media.core.base import Snapshot
from diorama.media.core.keep import InMemory, set_keeper
from diorama.media.table.pack import PACK_ROWS


@pytest.fixture
def spooled() -> Iterator[list[int]]:
    """The sizes of what is kept outside of frames."""
    sizes: list[int] = []

    def keep(pieces: Any) -> InMemory:
        sizes.append(pieces.nbytes)
        return InMemory(bytes(pieces[0 : pieces.nbytes]))

    set_keeper(keep)
    yield sizes
    set_keeper(None)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[Snapshot]:
    """The pictures that were encoded."""
    calls: list[Snapshot] = []
    kind = KINDS_BY_NAME["image"]

    def encode(snapshot: Snapshot, put_blob: Any) -> Any:
        calls.append(snapshot)
        return kind.encode(snapshot, put_blob)

    monkeypatch.setitem(KINDS_BY_NAME, "image", dataclasses.replace(kind, encode=encode))
    return calls


def picture(number: int, **more: Any) -> Image:
    return Image(np.full((24, 24, 3), number + 10, np.uint8), **more)


def number_of(cell: Any, known: dict[str, int]) -> int:
    """Which picture a cell shows; each is decoded once."""
    sha256 = cell._record.blob.sha256
    if sha256 not in known:
        known[sha256] = int(cell.array[0, 0, 0]) - 10
    return known[sha256]


def shown(loaded: Any, column: str = "pic") -> list[int]:
    known: dict[str, int] = {}
    return [number_of(cell, known) for cell in loaded.get_column(column)]


ROWS = 3 * PACK_ROWS + 100


@pytest.mark.slow
def test_the_same_objects_in_many_cells_are_kept_and_encoded_once(
    trip, spooled: list[int], encoded: list[Snapshot]
) -> None:
    pictures = [picture(number) for number in range(50)]
    table = Table(columns=["i", "pic"], data=[[i, pictures[i % 50]] for i in range(ROWS)])
    travelled = trip(table)
    assert sum(spooled) < ROWS * 12 + 2 * 50 * 24 * 24 * 3, "a few bytes a cell, and each picture once"
    assert len(encoded) == 50
    assert len(travelled.blobs.held) == 50 + 2, "pictures, rows, manifest"
    assert shown(travelled.loaded) == [i % 50 for i in range(ROWS)]
    again = [cell.snapshot().buffers[0].read()[0] - 10 for cell in table.get_column("pic")]
    assert again == [i % 50 for i in range(ROWS)], "read back in the training process"


@pytest.mark.slow
def test_one_row_after_another(trip, spooled: list[int], encoded: list[Snapshot]) -> None:
    pictures = [picture(number) for number in range(7)]
    table = Table(columns=["pic"])
    for number in range(PACK_ROWS + 500):
        table.add_data(pictures[number % 7])
    travelled = trip(table)
    assert len(encoded) == 7
    assert shown(travelled.loaded) == [number % 7 for number in range(PACK_ROWS + 500)]


def test_other_objects_with_the_same_content_are_encoded_once(trip, encoded: list[Snapshot]) -> None:
    table = Table(columns=["pic"], data=[[picture(number % 3)] for number in range(200)])
    assert shown(trip(table).loaded) == [number % 3 for number in range(200)]
    assert len(encoded) == 3


def test_a_caption_that_changed_in_between_is_kept_as_it_was(trip) -> None:
    one = picture(1, caption="first")
    table = Table(columns=["pic"], data=[[one]] * PACK_ROWS)
    one.caption = "second"
    table.add_data(one)
    cells = trip(table).loaded.get_column("pic")
    assert cells[0].caption == "first"
    assert cells[-1].caption == "second"


def test_in_lists_and_in_two_columns(trip, encoded: list[Snapshot]) -> None:
    one, two = picture(1), picture(2)
    table = Table(columns=["a", "b"], data=[[[one, two, one], two], [[two], one]])
    loaded = trip(table).loaded
    a, b = loaded.get_column("a"), loaded.get_column("b")
    assert [[number_of(cell, {}) for cell in cells] for cells in a] == [[1, 2, 1], [2]]
    assert [number_of(cell, {}) for cell in b] == [2, 1]
    assert len(encoded) == 2


def test_an_incremental_table_names_what_it_has_logged_before(trip) -> None:
    pictures = [picture(number) for number in range(5)]
    table = Table(columns=["pic"], data=[[pictures[i % 5]] for i in range(PACK_ROWS)], log_mode="INCREMENTAL")
    place = ("run", "t")
    first = table.snapshot_for(place)
    table.note_logged(place, first)
    for number in range(PACK_ROWS):
        table.add_data(pictures[number % 5])
    table.add_data(picture(9))
    second = table.snapshot_for(place)
    loaded = _loaded(second, type(trip(Table(columns=["a"])).blobs)())
    assert shown(loaded) == [*(number % 5 for number in range(PACK_ROWS)), 9]


def _loaded(snapshot: Snapshot, blobs: Any) -> Any:
    kind = KINDS_BY_NAME[snapshot.kind]
    header = msgspec.msgpack.decode(msgspec.msgpack.encode(snapshot.header))
    buffers = tuple(InMemory(bytes(kept.read())) for kept in snapshot.buffers)
    return kind.decode(kind.encode(Snapshot(snapshot.kind, header, buffers), blobs.put), blobs.get)


@pytest.mark.slow
def test_tables_of_tables(trip) -> None:
    pictures = [picture(number) for number in range(5)]
    rows = [[str(i), pictures[i % 5]] for i in range(PACK_ROWS + 10)]
    one, two = Table(columns=["id", "pic"], data=rows), Table(columns=["id", "pic"], data=rows)
    joined = trip(JoinedTable(one, two, "id")).loaded
    assert shown(joined.left) == shown(joined.right) == [i % 5 for i in range(PACK_ROWS + 10)]
    parts = trip(PartitionedTable([one, two])).loaded
    assert shown(parts) == [i % 5 for i in range(PACK_ROWS + 10)] * 2


@pytest.mark.slow
def test_a_later_column_of_the_same_media(trip, spooled: list[int]) -> None:
    pictures = [picture(number) for number in range(5)]
    table = Table(columns=["i"], data=[[i] for i in range(PACK_ROWS * 2)])
    table.add_column("pic", [pictures[i % 5] for i in range(PACK_ROWS * 2)])
    table.add_column("again", [pictures[i % 5] for i in range(PACK_ROWS * 2)])
    loaded = trip(table).loaded
    assert shown(loaded) == shown(loaded, "again") == [i % 5 for i in range(PACK_ROWS * 2)]


@pytest.mark.slow
def test_what_nobody_holds_any_more_is_forgotten() -> None:
    table = Table(columns=["pic"], data=[[picture(number % 200)] for number in range(PACK_ROWS + 1)])
    gc.collect()
    assert len(table._store._places._places) == 0
