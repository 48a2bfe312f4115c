"""Charts of tables: curves, a confusion matrix, and a Vega-Lite specification of one's own."""

import numpy as np

import diorama

rng = np.random.default_rng(0)
names = ["cat", "dog", "owl"]
truth = rng.integers(0, 3, 500)
table = diorama.Table(columns=["age", "weight"], data=rng.normal([5, 20], [2, 6], (200, 2)).tolist())
spec = {
    "mark": {"type": "rect", "tooltip": True},
    "encoding": {
        "x": {"field": "${field:x}", "bin": {"maxbins": 20}},
        "y": {"field": "${field:y}", "bin": {"maxbins": 20}},
        "color": {"aggregate": "count"},
    },
}
with diorama.init(project="examples", name="plots") as run:
    for epoch in range(3):
        scores = rng.random((500, 3))
        scores[np.arange(500), truth] += 0.3 * epoch
        scores /= scores.sum(axis=1, keepdims=True)
        run.log(
            {
                "roc": diorama.plot.roc_curve(truth, scores, labels=names),
                "pr": diorama.plot.pr_curve(truth, scores, labels=names),
                "confusion": diorama.plot.confusion_matrix(probs=scores, y_true=truth, class_names=names),
            }
        )
    steps = list(range(50))
    walks = [np.cumsum(rng.normal(size=50)) for _ in range(5)]
    run.log({"walks": diorama.plot.line_series(steps, walks, title="Five walks", xname="step")})
    run.log({"weights": diorama.plot.histogram(table, "weight", title="Weights")})
    run.log({"both": diorama.plot_table(spec, table, {"x": "age", "y": "weight"})})
print("logged three epochs of curves")
