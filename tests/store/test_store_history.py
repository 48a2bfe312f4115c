"""Chunks: amortised compaction, and charts that say what the points say."""

from __future__ import annotations

import itertools
import math
import random
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from batches import BEGAN, RUN, batch, columns_of, exact, ingest, log, rows_of, start
from owner import Service

from diorama.errors import BadRequest
from diorama.journal.entry import Log, System
from diorama.service.views import SeriesRequest, TrackRequest
from diorama.store import history, schema
from diorama.store.columns import Points


def one_series(service: Service, uid: int, key: str = "x", **options: Any) -> dict[str, Any]:
    (found,) = columns_of(service.series(SeriesRequest(runs=[uid], keys=[key], **options)))
    return found


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks are merged by fours and sealed at 256 points, so that few points make many chunks."""
    monkeypatch.setattr(history, "SEAL_POINTS", 256)
    monkeypatch.setattr(history, "MERGE_CHUNKS", 4)
    monkeypatch.setattr(history, "_TIER_LIMITS", (4, 16, 64, 256))
    monkeypatch.setattr("diorama.store.pyramid.LEVELS", (4, 16, 64))
    monkeypatch.setattr("diorama.service.series.LEVELS", (4, 16, 64))


def ingest_in_pieces(service: Service, logs: list[Log], sizes: list[int]) -> int:
    service.ingest(batch([start()]))
    seq = 2
    rest = list(logs)
    index = 0
    while rest:
        size = sizes[index % len(sizes)]
        service.ingest(batch(rest[:size], first_seq=seq))
        seq += len(rest[:size])
        rest = rest[size:]
        index += 1
    return service.find_run(*RUN).uid


def chunk_rows(service: Service) -> list[Any]:
    with service._database.read() as connection:
        table = schema.chunks.c
        return list(connection.execute(sa.select(table.tier, table.count).order_by(table.id)))


def test_few_chunks_stay_however_points_arrive(service: Service, small_chunks: None) -> None:
    uid = ingest_in_pieces(service, [log(step, {"x": float(step)}) for step in range(1000)], [1, 1, 7, 3, 40])
    rows = chunk_rows(service)
    assert sum(count for _, count in rows) == 1000
    assert sum(tier == history.SEALED for tier, _ in rows) == 3
    assert len(rows) < 3 + 4 * history.MERGE_CHUNKS
    assert service.keys([uid]).keys[0].runs[0].count == 1000


def test_compaction_rewrites_each_point_a_few_times_only(
    service: Service, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0
    row = history._row

    def _counting(key_id: int, points: Any, tier: int) -> dict[str, object]:
        nonlocal written
        written += len(points)
        return row(key_id, points, tier)

    monkeypatch.setattr(history, "_row", _counting)
    ingest_in_pieces(service, [log(step, {"x": float(step)}) for step in range(300)], [1])
    assert written < 300 * 6


def test_one_large_batch_is_sealed_at_once(service: Service, small_chunks: None) -> None:
    ingest(service, *(log(step, {"x": step}) for step in range(600)))
    assert chunk_rows(service) == [(history.SEALED, 256), (history.SEALED, 256), (3, 88)]


def test_a_value_logged_twice_in_a_row_counts_once(service: Service, small_chunks: None) -> None:
    logs = [log(step // 2, {"x": step}, row=step // 2) for step in range(300)]
    uid = ingest_in_pieces(service, logs, [1])
    assert [row["x"] for row in service.scan_history(uid)] == list(range(1, 300, 2))
    series = one_series(service, uid, buckets=1000)
    assert series["last"].tolist() == list(range(1, 300, 2))


@pytest.mark.parametrize("is_shuffled", [False, True])
@pytest.mark.parametrize("buckets", [7, 50, 400])
def test_buckets_say_what_brute_force_says(
    service: Service, small_chunks: None, is_shuffled: bool, buckets: int
) -> None:
    generator = random.Random(3)
    values = [generator.gauss(0, 1) for _ in range(3000)]
    values[1234] = 1e9
    values[2222] = -math.inf
    values[17] = math.nan
    order = list(range(3000))
    if is_shuffled:
        generator.shuffle(order)
    logs = [Log(step, row, BEGAN + row, {"x": values[step]}) for row, step in enumerate(order)]
    uid = ingest_in_pieces(service, logs, [100, 37])
    series = one_series(service, uid, buckets=buckets)
    assert not series["is_exact"]
    assert series["total"] == series["count"].sum() == 3000
    assert len(series["count"]) <= buckets
    assert series["max"].max() == 1e9
    assert series["min"].min() == -math.inf
    assert series["x_min"].min() == 0
    assert series["x_max"].max() == 2999
    if not is_shuffled:
        assert (series["x_min"][1:] > series["x_max"][:-1]).all()
        for index in range(len(series["count"])):
            part = np.array(values[int(series["x_min"][index]) : int(series["x_max"][index]) + 1])
            assert series["count"][index] == len(part)
            assert series["min"][index] == np.nanmin(part)
            assert series["max"][index] == np.nanmax(part)
            assert series["mean"][index] == pytest.approx(part[np.isfinite(part)].mean())
            assert series["last"][index] == part[-1]


def test_zooming_in_ends_at_the_points_themselves(service: Service, small_chunks: None) -> None:
    uid = ingest(service, *(log(step, {"x": float(step)}) for step in range(3000)))
    series = one_series(service, uid, x_min=1000, x_max=1100, buckets=200)
    assert series["is_exact"]
    assert series["total"] == 101
    # One neighbour on each side, so that a line reaches the edge of the chart.
    assert series["x"].tolist() == list(range(999, 1102))
    assert series["last"].tolist() == series["x"].tolist()


def test_a_range_between_two_points_shows_both(service: Service, small_chunks: None) -> None:
    uid = ingest(service, *(log(step * 100, {"x": step}) for step in range(2000)))
    series = one_series(service, uid, x_min=150_010, x_max=150_020)
    assert (series["x"].tolist(), series["total"]) == ([150_000, 150_100], 0)


def test_zooming_reads_only_what_overlaps(
    service: Service, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = ingest(service, *(log(step, {"x": float(step)}) for step in range(256 * 40)))
    read: list[int] = []
    decode = history.codec.decode
    monkeypatch.setattr(history.codec, "decode", lambda data: read.append(1) or decode(data))
    one_series(service, uid, x_min=5000, x_max=5050)
    assert len(read) == 1
    one_series(service, uid, buckets=50)
    assert len(read) == 1, "the whole chart reads pyramids only"


def test_large_chunks_that_are_not_sealed_are_read_once_for_charts(
    service: Service, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = ingest_in_pieces(service, [log(step, {"x": float(step)}) for step in range(250)], [65])
    assert [tier for tier, _ in chunk_rows(service)] == [3, 3, 3, 2]
    read: list[int] = []
    decode = history.codec.decode
    monkeypatch.setattr(history.codec, "decode", lambda data: read.append(len(data)) or decode(data))
    series = one_series(service, uid, buckets=10)
    assert len(read) == 4
    assert series["count"].sum() == 250
    one_series(service, uid, buckets=10)
    assert len(read) == 4, "the buckets of the large ones and the points of the small one are remembered"
    known = service._reader._points
    assert len(known) == 1, "the points of the large ones are not"


@pytest.mark.parametrize("is_shuffled", [False, True])
def test_a_row_in_two_large_chunks_counts_once_in_buckets(
    service: Service, small_chunks: None, is_shuffled: bool
) -> None:
    """A key is logged again in rows that lie in an earlier chunk, before they are sealed."""
    first = [log(step, {"x": 1.0}, row=step) for step in range(70)]
    again = [log(step, {"x": 2.0}, row=step) for step in range(69, 139)]
    if is_shuffled:
        random.Random(1).shuffle(again)
    uid = ingest_in_pieces(service, first + again, [70])
    assert [tier for tier, _ in chunk_rows(service)] == [3, 3]
    series = one_series(service, uid, buckets=20)
    assert not series["is_exact"]
    assert series["count"].sum() == 139
    assert (series["mean"] * series["count"]).sum() == 69 + 2 * 70


@pytest.mark.parametrize("is_sealed", [False, True])
@pytest.mark.parametrize("buckets", [5, 20, 1000])
def test_buckets_do_not_mix_times_of_two_writers(
    service: Service, small_chunks: None, is_sealed: bool, buckets: int
) -> None:
    """Both log the same steps, the second one begins 500 seconds later."""
    steps = 300 if is_sealed else 100
    for first in range(0, steps, 50):
        for rank in (0, 1):
            piece = [
                log(step, {"x": 100.0 * rank}, time=BEGAN + 500 * rank + step)
                for step in range(first, first + 50)
            ]
            head = [start(writer=f"w.{rank}", session=7, is_secondary=bool(rank))] if first == 0 else []
            seq = 1 if first == 0 else first + 2
            service.ingest(batch([*head, *piece], first_seq=seq, writer=f"w.{rank}"))
    assert any(tier == history.SEALED for tier, _ in chunk_rows(service)) == is_sealed
    uid = service.find_run(*RUN).uid
    series = one_series(service, uid, x="relative", x_min=0, x_max=steps - 1, buckets=buckets)
    assert series["total"] == steps
    shown = series["last"] if series["is_exact"] else series["max"]
    assert set(shown[:-1]) == {0.0}
    whole = one_series(service, uid, x="time", buckets=buckets)
    assert whole["total"] == 2 * steps
    if not whole["is_exact"]:
        assert set(whole["min"][whole["x_max"] < BEGAN + steps]) == {0.0}
        assert set(whole["max"][whole["x_max"] < BEGAN + steps]) == {0.0}
        assert set(whole["min"][whole["x_min"] >= BEGAN + 500]) == {100.0}


@pytest.mark.parametrize("x", ["time", "relative"])
def test_time_axes(service: Service, x: str) -> None:
    uid = ingest(service, *(log(step, {"x": step}, time=BEGAN + step * 2) for step in range(5)))
    offset = BEGAN if x == "time" else 0
    assert one_series(service, uid, x=x)["x"].tolist() == [offset + step * 2 for step in range(5)]
    zoomed = one_series(service, uid, x=x, x_min=offset + 3, x_max=offset + 5)
    assert zoomed["x"].tolist() == [offset + 2, offset + 4, offset + 6]


def test_another_metric_as_axis(service: Service) -> None:
    uid = ingest(
        service,
        log(0, {"x": 0.5}),
        log(1, {"epoch": 1, "x": 1.5}),
        log(2, {"x": 2.5}),
        log(3, {"epoch": 2}),
        log(4, {"x": 4.5}),
        log(5, {"epoch": 3, "x": 5.5}),
    )
    series = one_series(service, uid, x="epoch")
    assert series["x"].tolist() == [1, 1, 2, 3], (
        "in the same row, else the last one before; none before the first"
    )
    assert series["last"].tolist() == [1.5, 2.5, 4.5, 5.5]
    assert len(one_series(service, uid, x="nothing")["x"]) == 0


@pytest.mark.parametrize("ask", ["series", "tracks"])
def test_the_metric_of_an_axis_is_read_once_for_each_run_and_never_two_are_held(
    service: Service, monkeypatch: pytest.MonkeyPatch, ask: str
) -> None:
    uids = []
    for number in range(3):
        run = ("local", "axes", f"run{number}")
        value = 0.5 if ask == "series" else "a word"
        rows = [{"epoch": 1000 * (number + 1) + step, "a": value, "b": value} for step in range(4)]
        service.ingest(batch([start(run), log(0, rows[0]), log(1, rows[1])], run=run))
        service.ingest(batch([log(2, rows[2]), log(3, rows[3])], first_seq=4, run=run))  # chunks of their own
        uids.append(service.find_run(*run).uid)
    read: list[float] = []
    held: list[weakref.ref[Points]] = []
    all_points = history.ChunkReader.all_points

    def noted(reader: history.ChunkReader, connection: sa.Connection, chunks: list[history.Chunk]) -> Points:
        points = all_points(reader, connection, chunks)
        if (points.numbers() >= 1000).all():
            read.append(float(points.numbers()[0]))
            held.append(weakref.ref(points))
            assert sum(one() is not None for one in held) == 1
        return points

    monkeypatch.setattr(history.ChunkReader, "all_points", noted)
    if ask == "series":
        found = columns_of(service.series(SeriesRequest(runs=uids, keys=["a", "b"], x="epoch")))
    else:
        found = columns_of(service.tracks(TrackRequest(runs=uids, keys=["a", "b"], axis="epoch")))
    assert read == [1000, 2000, 3000]
    assert [one["x" if ask == "series" else "at"].tolist() for one in found] == [
        [1000 * (number + 1) + step for step in range(4)] for number in range(3) for _ in range(2)
    ]


def test_numbers_of_all_types_are_drawn(service: Service) -> None:
    uid = ingest(
        service, *(log(step, {"x": value}) for step, value in enumerate([True, 2, 2.5, 2**62, -0.0]))
    )
    assert one_series(service, uid)["last"].tolist() == [1.0, 2.0, 2.5, float(2**62), 0.0]


def test_system_series(service: Service) -> None:
    uid = ingest(service, *(System(BEGAN + 15 * index, {"cpu": index}) for index in range(4)))
    series = one_series(service, uid, "system/cpu", is_system=True, x="relative")
    assert series["x"].tolist() == [0, 15, 30, 45]
    assert columns_of(service.series(SeriesRequest(runs=[uid], keys=["system/cpu"]))) == []


def test_several_runs_and_keys_come_in_the_order_asked_for(service: Service) -> None:
    first = ingest(service, log(0, {"a": 1, "b": 2}))
    other = ("local", "digits", "run2")
    second = ingest(service, log(0, {"b": 3}), run=other)
    found = columns_of(service.series(SeriesRequest(runs=[second, first], keys=["b", "a", "none"])))
    assert [(one["run"], one["key"]) for one in found] == [(second, "b"), (first, "b"), (first, "a")]


@pytest.mark.parametrize("options", [{"buckets": 0}, {"buckets": 10**7}, {"x_min": math.nan}])
def test_impossible_charts_are_refused(service: Service, options: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        service.series(SeriesRequest(runs=[1], keys=["x"], **options))


def test_scanning_reads_in_windows(
    service: Service, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diorama.service.scan.WINDOW_POINTS", 700)
    order = list(range(3000))
    random.Random(5).shuffle(order)
    uid = ingest_in_pieces(
        service,
        [Log(step, row, BEGAN + row, {"x": step, "y": -step}) for row, step in enumerate(order)],
        [171],
    )
    assert [(row["_step"], row["x"], row["y"]) for row in service.scan_history(uid)] == [
        (step, step, -step) for step in range(3000)
    ]
    some = [row["x"] for row in service.scan_history(uid, keys=["x", "y"], min_step=700, max_step=1500)]
    assert some == list(range(700, 1501))
    assert list(service.scan_history(uid, keys=["x", "z"])) == []
    assert [row["_step"] for row in service.scan_history(uid, keys=["_step"], max_step=2)] == [0, 1, 2]


class TestScans:
    """Rows of a history that is read while others write, and of runs with very many keys."""

    def test_the_database_does_not_wait_for_who_reads_slowly(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("diorama.service.scan.WINDOW_POINTS", 100)
        uid = ingest(service, *(log(step, {"x": step}) for step in range(100)))
        for number in range(5):
            ingest(
                service,
                *(log(100 * number + step, {"y": step}) for step in range(100)),
                writer=f"w.{number + 1}",
            )
        open_reads = 0
        read = service._database.read

        @contextmanager
        def _counted() -> Iterator[Any]:
            nonlocal open_reads
            with read() as connection:
                open_reads += 1
                yield connection
            open_reads -= 1

        monkeypatch.setattr(service._database, "read", _counted)
        steps = []
        for number, row in enumerate(service.scan_history(uid)):
            assert open_reads == 0
            steps.append(row["_step"])
            if number % 50 == 0:  # compaction goes on meanwhile
                with monkeypatch.context() as patched:
                    patched.setattr(service._database, "read", read)
                    for late in range(history.MERGE_CHUNKS):
                        ingest(service, log(10_000, {"x": late}), writer=f"late.{number}.{late}")
        assert steps == sorted([*range(100), *range(500)])

    def test_a_run_of_very_many_keys(self, service: Service) -> None:
        names = [f"layer/{number}" for number in range(3_000)]
        uid = ingest(
            service,
            log(0, {name: number / 3 for number, name in enumerate(names)}),
            log(1, {name: number for number, name in enumerate(names)}),
            log(2, {name: number % 2 == 0 for number, name in enumerate(names)} | {"note": "text"}),
        )
        values = ([i / 3 for i in range(3_000)], list(range(3_000)), [i % 2 == 0 for i in range(3_000)])
        expected = [
            {"_step": step, **dict(zip(names, some, strict=True))} for step, some in enumerate(values)
        ]
        expected[2]["note"] = "text"
        assert exact(rows_of(service, uid)) == exact(expected)

    @pytest.mark.parametrize("window_points", [7, 200_000])
    @pytest.mark.parametrize("samples", [1, 2, 3, 10, 50, 51])
    def test_samples_are_evenly_spread_over_the_rows_that_are_asked_for(
        self, service: Service, monkeypatch: pytest.MonkeyPatch, window_points: int, samples: int
    ) -> None:
        monkeypatch.setattr("diorama.service.scan.WINDOW_POINTS", window_points)
        uid = ingest(
            service,
            *(log(step, {"x": step} if step % 3 else {"x": step, "y": -step}) for step in range(150)),
        )
        every = rows_of(service, uid, keys=["x", "y"])
        assert len(every) == 50
        found = rows_of(service, uid, keys=["x", "y"], samples=samples)
        assert len(found) == min(samples, 50)
        assert [row for row in every if row in found] == found
        assert found[0] == every[0]
        if samples > 1:
            assert found[-1] == every[-1]
            gaps = {(after["x"] - before["x"]) // 3 for before, after in itertools.pairwise(found)}
            assert max(gaps) - min(gaps) <= 1

    @pytest.mark.parametrize("window_points", [1, 200_000])
    @pytest.mark.parametrize("samples", [None, 1, 50])
    def test_no_row_has_keys_that_never_stand_side_by_side(
        self, service: Service, monkeypatch: pytest.MonkeyPatch, window_points: int, samples: int | None
    ) -> None:
        monkeypatch.setattr("diorama.service.scan.WINDOW_POINTS", window_points)
        uid = ingest(service, log(0, {"train": 1.0}), log(1, {"val": 2.0}))
        assert rows_of(service, uid, keys=["train", "val"], samples=samples) == []

    def test_less_than_one_sample_is_refused(self, service: Service) -> None:
        uid = ingest(service, log(0, {"x": 1}))
        with pytest.raises(BadRequest):
            list(service.scan_history(uid, samples=0))


def test_few_threads_at_once_work_on_many_points() -> None:
    reader = history.ChunkReader()
    many = [history.Chunk(1, 1, 0, history._MANY_POINTS, 0, 1, 0.0, 1.0)]
    few = [history.Chunk(2, 1, 0, 1, 0, 1, 0.0, 1.0)]
    inside, left, most = threading.Semaphore(0), threading.Event(), [0]

    def read(chunks: list[history.Chunk]) -> None:
        with reader.turn(chunks):
            most[0] += 1
            inside.release()
            left.wait(60)

    threads = [
        threading.Thread(target=read, args=[many], daemon=True) for _ in range(history._READERS_OF_MANY + 3)
    ]
    for thread in threads:
        thread.start()
    for _ in range(history._READERS_OF_MANY):
        assert inside.acquire(timeout=60)
    with reader.turn(few):  # waits for nobody
        assert most[0] == history._READERS_OF_MANY
    left.set()
    for thread in threads:
        thread.join(60)
    assert most[0] == len(threads)
