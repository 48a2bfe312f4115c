"""What Diorama finds under the entry point: the kind and the importer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diorama.plugins import API, Importer, Kind, Plugin
from diorama_palette.csv_log import read_csv_log

CELLS = 32
"""Each of the three colours is rounded to so many values before colours are counted."""


def encode(body: dict[str, Any], blobs: Mapping[str, memoryview]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Runs in a process with limits: the most frequent colours and their shares, and a picture of them."""
    import numpy as np

    pixels = np.frombuffer(blobs["pixels"], np.uint8).reshape(-1, 3)
    if not len(pixels):
        raise ValueError("a picture without pixels has no colours")
    cells, counts = np.unique(pixels // (256 // CELLS), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[: body["count"]]
    colors = [(cell.astype(int) * (256 // CELLS) + 4).tolist() for cell in cells[order]]
    shares = (counts[order] / len(pixels)).tolist()
    return {"colors": colors, "shares": shares}, {"thumbnail": (_picture(colors), "image/png")}


def _picture(colors: list[list[int]]) -> bytes:
    import io

    import numpy as np
    from PIL import Image

    file = io.BytesIO()
    stripes = np.repeat(np.array([colors], np.uint8), 16, axis=1)
    Image.fromarray(np.repeat(stripes, 48, axis=0)).save(file, "PNG")
    return file.getvalue()


def decode(body: dict[str, Any], blobs: Mapping[str, bytes]) -> dict[str, float]:
    """For those who read it back: each colour as "#rrggbb" with its share."""
    names = ["#{:02x}{:02x}{:02x}".format(*color) for color in body["colors"]]
    return dict(zip(names, body["shares"], strict=True))


PLUGIN = Plugin(
    api=API,
    kinds=(
        Kind(
            name="swatches",
            title="colour palette",
            view=Path(__file__).with_name("view.js"),
            encode=encode,
            decode=decode,
        ),
    ),
    importers=(
        Importer("csv-log", "a CSV file with a header; a column `step` if there is one", read_csv_log),
    ),
)
