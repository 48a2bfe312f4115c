"""What bare values become."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import functools
import math
import pathlib
import sys
import types
import uuid
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

import diorama
from diorama.media import Histogram, Image, adopt


class Colour(enum.Enum):
    RED = "r"


class Number(enum.IntEnum):
    ONE = 1


def scale(x: float) -> float:
    return x


NOON = datetime.datetime(2026, 1, 2, 12, 30, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        (np.float64(0.1), 0.1),
        (np.float32(0.1), 0.10000000149011612),
        (np.float16(0.1), 0.0999755859375),
        (np.longdouble(0.5), 0.5),
        (np.int8(-3), -3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array(7), 7),
        (np.array([[7.5]]), 7.5),
        (np.array([True]), True),
        (np.array(["a"]), "a"),
        (np.arange(3), [0, 1, 2]),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.zeros(0), []),
        (np.array(["a", "b"] * 20), ["a", "b"] * 20),
        (np.array([1 + 2j, 3j]), ["(1+2j)", "3j"]),
        (np.array([None, Colour.RED, scale], object), [None, "RED", f"{__name__}.scale"]),
        (np.datetime64("2026-01-02"), "2026-01-02"),
        (np.array(["2026-01-02", "2026-01-03"], "datetime64[D]"), ["2026-01-02", "2026-01-03"]),
        (np.array(["2026-01-02"], "datetime64[ns]"), "2026-01-02T00:00:00.000000000"),
        (np.timedelta64(1500, "ms"), 1.5),
        (NOON, "2026-01-02T12:30:00+00:00"),
        (NOON.date(), "2026-01-02"),
        (NOON.time(), "12:30:00"),
        (datetime.timedelta(minutes=1.5), 90.0),
        (b"gr\xc3\xbcn", "grün"),
        (b"\xff\x00", "\\xff\x00"),
        (bytearray(b"a"), "a"),
        (memoryview(b"a"), "a"),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({Colour.RED}, ["RED"]),
        (range(3), [0, 1, 2]),
        (collections.deque([1, np.float32(0.5)]), [1, 0.5]),
        ({"a": 1}.keys(), ["a"]),
        ({"a": 1}.values(), [1]),
        (Colour.RED, "RED"),
        (Number.ONE, "ONE"),
        (scale, f"{__name__}.scale"),
        (Colour, f"{__name__}.Colour"),
        (functools.partial(scale, 1), f"{__name__}.scale"),
        (len, "builtins.len"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (decimal.Decimal("0.5"), 0.5),
        (fractions.Fraction(1, 4), 0.25),
        (1 + 2j, "(1+2j)"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (object(), None),
        (types, None),
    ],
)
def test_values(value: Any, becomes: Any) -> None:
    adopted = adopt(value)
    assert adopted == becomes
    assert type(adopted) is type(becomes)


def test_sets_that_cannot_be_sorted() -> None:
    assert sorted(map(str, adopt({1, "a"}))) == ["1", "a"]


def test_large_arrays_become_histograms(trip) -> None:
    numbers = np.random.default_rng(0).normal(size=33)
    histogram = adopt(numbers)
    assert isinstance(histogram, Histogram)
    np.testing.assert_array_equal(trip(histogram).loaded[0], np.histogram(numbers, bins=32)[0])
    assert adopt(numbers[:32]) == numbers[:32].tolist()
    assert isinstance(adopt(np.zeros(33, bool)), Histogram)


def test_tensors(tensor) -> None:
    assert adopt(tensor(np.float32(0.25), requires_grad=True, device="cuda:0")) == 0.25
    assert adopt(tensor(np.array([0.5]), dtype="bfloat16")) == 0.5
    assert adopt(tensor(np.arange(3))) == [0, 1, 2]
    assert isinstance(adopt(tensor(np.arange(100), requires_grad=True)), Histogram)


def test_subclasses_of_tensors(tensor) -> None:
    class Parameter(tensor):  # type: ignore[misc, valid-type]  # a fixture
        pass

    assert adopt(Parameter(np.array(2.0))) == 2.0


def test_numbers_that_numpy_lacks() -> None:
    class bfloat16:
        def __float__(self) -> float:
            return 0.5

    bfloat16.__module__ = "ml_dtypes"
    assert adopt(bfloat16()) == 0.5


def test_pictures() -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    assert isinstance(adopt(Pillow.new("L", (2, 2))), Image)
    figure, axes = pyplot.subplots()
    try:
        for value in (figure, axes, pyplot):
            assert isinstance(adopt(value), Image)
    finally:
        pyplot.close(figure)


class Frame:
    """Stands for pandas.DataFrame where pandas' own module path differs from the public one."""


Frame.__module__, Frame.__qualname__ = "pandas.core.frame", "DataFrame"


@pytest.fixture
def fake_kind(monkeypatch: pytest.MonkeyPatch) -> type[Any]:
    """A kind that adopts pandas frames and files that end in .fake or .two.fake."""
    import diorama.media
    from diorama.media import adopt as adoption
    from diorama.media.core.base import Kind

    class Fake(Histogram):
        def __init__(self, value: Any) -> None:
            if "broken" in str(value):
                raise RuntimeError("its tail is missing")
            super().__init__([1])
            self.value = value

    kind = Kind(
        "fake",
        Fake,
        diorama.media.HistogramRecord,
        lambda *_: None,
        lambda *_: None,  # type: ignore[arg-type]  # never encoded
        adopts=("pandas.DataFrame",),
        suffixes=(".fake", ".two.fake"),
    )
    monkeypatch.setitem(diorama.media.KINDS_BY_NAME, kind.name, kind)
    module = sys.modules["diorama.media.adopt"]
    for cached in (module._kinds_by_name, module._kind_of_suffix):
        cached.cache_clear()
    monkeypatch.setattr(module, "_remembered", {})
    yield Fake
    for cached in (module._kinds_by_name, module._kind_of_suffix):
        cached.cache_clear()
    assert adoption is not None


class TestKinds:
    def test_classes_are_found_by_public_and_private_names(self, fake_kind) -> None:
        if "pandas.DataFrame" not in {name for kind in diorama.media.KINDS for name in kind.adopts}:
            assert type(adopt(Frame())) is fake_kind

    def test_files_become_what_their_suffix_says(self, fake_kind, tmp_path: pathlib.Path) -> None:
        path = tmp_path / "a.FAKE"
        path.write_bytes(b"x")
        assert type(adopt(path)) is fake_kind
        assert adopt(path).value == path
        assert adopt(tmp_path / "none.fake") == str(tmp_path / "none.fake")
        assert adopt(pathlib.PurePosixPath(path)) == str(path)
        (tmp_path / "folder.fake").mkdir()
        assert adopt(tmp_path / "folder.fake") == str(tmp_path / "folder.fake")
        assert adopt(tmp_path / "a.unknown") == str(tmp_path / "a.unknown")

    def test_a_broken_file_is_refused_with_the_reason(self, fake_kind, tmp_path: pathlib.Path) -> None:
        path = tmp_path / "broken.fake"
        path.write_bytes(b"x")
        assert adopt(path) == ("fake", "RuntimeError: its tail is missing")

    def test_pictures_by_path(self, trip, tmp_path: pathlib.Path) -> None:
        Pillow.new("L", (3, 2)).save(tmp_path / "a.PNG")
        assert isinstance(adopt(tmp_path / "a.PNG"), Image)
        (tmp_path / "b.png").write_bytes(b"no picture")
        assert adopt(tmp_path / "b.png")[0] == "image"

    @pytest.mark.parametrize(
        ("make", "kind"),
        [
            ("pandas.DataFrame({'a': [1]})", "table"),
            ("polars.DataFrame({'a': [1]})", "table"),
            ("plotly.graph_objects.Figure()", "plotly"),
            ("bokeh.plotting.figure()", "bokeh"),
            ("altair.Chart().mark_point()", "vega"),
            ("rdkit.Chem.MolFromSmiles('C')", "molecule"),
        ],
    )
    def test_real_foreign_objects(self, make: str, kind: str) -> None:
        module = make.split("(")[0].rpartition(".")[0]
        pytest.importorskip(module)
        found = adopt(eval(make, {make.split(".")[0]: __import__(module)}))  # noqa: S307 the test's own text
        assert getattr(found, "KIND", found) == kind

    def test_series_stay_numbers(self) -> None:
        for name in ("pandas", "polars"):
            library = pytest.importorskip(name)
            assert adopt(library.Series([1.0, 2.0])) == [1.0, 2.0]
            assert isinstance(adopt(library.Series(np.arange(99.0))), Histogram)


def test_bare_values_everywhere_and_a_broken_one_loses_nothing(tmp_path: pathlib.Path) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    Pillow.fromarray(pixels).save(tmp_path / "good.png")
    nested = {"a": [Image(pixels), {"b": Pillow.fromarray(pixels)}], "n": 1}
    with diorama.init(dir=tmp_path / "store", project="adopted", config={"picture": Image(pixels)}) as run:
        with pytest.warns(UserWarning, match="'broken' can't be kept as image, so it is kept as text"):
            run.log(
                {
                    "broken": tmp_path / "broken.png",
                    "loss": 0.5,
                    "good": [tmp_path / "good.png"],
                    "deep": nested,
                }
            )
        run.config["later"] = {"list": [Image(pixels)]}
        run.summary["best"] = [{"picture": Image(pixels)}]
    [found] = diorama.Api(store=tmp_path / "store").runs("adopted")
    found.wait_until_finished() if hasattr(found, "wait_until_finished") else None
    [row] = found.scan_history()
    assert row["loss"] == 0.5
    assert row["broken"] == str(tmp_path / "broken.png")
    for loaded in (
        row["good"][0],
        row["deep"]["a"][0] if "deep" in row else row["deep.a"][0],
        row["deep"]["a"][1]["b"] if "deep" in row else row["deep.a"][1]["b"],
        found.config["picture"],
        found.config["later"]["list"][0],
        found.summary["best"][0]["picture"],
    ):
        np.testing.assert_array_equal(loaded.array, pixels)


def test_what_a_numpy_mask_hides_is_never_a_number() -> None:
    hidden = np.ma.array([1.0, 2.0, 1e20], mask=[0, 0, 1])
    adopted = adopt(hidden)
    assert adopted[:2] == [1.0, 2.0]
    assert math.isnan(adopted[2])
    assert math.isnan(adopt(np.ma.masked))
    assert adopt(np.ma.array([1, 2])) == [1, 2]
    many = np.ma.array(np.arange(40), mask=np.arange(40) > 30)
    assert (adopt(many).bins[-1], sum(adopt(many).histogram)) == (30, 31)
    dates = adopt(np.ma.array(["2020-01-01", "2020-01-02"], dtype="M8[D]", mask=[0, 1]))
    assert dates == ["2020-01-01", "NaT"]
