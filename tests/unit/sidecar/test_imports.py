"""Imports: nothing twice, what has come since is added, and what fails says where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import diorama
from diorama.api import Api
from diorama.errors import DioramaError
from diorama.media.core.extent import Data, Extent
from diorama.media.core.keep import SCRATCH_FROM_BYTES
from diorama.model import StoreDir
from diorama.plugins import ImportedRun, ImportRow
from diorama.sidecar import imports
from diorama.sidecar.imports import ImportTally, RunImport
from diorama.sidecar.local import LocalTransport
from diorama.sidecar.transport import Unavailable


@pytest.fixture
def transport() -> Iterator[LocalTransport]:
    transport = LocalTransport(StoreDir.from_environ())
    yield transport
    transport.close()


def bring_in(transport: LocalTransport, **about: Any) -> ImportTally:
    found = ImportedRun(**{"id": "one", "rows": [], **about})
    work = RunImport(transport, "test-log", "lab", "old", found)
    work.run()
    return work.tally


def rows(count: int) -> list[ImportRow]:
    return [
        ImportRow(step, {"loss": 1 / (step + 1), "n": 2**70 + step}, 1000.0 + step) for step in range(count)
    ]


def read() -> Any:
    [run] = Api().runs("lab/old")
    return run


def test_an_import_is_a_finished_run(transport: LocalTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH_ENTRIES", 3)
    about = {"name": "First", "config": {"lr": 0.5}, "notes": "by hand", "tags": ("a",), "group": "g"}
    tally = bring_in(transport, rows=rows(10), created_at=900.0, **about)
    assert (tally.rows, tally.new_rows, tally.failed_media) == (10, 10, 0)
    run = read()
    assert (run.id, run.name, run.state, run.config, run.tags) == (
        "one",
        "First",
        "finished",
        {"lr": 0.5},
        ["a"],
    )
    history = [(row["_step"], row["loss"], row["n"]) for row in run.scan_history()]
    assert history == [(step, 1 / (step + 1), 2**70 + step) for step in range(10)]


@pytest.mark.parametrize("state", ["finished", "failed", "crashed"])
def test_it_ends_as_it_ended(transport: LocalTransport, state: str) -> None:
    bring_in(transport, state=state)
    assert read().state == state


def test_nothing_twice_and_what_is_new_is_added(transport: LocalTransport) -> None:
    assert [bring_in(transport, rows=rows(count)).new_rows for count in (3, 3, 5, 4)] == [3, 0, 2, 0]
    assert [row["_step"] for row in read().scan_history()] == [0, 1, 2, 3, 4]
    assert read().state == "finished"


def test_a_run_that_was_deleted_is_imported_as_a_new_one(transport: LocalTransport) -> None:
    def steps() -> list[int]:
        return [row["_step"] for row in read().scan_history()]

    def uid_now() -> int:
        return transport._store().find_run("lab", "old", "one").uid

    def delete() -> int:
        uid = uid_now()
        transport._store().delete_runs([uid])
        return uid

    bring_in(transport, rows=rows(3))
    first = delete()
    assert bring_in(transport, rows=rows(4)).new_rows == 4
    assert (uid_now() != first, steps(), read().state) == (True, [0, 1, 2, 3], "finished")
    assert [bring_in(transport, rows=rows(count)).new_rows for count in (4, 6)] == [0, 2]
    assert steps() == [0, 1, 2, 3, 4, 5]
    second = delete()
    assert bring_in(transport, rows=rows(2)).new_rows == 2
    assert steps() == [0, 1]
    delete()
    transport._store().restore_runs([second])
    assert bring_in(transport, rows=rows(7)).new_rows == 1
    assert (uid_now(), steps()) == (second, [0, 1, 2, 3, 4, 5, 6])


def test_a_run_of_a_script_is_not_taken_for_a_deleted_import(transport: LocalTransport) -> None:
    run = diorama.init(project="old", entity="lab", id="one")
    run.log({"by": "script"})
    run.finish()
    assert [bring_in(transport, rows=rows(3)).new_rows for _ in range(2)] == [3, 0]


def test_media_that_can_not_be_stored_now_are_imported_later(
    transport: LocalTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(data: object, mime: str) -> None:
        raise Unavailable("the store is away")

    pages = [ImportRow(0, {"page": diorama.Html("<title>a</title>")})]
    with monkeypatch.context() as patched:
        patched.setattr(transport, "put_blob", away)
        with pytest.raises(Unavailable, match="the store is away"):
            bring_in(transport, rows=pages)
    bring_in(transport, rows=pages)
    [row] = read().scan_history()
    assert row["page"].html == "<title>a</title>"


def test_a_large_file_is_stored_from_a_file_and_leaves_none(
    transport: LocalTransport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sources: list[Data] = []
    put = transport.put_blob
    monkeypatch.setattr(transport, "put_blob", lambda data, mime: sources.append(data) or put(data, mime))
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(SCRATCH_FROM_BYTES))

    def film() -> Iterator[ImportRow]:
        yield ImportRow(0, {"film": diorama.Video(path)})

    bring_in(transport, rows=film())
    [source] = sources
    assert isinstance(source, Extent)
    assert not Path(source.path).exists()
    [row] = read().scan_history()
    assert row["film"].record.blob.size_bytes == SCRATCH_FROM_BYTES


def test_media_are_encoded_once(transport: LocalTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    put = transport.put_blob
    monkeypatch.setattr(transport, "put_blob", lambda data, mime: kept.append(mime) or put(data, mime))
    media = [ImportRow(0, {"page": diorama.Html("<title>a</title>"), "file": diorama.Image([[1, 2]])})]
    bring_in(transport, rows=media)
    count = len(kept)
    bring_in(transport, rows=media)
    assert len(kept) == count
    [row] = read().scan_history()
    assert row["page"].html == "<title>a</title>"


def test_media_that_fail_are_kept_and_told(transport: LocalTransport) -> None:
    lost = diorama.PluginMedia("nobody:knows", {}, {"a": b"bytes"}, is_raw=True)
    assert bring_in(transport, rows=[ImportRow(0, {"lost": lost, "x": 1})]).failed_media == 1
    [row] = read().scan_history()
    assert (row["x"], row["lost"].kind, row["lost"].record.fields["of"]) == (1, "failed", "plugin")


def test_an_importer_that_fails_says_where_and_can_go_on(transport: LocalTransport) -> None:
    def broken() -> Iterator[ImportRow]:
        yield from rows(4)
        raise ValueError("line 5 is odd")

    with pytest.raises(
        DioramaError, match=r"lab/old/one can't be read after 4 rows: ValueError: line 5 is odd"
    ):
        bring_in(transport, rows=broken())
    assert bring_in(transport, rows=rows(6)).rows == 6
    assert [row["_step"] for row in read().scan_history()] == list(range(6))


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"id": "a/b"}, "run id"),
        ({"id": ""}, "run id"),
        ({"rows": [{"loss": 1}]}, "must be an ImportRow, not a dict"),
        ({"rows": [ImportRow(None, {"loss": 1})]}, "after 0 rows: TypeError"),
        ({"rows": [*rows(2), ImportRow(2, {"loss": 1}, "noon")]}, "after 2 rows: ValueError.*noon"),
        ({"rows": [ImportRow(0, [1])]}, "the data of a row must be a dict, not a list"),
        ({"state": "done"}, "state 'done': finished, failed, crashed"),
    ],
)
def test_what_is_no_run_is_refused(transport: LocalTransport, about: dict[str, Any], words: str) -> None:
    with pytest.raises(DioramaError, match=words):
        bring_in(transport, **about)
