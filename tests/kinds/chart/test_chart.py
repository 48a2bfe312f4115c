"""Charts of tables: the functions of diorama.plot, beside scikit-learn and the SDK that they stand for."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import diorama
from diorama import plot
from diorama.errors import UsageError
from diorama.media import CustomChart, Table

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def table() -> Table:
    return Table(columns=["x", "y", "name"], data=[[1, 2.5, "a"], [2, 3.5, "b"]])


def rows(chart: CustomChart) -> list[list[Any]]:
    return [list(row) for row in chart.table.data]


SIMPLE: dict[str, tuple[Callable[[Table], CustomChart], str, dict[str, str]]] = {
    "line": (
        lambda t: plot.line(t, "x", "y", "name", "T"),
        "wandb/line/v0",
        {"x": "x", "y": "y", "stroke": "name"},
    ),
    "line without stroke": (
        lambda t: plot.line(t, "x", "y", title="T"),
        "wandb/line/v0",
        {"x": "x", "y": "y"},
    ),
    "scatter": (lambda t: plot.scatter(t, "x", "y", "T"), "wandb/scatter/v0", {"x": "x", "y": "y"}),
    "bar": (lambda t: plot.bar(t, "name", "y", "T"), "wandb/bar/v0", {"label": "name", "value": "y"}),
    "histogram": (lambda t: plot.histogram(t, "y", "T"), "wandb/histogram/v0", {"value": "y"}),
}


class TestPresets:
    @pytest.mark.parametrize("name", SIMPLE)
    def test_columns_and_title(self, name: str, trip) -> None:
        make, preset, fields = SIMPLE[name]
        record = trip(make(table())).record
        assert (record.preset, record.fields, record.strings) == (preset, fields, {"title": "T"})
        assert [column.name for column in record.table.columns] == ["x", "y", "name"]
        assert (record.table.row_count, record.spec, record.is_table_split) == (2, None, False)

    def test_the_rows_come_back(self, trip) -> None:
        loaded = trip(plot.line(table(), "x", "y")).loaded
        assert [list(row) for row in loaded.table.data] == [[1, 2.5, "a"], [2, 3.5, "b"]]
        assert (loaded.preset, loaded.fields, loaded.spec) == ("wandb/line/v0", {"x": "x", "y": "y"}, None)

    def test_rows_added_later_change_nothing(self, trip) -> None:
        source = table()
        chart = plot.scatter(source, "x", "y")
        source.add_data(3, 4.5, "c")
        assert trip(chart).record.table.row_count == 2

    def test_what_is_no_table(self) -> None:
        for make in (plot.line, plot.scatter):
            with pytest.raises(UsageError, match="instead got list"):
                make([[1, 2]], "x", "y")  # type: ignore[arg-type]  # that is the test
        with pytest.raises(diorama.Error, match="instead got dict"):
            plot.visualize("wandb/line/v0", {})  # type: ignore[arg-type]  # that is the test
        with pytest.raises(UsageError, match="instead got int"):
            CustomChart(5, "wandb/line/v0")  # type: ignore[arg-type]  # that is the test

    def test_columns_that_are_not_there(self) -> None:
        with pytest.raises(ValueError, match="y='z' is no column of the table; it has 'x', 'y', 'name'"):
            plot.line(table(), "x", "z")
        with pytest.raises(ValueError, match="stroke='z' is no column"):
            plot.line(table(), "x", "y", "z")
        with pytest.raises(ValueError, match="needs the field 'y'"):
            diorama.plot_table("wandb/scatter/v0", table(), {"x": "x"})
        with pytest.raises(TypeError, match="fields must be a dict"):
            diorama.plot_table("wandb/scatter/v0", table(), ["x"])  # type: ignore[arg-type]  # that is the test

    def test_visualize(self, trip) -> None:
        record = trip(plot.visualize("me/own/v1", table())).record
        assert (record.preset, record.fields["x"]) == ("me/own/v1", "x")

    def test_split_table(self, trip) -> None:
        assert trip(plot.bar(table(), "name", "y", split_table=True)).record.is_table_split


class TestPlotTable:
    SPEC = {"mark": "point", "title": "Mine", "encoding": {"x": {"field": "${field:x}"}}}  # noqa: RUF012 never changed

    def test_a_specification_of_ones_own(self, trip) -> None:
        travelled = trip(
            diorama.plot_table(self.SPEC, table(), {"x": "x", "title": "not a column"}, {"title": "T"})
        )
        assert travelled.record.preset == "Mine"
        assert travelled.loaded.spec == self.SPEC
        assert travelled.record.fields == {"x": "x", "title": "not a column"}

    def test_as_text(self, trip) -> None:
        record = trip(diorama.plot_table('{"mark": "bar"}', table(), {})).record
        assert record.preset == "custom"
        assert record.spec is not None

    def test_a_name_is_kept_with_fields_of_any_kind(self, trip) -> None:
        record = trip(diorama.plot_table("team/preset", table(), {"a": "x", "b": None}, {"t": 5})).record
        assert (record.fields, record.strings, record.spec) == ({"a": "x"}, {"t": "5"}, None)

    def test_what_is_no_specification(self) -> None:
        with pytest.raises(ValueError, match="neither"):
            diorama.plot_table({}, table(), {})
        with pytest.raises(TypeError, match="preset's name or a Vega"):
            diorama.plot_table(5, table(), {})  # type: ignore[arg-type]  # that is the test


class TestLineSeries:
    def test_one_x_for_all(self) -> None:
        chart = plot.line_series([0, 1], [[5, 6], [7, 8]], keys=["a", "b"], title="T", xname="step")
        assert rows(chart) == [[0, "a", 5], [1, "a", 6], [0, "b", 7], [1, "b", 8]]
        assert chart.strings == {"title": "T", "xname": "step"}
        assert list(chart.table.columns) == ["step", "lineKey", "lineVal"]

    def test_an_x_for_each(self) -> None:
        chart = plot.line_series(np.array([[0, 1], [2, 3]]), (iter([5, 6]), np.array([7.5, 8.5])))
        assert rows(chart) == [[0, "line_0", 5], [1, "line_0", 6], [2, "line_1", 7.5], [3, "line_1", 8.5]]

    def test_tensors(self, tensor) -> None:
        chart = plot.line_series(tensor([0, 1]), [tensor([5, 6]), [tensor(7), tensor(8)]])
        assert rows(chart) == [[0, "line_0", 5], [1, "line_0", 6], [0, "line_1", 7], [1, "line_1", 8]]

    def test_lengths(self) -> None:
        with pytest.raises(ValueError, match=r"x-series \(1\) must match y-series \(2\)"):
            plot.line_series([[0]], [[1], [2]])
        with pytest.raises(ValueError, match=r"keys \(1\) must match y-series \(2\)"):
            plot.line_series([0], [[1], [2]], keys=["a"])
        with pytest.raises(ValueError, match="some would be lost"):
            plot.line_series([0], [[1, 2]])
        with pytest.raises(TypeError, match="ys must be sequences"):
            plot.line_series([0], 5)  # type: ignore[arg-type]  # that is the test
        assert rows(plot.line_series([0, 1, 2], [[1]])) == [[0, "line_0", 1]]
        assert rows(plot.line_series([], [])) == []


def scores_of(seed: int, count: int, classes: int, decimals: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, count)])
    scores = rng.dirichlet(np.ones(classes), len(truth))
    return truth, np.round(scores, decimals)


many_scores = st.builds(
    scores_of, st.integers(0, 2**20), st.integers(0, 200), st.integers(2, 5), st.integers(1, 12)
)


@pytest.fixture(scope="module")
def scikit() -> Any:
    """sklearn.metrics, which takes seconds to import: only where it is asked for."""
    return importlib.import_module("sklearn.metrics")


class TestCurves:
    @pytest.mark.slow
    @SLOW
    @given(many_scores)
    def test_roc_is_that_of_scikit_learn(self, scikit: Any, pair: tuple[Any, Any]) -> None:
        truth, scores = pair
        chart = plot.roc_curve(truth, scores)
        wanted = []
        for name in np.unique(truth):
            fpr, tpr, _ = scikit.roc_curve(truth == name, scores[:, name])
            wanted += [[name, *point] for point in zip(fpr.round(3), tpr.round(3), strict=True)]
            assert chart.spec.areas[str(name)] == pytest.approx(
                scikit.roc_auc_score(truth == name, scores[:, name])
            )
        assert rows(chart) == wanted

    @pytest.mark.slow
    @SLOW
    @given(many_scores)
    def test_precision_and_recall_are_those_of_scikit_learn(self, scikit: Any, pair: tuple[Any, Any]) -> None:
        truth, scores = pair
        chart = plot.pr_curve(truth, scores)
        for name in np.unique(truth):
            precision, recall, _ = scikit.precision_recall_curve(truth == name, scores[:, name])
            mine = [row for row in rows(chart) if row[0] == name]
            assert [row[2] for row in mine] == np.linspace(1, 0, 21).round(3).tolist()
            for _, best, at in mine:
                assert best == round(max(precision[recall >= at - 1e-9]), 3)
            area = scikit.average_precision_score(truth == name, scores[:, name])
            assert chart.spec.areas[str(name)] == pytest.approx(area)

    def test_tables_are_those_of_wandb(self) -> None:
        wandb = pytest.importorskip("wandb")
        truth, scores = scores_of(1, 300, 3, 2)
        names = ["cat", "dog", "owl"]
        for name in ("roc_curve", "pr_curve"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = getattr(wandb.plot, name)(truth, scores, names)
            mine = getattr(plot, name)(truth, scores, names)
            assert list(mine.table.columns) == theirs.table.columns
            assert [row[0] for row in rows(mine)] == [row[0] for row in theirs.table.data]
            # W&B's own recall 0.6 is a little more than 3 / 5, and then it takes the next point.
            slack = 0 if name == "roc_curve" else 0.02
            numbers = np.array([row[1:] for row in rows(mine)], float)
            assert np.allclose(
                numbers, np.array([row[1:] for row in theirs.table.data], float), rtol=0, atol=slack
            )
            assert mine.fields == theirs.spec.fields
            assert mine.strings == theirs.spec.string_fields
            assert mine.spec.spec_name == theirs.spec.spec_name

    def test_names_and_classes_to_plot(self) -> None:
        truth, scores = scores_of(0, 50, 3, 3)
        chart = plot.roc_curve(truth, scores, labels=["cat", "dog", "owl"], classes_to_plot=[0, 2])
        assert {row[0] for row in rows(chart)} == {"cat", "owl"}
        chart = plot.pr_curve([["a"], ["b"], ["a"]], scores[:3, :2])
        assert {row[0] for row in rows(chart)} == {"a", "b"}

    def test_one_score_for_each_sample(self) -> None:
        truth, scores = [0, 1, 1, 0, 1], [0.1, 0.4, 0.8, 0.3, 0.9]
        chart = plot.roc_curve(truth, scores)
        assert rows(chart) == [[1, 0, 0], [1, 0, pytest.approx(1 / 3, abs=1e-3)], [1, 0, 1], [1, 1, 1]]
        assert chart.spec.areas == {"1": 1.0}
        assert rows(plot.roc_curve(truth, np.array(scores)[:, None])) == rows(chart)
        with pytest.raises(ValueError, match="3 classes: give a column for each"):
            plot.roc_curve([0, 1, 2], [0.1, 0.2, 0.3])

    def test_classes_that_no_sample_has_keep_their_columns(self) -> None:
        scores = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.7, 0.2, 0.1]])
        assert plot.roc_curve([0, 2, 0], scores).spec.areas == {"0": 1.0, "2": 1.0}
        with pytest.raises(ValueError, match="y_probas has 3 columns, but y_true has 2 classes: 'a', 'b'"):
            plot.roc_curve(["a", "b", "a"], scores)
        with pytest.raises(ValueError, match="2 classes: 0, 7"):
            plot.roc_curve([0, 7, 0], scores)

    def test_a_single_class(self) -> None:
        with pytest.warns(UserWarning, match="no other class beside 1: its ROC curve is not defined"):
            chart = plot.roc_curve([1, 1], [0.2, 0.4])
        assert chart.spec.areas == {}
        assert {row[2] for row in rows(chart)} == {0, 0.5, 1}

    def test_many_points_are_not_resampled(self) -> None:
        rng = np.random.default_rng(0)
        truth = rng.integers(0, 2, 100_000)
        chart = plot.roc_curve(truth, truth * 0.5 + rng.random(100_000))
        assert len(rows(chart)) <= 2_001
        assert rows(chart)[0] == [1, 0, 0]
        assert rows(chart)[-1] == [1, 1, 1]
        assert chart.spec.areas["1"] == pytest.approx(0.875, abs=0.01)

    @pytest.mark.parametrize("curve", [plot.roc_curve, plot.pr_curve])
    @pytest.mark.parametrize(
        ("truth", "scores", "options", "message"),
        [
            ([0, 1], [0.5, np.nan], {}, "1 NaN"),
            ([0, np.nan], [0.5, 0.5], {}, "y_true has 1 NaN"),
            ([0, 1], [0.5], {}, r"its shape is \(1,\)"),
            ([[0, 1], [1, 0]], [0.5, 0.5], {}, "one class for each sample"),
            ([], [], {}, "no samples"),
            (None, [0.5], {}, "y_true is missing"),
            ([0], None, {}, "y_probas is missing"),
            ([0, 1], ["a", "b"], {}, "must be numbers"),
            ([0, 1], [[0.5, 0.5]] * 2, {"classes_to_plot": [7]}, r"none of classes_to_plot \(7\)"),
            ([0, 1], [[0.5, 0.5]] * 2, {"labels": ["cat"]}, "labels has 1 names, none for the class 1"),
        ],
    )
    def test_what_cannot_be_plotted(
        self, curve: Any, truth: Any, scores: Any, options: Any, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            curve(truth, scores, **options)

    def test_missing_classes_are_named(self) -> None:
        with pytest.warns(UserWarning, match="names 7, which y_true does not have"):
            chart = plot.roc_curve([0, 1], [[0.9, 0.1], [0.2, 0.8]], classes_to_plot=[1, 7])
        assert {row[0] for row in rows(chart)} == {1}

    def test_interp_size(self) -> None:
        chart = plot.pr_curve([0, 1, 1], [0.1, 0.5, 0.9], interp_size=3)
        assert [row[2] for row in rows(chart)] == [1, 0.5, 0]
        with pytest.raises(ValueError, match="at least 2"):
            plot.pr_curve([0, 1], [0.1, 0.9], interp_size=1)


def test_a_line_for_each_of_several_columns() -> None:
    table = Table(columns=["step", "loss", "val"], data=[[0, 1.0, 2.0], [1, 0.5, 1.5]])
    chart = plot.line(table, "step", ["loss", "val"], title="both")
    assert rows(chart) == [[0, "loss", 1.0], [1, "loss", 0.5], [0, "val", 2.0], [1, "val", 1.5]]
    assert chart.fields == {"x": "step", "y": "value", "stroke": "line"}
    with pytest.raises(ValueError, match="no column 'acc'"):
        plot.line(table, "step", ["acc"])


def test_the_numbers_of_series_are_compared_before_what_is_in_them() -> None:
    with pytest.raises(ValueError, match=r"x-series \(1\) must match y-series \(2\)"):
        plot.line_series(xs=[[1, 2]], ys=[3, 4])
    with pytest.raises(TypeError, match="ys must be sequences"):
        plot.line_series(xs=[1, 2], ys=[3, 4])


class TestConfusionMatrix:
    @pytest.mark.slow
    @SLOW
    @given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
    def test_counts_are_those_of_scikit_learn(self, scikit: Any, pairs: list[tuple[int, int]]) -> None:
        truth, guess = [list(side) for side in zip(*pairs, strict=True)]
        names = [f"n{number}" for number in range(5)]
        chart = plot.confusion_matrix(preds=guess, y_true=truth, class_names=names)
        wanted = scikit.confusion_matrix(truth, guess, labels=range(5))
        assert [row[2] for row in rows(chart)] == wanted.reshape(-1).tolist()
        assert rows(chart)[1][:2] == ["n0", "n1"]
        unnamed = plot.confusion_matrix(preds=np.array(guess), y_true=np.array(truth))
        found = sorted({*truth, *guess})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a single class
            wanted = scikit.confusion_matrix(truth, guess, labels=found)
        assert [row[2] for row in rows(unnamed)] == wanted.reshape(-1).tolist()
        assert rows(unnamed)[-1][0] == str(found[-1])

    def test_probabilities(self) -> None:
        chart = plot.confusion_matrix(probs=[[0.9, 0.1], [0.3, 0.7]], y_true=[0, 0], class_names=["a", "b"])
        assert rows(chart) == [["a", "a", 1], ["a", "b", 1], ["b", "a", 0], ["b", "b", 0]]
        assert chart.strings == {"title": "Confusion Matrix Curve"}
        assert list(chart.fields) == ["Actual", "Predicted", "nPredictions"]

    def test_classes_that_are_texts(self) -> None:
        chart = plot.confusion_matrix(preds=["b", "a"], y_true=["b", "b"])
        assert rows(chart) == [["a", "a", 0], ["a", "b", 0], ["b", "a", 1], ["b", "b", 1]]
        chart = plot.confusion_matrix(preds=["b", "a"], y_true=["b", "b"], class_names=["b", "a"])
        assert rows(chart)[0] == ["b", "b", 1]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"probs": [[1]], "preds": [0], "y_true": [0]}, "Only one of `probs` or `preds`"),
            ({"preds": [0, 1], "y_true": [0]}, "must be equal"),
            ({"preds": [0, 1], "y_true": [0, 0], "class_names": ["a"]}, "unique predicted classes exceeds"),
            ({"preds": [0, 0], "y_true": [0, 1], "class_names": ["a"]}, "unique true labels exceeds"),
            ({"preds": [5], "y_true": [0], "class_names": ["a", "b"]}, "the class 5 has no name"),
            ({"preds": ["c"], "y_true": ["a"], "class_names": ["a", "b"]}, "the class 'c' has no name"),
            ({"y_true": [0]}, "probs or preds"),
            ({"preds": [0]}, "give y_true"),
            ({"probs": [[0.5, np.nan]], "y_true": [0]}, "1 NaN"),
            ({"probs": [0.5], "y_true": [0]}, "a row for each sample"),
            ({"y_true": np.ma.array([0, 1], mask=[0, 1]), "preds": [0, 1]}, "y_true has 1 NaN"),
            ({"preds": [[0, 1], [0, 1]], "y_true": [0]}, "one class for each sample"),
        ],
    )
    def test_what_cannot_be_counted(self, options: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            plot.confusion_matrix(**options)

    def test_classes_are_called_by_their_own_labels(self) -> None:
        chart = plot.confusion_matrix(y_true=[5, 7, 7], preds=[5, 5, 7])
        assert rows(chart) == [["5", "5", 1], ["5", "7", 0], ["7", "5", 1], ["7", "7", 1]]
        floats = plot.confusion_matrix(y_true=np.array([5.0, 7.0]), preds=np.array([[5, 7]]))
        assert [row[0] for row in rows(floats)] == ["5", "5", "7", "7"]
        switches = plot.confusion_matrix(y_true=[True, False], preds=[True, True])
        assert rows(switches)[0][0] == "False"


def test_charts_in_a_dict_are_keys_of_their_own(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIORAMA_DIR", str(tmp_path))
    monkeypatch.setenv("DIORAMA_SIDECAR", "thread")
    with diorama.init(project="p") as run:
        run.log({"eval": {"roc": plot.roc_curve([0, 1], [0.1, 0.9])}})
    [stored] = diorama.Api(store=tmp_path).runs("p")
    [row] = stored.scan_history(keys=["eval.roc"])
    assert row["eval.roc"].record.preset == "wandb/area-under-curve/v0"
    assert row["eval.roc"].table.data[-1][1:] == [1, 1]
