"""What is in 3D files is counted and checked; broken ones are kept and said to be so."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import model_files as made
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diorama.media import Object3D, record_warnings
from diorama.media.object3d import codec as object3d_codec
from diorama.media.object3d.facts import inspect
from diorama.media.object3d.pcd import lzf_decompress

POINTS = np.array(made.CORNERS, "<f4")
FORMATS = ("obj", "gltf", "glb", "babylon", "stl", "pts.json", "ply", "pcd", "splat")


class TestModels:
    def test_stl(self, trip) -> None:
        for data, triangles, solids, note in (
            (made.stl_ascii(3).encode(), 12, 3, None),
            (made.stl_binary(b"solid but binary"), 4, 1, None),
            (made.stl_binary(declared=9), 4, 1, "it says 9 triangles, but it holds 4"),
            (made.stl_binary(declared=2), 2, 1, None),
            (made.stl_binary()[:-60], 2, 1, "it says 4 triangles, but it holds 2"),
            (made.stl_ascii(1).replace("vertex 0", "", 1).encode(), 4, 1, "4 facets have 11 vertices"),
            (b"solid nothing\nendsolid nothing\n", 0, 1, "it has no facets"),
        ):
            record = trip(Object3D(data, file_type="stl")).record
            assert (record.triangle_count, record.counts, record.note) == (
                triangles,
                {"solids": solids},
                note,
            )

    def test_obj_oddities(self, trip) -> None:
        text = "o a\r\nv 0 0 0\r\nv 1 0 0\r\nv 0 1 0\r\nv 1 1 0\r\nf 1 2 \\\r\n 3 4 # a quad\r\nf 1 2\r\n"
        record = trip(Object3D(text.encode(), file_type="obj")).record
        assert (record.vertex_count, record.triangle_count, record.counts) == (4, 2, {"objects": 1})
        assert record.note == "1 faces have fewer than three corners"
        assert trip(Object3D(b"\x89PNG", file_type="obj")).record.note == "it has no vertices"

    @pytest.mark.parametrize(
        ("changes", "note"),
        [
            ({"asset": None}, "no 'asset'"),
            ({"nodes": [{"children": [1]}, {"children": [0]}]}, "round in a circle"),
            (
                {"accessors": [{"bufferView": 0, "componentType": 5126, "count": 2**31, "type": "VEC3"}]},
                "accessor 0",
            ),
            ({"accessors": [{"bufferView": 77, "count": 1}]}, "no bufferView 77"),
            ({"bufferViews": [{"buffer": 0, "byteLength": 10**9}] * 2}, "bufferView 0 reaches past"),
            (
                {"buffers": [{"byteLength": 10**9, "uri": "parts/thing.bin"}]},
                "buffer 0 says 1000000000 bytes",
            ),
        ],
    )
    def test_gltf_that_reaches_too_far(self, trip, tmp_path: Path, changes: Any, note: str) -> None:
        assert note in trip(Object3D(made.write_gltf(tmp_path, **changes))).record.note

    def test_gltf_with_anything_in_its_places(self, trip, tmp_path: Path) -> None:
        names = list(made.gltf_parts()[0])
        for name in names:
            for value in (
                None,
                5,
                "x",
                [5],
                [{}],
                [None],
                {},
                [{"uri": 5, "children": 5, "primitives": [5]}],
            ):
                if name == "nodes" and value == [{"uri": 5, "children": 5, "primitives": [5]}]:
                    continue
                trip(Object3D(made.write_gltf(tmp_path, **{name: value})))

    def test_glb_oddities(self, trip) -> None:
        good = made.glb_bytes()
        for data, note in (
            (good[:-10], "its last chunk is cut off"),
            (b"glTF" + struct.pack("<I", 1) + good[8:], "version 1"),
            (good[:12] + struct.pack("<I4s", 4, b"BIN\0") + b"abcd", "no JSON chunk"),
            (b"not a glb at all, by no means", "does not begin"),
        ):
            assert note in trip(Object3D(data, file_type="glb")).record.note

    def test_strips_and_lines(self, trip, tmp_path: Path) -> None:
        primitive = {"attributes": {"POSITION": 0}}
        meshes = [{"primitives": [{**primitive, "mode": mode} for mode in (0, 1, 4, 5, 6)]}]
        record = trip(Object3D(made.write_gltf(tmp_path, meshes=meshes))).record
        assert (record.vertex_count, record.triangle_count) == (4, 1 + 2 + 2)


BROKEN = {
    "gltf": [b"{", b"[]", b"\xff\xfe", b"[" * 100_000],
    "glb": [b"glTF", b"glTF\2\0\0\0"],
    "babylon": [b"{", b"[]", b"{" * 10],
    "stl": [b"short", b"solid"],
    "pts.json": [b"{", b"5", b'"text"', b"\0"],
    "ply": [
        b"ply",
        b"ply\nend_header\n",
        b"ply\nformat ascii 1.0\nend_header\n",
        b"ply\nformat odd 1.0\nend_header\n",
        b"ply\nformat ascii 1.0\nelement vertex x\nend_header\n",
        b"ply\nformat ascii 1.0\nproperty float x\nend_header\n",
        b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n1\n",
        made.ply_bytes(POINTS).replace(b"1.0 0.0 0.0", b"one 0.0 0.0"),
    ],
    "pcd": [
        b"FIELDS x y z",
        b"FIELDS x\nDATA ascii\n",
        b"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS -1\nDATA ascii\n",
        b"FIELDS x y z\nSIZE 4 4 3\nTYPE F F F\nPOINTS 1\nDATA binary\nxxxxxxxxxxxx",
        b"FIELDS\nSIZE\nTYPE\nPOINTS 1\nDATA binary\nxxxxxxxxxxxx",
        made.pcd_bytes({"x": POINTS[:, 0]}),
        made.pcd_bytes({"x": POINTS[:, 0], "y": POINTS[:, 1], "z": POINTS[:, 2]}, "zip"),
    ],
}


@pytest.mark.parametrize(
    ("file_format", "data"), [(name, data) for name, each in BROKEN.items() for data in each]
)
def test_broken_files_are_kept_all_the_same(trip, file_format: str, data: bytes) -> None:
    done = trip(Object3D(data, file_type=file_format))
    assert done.loaded.file == data
    assert f"it can't be read as {file_format}" in done.record.note
    assert "Traceback" not in done.record.note
    assert (done.record.cloud, done.record.vertex_count) == (None, None)
    [(code, _, count)] = record_warnings(done.record)
    assert (code, count) == ("object3d.unreadable", 1)


def test_a_file_is_kept_where_no_worker_can_be_started(trip, monkeypatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> Any:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(object3d_codec, "run_limited", refuse)
    done = trip(Object3D(made.stl_binary(), file_type="stl"))
    assert done.loaded.file == made.stl_binary()
    assert "no more processes" in done.record.note


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_truncation(tmp_path: Path, file_format: str) -> None:
    data = made.every_file(tmp_path)[file_format].read_bytes()
    for end in range(1, len(data)):
        try:
            facts = inspect({"format": file_format, "files": {}}, memoryview(data[:end]))
        except (ValueError, RecursionError):
            continue
        assert (facts.get("vertex_count") or 0) >= 0


class TestPly:
    @pytest.mark.parametrize("form", ["ascii", "binary_little_endian", "binary_big_endian"])
    @pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
    def test_clouds_and_meshes(self, trip, form: str, dtype: str) -> None:
        points = (np.random.default_rng(0).normal(size=(50, 3)) * 100).astype(dtype)
        colors = np.arange(150, dtype=np.uint8).reshape(50, 3)
        values = {"scalar_Intensity": np.linspace(0, 1, 50, dtype="f4"), "nx": np.zeros(50, "f4")}
        data = made.ply_bytes(points, None, form, colors, values)
        done = trip(Object3D(data, file_type="ply"))
        assert (done.record.form, done.record.up, done.record.triangle_count) == ("cloud", "z", None)
        assert done.record.cloud.order == "scatter"
        assert done.loaded.columns["position"].dtype == np.dtype(dtype)
        np.testing.assert_array_equal(done.loaded.columns["position"], points)
        np.testing.assert_array_equal(done.loaded.columns["color"], colors)
        np.testing.assert_array_equal(done.loaded.columns["value"][:, 0], values["scalar_Intensity"])
        assert done.loaded.points.shape == (50, 6)

        faces = [(0, 1, 2), (3, 4, 5, 6, 7), (8, 9, 10, 11)]
        done = trip(Object3D(made.ply_bytes(points, faces, form), file_type="ply"))
        assert (done.record.form, done.record.up, done.record.cloud.order) == ("mesh", "y", "logged")
        assert done.loaded.faces.tolist() == [
            [0, 1, 2],
            [3, 4, 5],
            [3, 5, 6],
            [3, 6, 7],
            [8, 9, 10],
            [8, 10, 11],
        ]
        np.testing.assert_array_equal(done.loaded.points, points)

    @pytest.mark.parametrize("form", ["ascii", "binary_little_endian"])
    def test_what_is_not_there(self, trip, form: str) -> None:
        data = made.ply_bytes(POINTS, [(0, 1, 2), (0, 1, 99), (0, 1, -1)], form)
        done = trip(Object3D(data, file_type="ply"))
        assert done.loaded.faces.tolist() == [[0, 1, 2]]
        assert done.record.note == "2 triangles name vertices that are not there"
        greedy = data.replace(b"vertex 4", b"vertex 1000000000000").replace(b"face 3", b"face 1000000000000")
        assert "it says 1000000000000 of 'vertex'" in trip(Object3D(greedy, file_type="ply")).record.note
        none = made.ply_bytes(POINTS, [(0, 1), (2,)], form)
        assert trip(Object3D(none, file_type="ply")).record.note == "its faces have fewer than three corners"

    def test_splats(self, trip) -> None:
        record = trip(Object3D(made.splat_ply_bytes(5), file_type="ply")).record
        assert (record.form, record.vertex_count, record.up, record.note) == ("splat", 5, "-y", None)
        short = trip(Object3D(made.splat_ply_bytes(5)[:-1], file_type="ply")).record
        assert "but it holds" in short.note
        record = trip(Object3D(bytes(70), file_type="splat")).record
        assert (record.form, record.vertex_count) == ("splat", 2)
        assert "6 bytes are left over" in record.note


class TestPcd:
    COLORS = np.array([0xFF0000, 0x00FF7F, 0x010203, 0], "<u4")

    @pytest.mark.parametrize("form", ["ascii", "binary", "binary_compressed"])
    def test_fields(self, trip, form: str) -> None:
        points = POINTS.copy()
        points[3] = np.nan
        columns = {axis: points[:, place] for place, axis in enumerate("xyz")}
        columns["rgb"] = self.COLORS if form == "ascii" else self.COLORS.view("<f4")
        columns["intensity"] = np.array([0, 0.5, 1, 2], "<f4")
        columns["label"] = np.array([1, 2, 3, 300], "<u2")
        done = trip(Object3D(made.pcd_bytes(columns, form), file_type="pcd", class_labels={1: "road"}))
        loaded, cloud = done.loaded.columns, done.record.cloud
        np.testing.assert_array_equal(loaded["position"], points)
        assert loaded["color"].tolist() == [[255, 0, 0], [0, 255, 127], [1, 2, 3], [0, 0, 0]]
        assert loaded["value"][:, 0].tolist() == [0, 0.5, 1, 2]
        assert loaded["category"][:, 0].tolist() == [1, 2, 3, 300]
        assert (cloud.non_finite, cloud.class_counts[300], cloud.class_labels) == (1, 1, {1: "road"})

    def test_short_and_greedy(self, trip) -> None:
        columns = {axis: POINTS[:, place] for place, axis in enumerate("xyz")}
        for form in ("ascii", "binary"):
            done = trip(Object3D(made.pcd_bytes(columns, form, points=10**12), file_type="pcd"))
            assert done.record.note == "it says 1000000000000 points, but it holds 4"
        data = made.pcd_bytes(columns, "binary_compressed", points=10**12)
        assert "unpacks to 48" in trip(Object3D(data, file_type="pcd")).record.note
        bomb = made.pcd_bytes(columns, "binary_compressed")
        start = bomb.index(b"compressed\n") + len(b"compressed\n")
        bomb = bomb[: start + 4] + struct.pack("<I", 2**32 - 1) + bomb[start + 8 :]
        assert "can't hold" in trip(Object3D(bomb, file_type="pcd")).record.note

    @settings(max_examples=150, deadline=None)
    @given(data=st.binary(max_size=600) | st.binary(max_size=9).map(lambda part: part * 200))
    def test_lzf_round_trip(self, data: bytes) -> None:
        assert lzf_decompress(memoryview(made.lzf_compress(data)), len(data)) == data

    @settings(max_examples=200, deadline=None)
    @given(packed=st.binary(max_size=60), size=st.integers(0, 3000))
    def test_lzf_of_anything(self, packed: bytes, size: int) -> None:
        with contextlib.suppress(ValueError):
            assert len(lzf_decompress(memoryview(packed), size)) == size


class TestPtsJson:
    def read(self, trip: Any, scene: Any) -> Any:
        return trip(Object3D(json.dumps(scene).encode(), file_type="pts.json"))

    def test_scenes(self, trip) -> None:
        box = {"corners": [[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], "label": "a"}
        scene = {
            "type": "lidar/beta",
            "points": [[0, 0, 0, 1], [1, 1.5, 1, 14]],
            "boxes": [box],
            "vectors": [{"start": [0, 0, 0], "end": [1, 1, 1]}],
            "camera": {"viewpoint": [5, 5, 5], "target": [0, 0, 0]},
        }
        done = self.read(trip, scene)
        assert done.loaded.points.tolist() == scene["points"]
        assert done.record.cloud.class_counts == {1: 1, 14: 1}
        assert (done.record.point_cloud_type, done.record.note) == ("lidar/beta", None)
        assert done.record.boxes[0].label == "a"
        assert done.record.vectors[0].end == (1, 1, 1)
        assert done.record.cameras[0].position == (5, 5, 5)

    def test_nan_as_wandb_writes_it(self, trip) -> None:
        done = trip(Object3D(b"[[NaN, 0, 0], [1, Infinity, null]]", file_type="pts.json"))
        np.testing.assert_array_equal(done.loaded.points, [[np.nan, 0, 0], [1, np.inf, np.nan]])
        assert done.record.cloud.non_finite == 2

    @pytest.mark.parametrize(
        ("scene", "note"),
        [
            ([[0, 0, 0], [1, 2]], "its points can't be read"),
            ([["a", 0, 0]], "its points can't be read"),
            ([[0, 0]], "instead of n x 3, 4 or 6"),
            ([1, 2, 3], "instead of n x 3, 4 or 6"),
            ([[0, 0, 0, 1, 2]], "5 numbers each; only x, y and z"),
            ({"points": "none"}, "its 'points' are no list"),
            ({"boxes": [{"corners": []}, 5]}, "left out: "),
            ({"vectors": [{}]}, "no 'start'"),
            ({"camera": 5}, "left out: cameras must be"),
        ],
    )
    def test_what_is_wrong_is_said(self, trip, scene: Any, note: str) -> None:
        assert note in self.read(trip, scene).record.note

    def test_empty(self, trip) -> None:
        for scene in ([], {}, {"points": []}):
            done = self.read(trip, scene)
            assert (done.record.cloud.count, done.record.note) == (0, None)

    @settings(max_examples=25, deadline=None)
    @given(points=arrays(np.float64, st.tuples(st.integers(1, 20), st.sampled_from([3, 4, 6]))))
    def test_any_points(self, trip, points: np.ndarray) -> None:
        done = self.read(trip, points.tolist())
        np.testing.assert_array_equal(done.loaded.points, points)


HEADS = {"ply": b"ply\nformat ascii 1.0\n", "glb": b"glTF\2\0\0\0", "pcd": b"FIELDS x y z\n"}


@settings(max_examples=150, deadline=None)
@given(file_format=st.sampled_from(FORMATS), data=st.binary(min_size=1, max_size=300))
def test_any_bytes_are_told_about_or_refused_in_words(file_format: str, data: bytes) -> None:
    whole = HEADS.get(file_format, b"") + data
    try:
        facts = inspect({"format": file_format, "files": {}}, memoryview(whole))
    except (ValueError, TypeError, KeyError, RecursionError):
        return  # what the worker gives on as a reason
    counts = [facts.get(name) for name in ("vertex_count", "triangle_count")]
    assert all(count is None or (isinstance(count, int) and count >= 0) for count in counts)
    # Random bytes are no model: either there is nothing in it, or a note says what is wrong.
    assert isinstance(facts.get("note") or "", str)
    is_whole = any(counts) or facts.get("columns") or facts.get("points")
    assert is_whole or facts.get("note")


@settings(max_examples=40, deadline=None)
@given(file_format=st.sampled_from(FORMATS), data=st.binary(min_size=1, max_size=300))
def test_any_bytes_are_kept(trip, file_format: str, data: bytes) -> None:
    whole = HEADS.get(file_format, b"") + data
    done = trip(Object3D(whole, file_type=file_format))
    assert done.loaded.file == whole
    record = done.record
    assert record.note or record.vertex_count or record.cloud
