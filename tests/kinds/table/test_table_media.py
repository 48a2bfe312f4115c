"""Media in cells: pictures, lists and tables of them come back, and a cell that fails costs itself alone."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from table_rows import put_into, rows_of

from diorama.media import KINDS_BY_NAME, Histogram, Image, Table
from diorama.media.core.base import MANIFEST_MIME, Snapshot
from diorama.media.core.keep import InMemory, set_keeper


class TestMedia:
    def test_pictures(self, trip) -> None:
        pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
        picture = Image(pixels, caption="one", masks={"m": {"mask_data": np.eye(4, dtype=np.uint8)}})
        assert Table(columns=["a"], data=[[picture]]).data[0][0].masks["m"] is picture.masks["m"]
        table = Table(columns=["a", "b"], data=[[picture, 1], [None, 2], [Image(pixels + 1), 3]])
        pixels[:] = 0
        made = trip(table)
        [[first, _], [none, _], [third, _]] = made.loaded.rows()
        np.testing.assert_array_equal(first.array, np.arange(48).reshape(4, 4, 3))
        np.testing.assert_array_equal(first.masks["m"], np.eye(4))
        assert none is None
        assert third.array[0, 0, 0] == 1
        listed = msgspec.msgpack.decode(made.blobs.get(made.record.media))
        assert made.record.media.mime == MANIFEST_MIME
        named = {sha256 for sha256, _, _ in listed}
        assert named == set(made.blobs.held) - {made.record.media.sha256, made.record.blob.sha256}
        assert [column.type for column in made.record.columns] == ["image", "integer"]

    def test_lists_and_dicts_of_media(self, trip) -> None:
        pictures = [Image([[1, 2]], caption=str(number)) for number in range(3)]
        table = Table(columns=["a", "b"], data=[[pictures, {"x": pictures[0], "n": 1}]])
        [[listed, mapped]] = rows_of(trip, table)
        assert [picture.array.tolist() for picture in listed] == [[[1, 2]]] * 3
        assert mapped["x"].array.tolist() == [[1, 2]]
        assert mapped["n"] == 1

    def test_other_kinds_and_bare_values(self, trip) -> None:
        import PIL.Image

        table = Table(columns=["a", "b"], data=[[Histogram([1, 2, 2]), PIL.Image.new("L", (2, 2), 7)]])
        [[histogram, picture]] = rows_of(trip, table)
        assert histogram[0].sum() == 3
        assert picture.array.tolist() == [[7, 7], [7, 7]]
        assert [column.type for column in trip(table).record.columns] == ["histogram", "image"]

    def test_a_table_in_a_table(self, trip) -> None:
        inner = Table(columns=["x"], data=[[Image([[5]])]])
        made = trip(Table(columns=["a"], data=[[inner]]))
        [[loaded]] = made.loaded.rows()
        assert loaded.rows()[0][0].array.tolist() == [[5]]
        listed = {sha256 for sha256, _, _ in msgspec.msgpack.decode(made.blobs.get(made.record.media))}
        assert listed == set(made.blobs.held) - {made.record.media.sha256, made.record.blob.sha256}

    def test_getters_give_media_back(self, trip) -> None:
        pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
        image = Image(
            pixels,
            caption="c",
            sample_id="s",
            classes=[{"id": 1, "name": "cat"}],
            grouping=2,
            masks={"m": {"mask_data": np.eye(4, dtype=np.uint8), "class_labels": {1: "cat"}}},
        )
        table = Table(columns=["a", "h"], data=[[image, Histogram([1, 2], num_bins=4)]] * 3)
        table._store.seal()
        back, histogram = table.data[1]
        assert isinstance(back, Image)
        assert back == image
        assert (back.caption, back.sample_id, back.grouping, back.width) == ("c", "s", 2, 4)
        assert back.masks["m"].array().tolist() == np.eye(4).tolist()
        assert histogram.histogram == Histogram([1, 2], num_bins=4).histogram
        assert table.get_column("a", convert_to="numpy").shape == (3, 4, 4, 3)
        again = Table(columns=["a", "h"], data=table.data)
        assert trip(again).record == trip(table).record
        assert trip(back).record == trip(image).record

    def test_a_cell_that_fails_costs_one_cell(self, trip, monkeypatch) -> None:
        snapshot = Table(columns=["a"], data=[[Image([[1]])], [Image([[2]])], [Image([[3]])]]).snapshot()
        kind = KINDS_BY_NAME["image"]

        def encode(media: Snapshot, put_blob: Any) -> Any:
            if media.buffers[0].read()[0] == 2:
                raise ZeroDivisionError("odd pixels")
            return kind.encode(media, put_blob)

        monkeypatch.setitem(KINDS_BY_NAME, "image", _with(kind, encode))
        held: dict[str, bytes] = {}
        record = KINDS_BY_NAME["table"].encode(snapshot, put_into(held))
        rows = KINDS_BY_NAME["table"].decode(record, lambda ref: held[ref.sha256]).rows()
        failed = rows[1][0]
        assert (failed["kind"], failed["of"]) == ("failed", "image")
        assert failed["reason"] == "ZeroDivisionError: odd pixels"
        assert [held[ref["sha256"]][0] for ref in failed["buffers"]] == [2], "its bytes are kept"
        assert rows[2][0].array.tolist() == [[3]]
        [(code, text, count)] = KINDS_BY_NAME["table"].warnings(record)
        assert (code, count) == ("media-failed", 1)
        assert "odd pixels" in text

    def test_a_store_that_fails_is_no_fault_of_the_cell(self) -> None:
        class Away(Exception):
            pass

        def put(data: Any, mime: str) -> Any:
            raise Away("come again")

        with pytest.raises(Away, match="come again"):
            KINDS_BY_NAME["table"].encode(Table(columns=["a"], data=[[Image([[1]])]]).snapshot(), put)

    def test_warnings_of_cells_are_counted(self, trip) -> None:
        table = Table(columns=["a"], data=[[Histogram([1, math.nan])], [Histogram([math.inf, math.nan])]])
        [(code, _, count)] = KINDS_BY_NAME["table"].warnings(trip(table).record)
        assert (code, count) == ("histogram.non_finite", 3)

    def test_many_pictures_are_few_buffers(self) -> None:
        taken: list[int] = []

        def keeper(view: memoryview) -> Any:
            taken.append(view.nbytes)
            return InMemory(bytes(view))

        set_keeper(keeper)
        try:
            table = Table(columns=["a"])
            for number in range(300):
                table.add_data(Image(np.full((64, 64, 3), number % 256, np.uint8)))
            snapshot = table.snapshot()
        finally:
            set_keeper(None)
        assert len(snapshot.buffers) <= 2
        assert len(msgspec.msgpack.encode(snapshot.header)) < 1000
        assert max(taken) < 6 << 20


def _with(kind: Any, encode: Any) -> Any:
    import dataclasses

    return dataclasses.replace(kind, encode=encode)
