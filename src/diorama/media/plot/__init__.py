"""Charts of tables: `diorama.plot.line`, `roc_curve`, `confusion_matrix` and their like.

Each function returns a `CustomChart` to log. Curves are computed here, with numpy alone.
"""

from diorama.media.chart.media import CustomChart, CustomChartSpec
from diorama.media.plot.bar import bar
from diorama.media.plot.confusion_matrix import confusion_matrix
from diorama.media.plot.histogram import histogram
from diorama.media.plot.line import line
from diorama.media.plot.line_series import line_series
from diorama.media.plot.plot_table import plot_table
from diorama.media.plot.pr_curve import pr_curve
from diorama.media.plot.roc_curve import roc_curve
from diorama.media.plot.scatter import scatter
from diorama.media.plot.visualize import visualize

__all__ = [
    "CustomChart",
    "CustomChartSpec",
    "bar",
    "confusion_matrix",
    "histogram",
    "line",
    "line_series",
    "plot_table",
    "pr_curve",
    "roc_curve",
    "scatter",
    "visualize",
]
