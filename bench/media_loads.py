"""The loads of `python -m bench.media`, each a function of (tracker, numpy) that prepares one log() call.

A load answers (call, raw): call(step) gives what to log at a step, made anew (the constructors are part of
the cost), and raw the arrays or bytes that a logger must at least copy; () where there are none.
They are written for both SDKs: `tracker` is `diorama` or `wandb`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Call = Callable[[int], dict[str, Any]]
Load = tuple[Call, Sequence[Any]]


def scalars(tracker: Any, folder: Path) -> Load:
    """W1: ten numbers."""
    return lambda step: {f"metric/{i}": 0.1 * i + step for i in range(10)}, ()


def image(tracker: Any, folder: Path) -> Load:
    """W2: RGB 512 x 512, noisy as from a camera."""
    pictures = [_photo(512, seed) for seed in range(8)]
    return lambda step: {"x": tracker.Image(pictures[step % 8])}, pictures[:1]


def image_overlays(tracker: Any, folder: Path) -> Load:
    """W3: the same with a mask and 20 boxes."""
    pictures = [_photo(512, seed) for seed in range(8)]
    mask = (np.add.outer(np.arange(512), np.arange(512)) // 64 % 8).astype(np.uint8)
    labels = {number: f"class {number}" for number in range(8)}
    boxes = [
        {
            "position": {"minX": i / 40, "maxX": i / 40 + 0.2, "minY": i / 40, "maxY": i / 40 + 0.3},
            "class_id": i % 8,
            "scores": {"confidence": i / 20},
        }
        for i in range(20)
    ]

    def call(step: int) -> dict[str, Any]:
        masks = {"truth": {"mask_data": mask, "class_labels": labels}}
        layers = {"found": {"box_data": boxes, "class_labels": labels}}
        return {"x": tracker.Image(pictures[step % 8], masks=masks, boxes=layers)}

    return call, (pictures[0], mask)


def histograms(tracker: Any, folder: Path) -> Load:
    """W4: ten histograms of 10,000 floats."""
    numbers = [np.random.default_rng(i).normal(size=10_000).astype(np.float32) for i in range(10)]
    return lambda step: {f"h/{i}": tracker.Histogram(numbers[i]) for i in range(10)}, numbers


def table_scalars(tracker: Any, folder: Path) -> Load:
    """W5a: a table of 10,000 rows and 8 columns: integers, floats, text, booleans."""
    rng = np.random.default_rng(0)
    words = ["alpha", "beta", "gamma", "delta", "epsilon"]
    columns = (rng.random(10_000), rng.random(10_000), rng.integers(0, 99, 10_000))
    rows = [
        [i, float(a), float(b), words[i % 5], f"sample {i}", bool(i % 2), int(c), float(a * b)]
        for i, (a, b, c) in enumerate(zip(*columns, strict=True))
    ]
    names = ["id", "a", "b", "word", "name", "flag", "n", "ab"]
    return lambda step: {"x": tracker.Table(columns=names, data=rows)}, ()


def table_images(tracker: Any, folder: Path) -> Load:
    """W5b: a table of 500 rows with a picture of 128 x 128 in each."""
    pictures = [_photo(128, seed) for seed in range(500)]

    def call(step: int) -> dict[str, Any]:
        table = tracker.Table(columns=["id", "picture", "score"])
        for number, picture in enumerate(pictures):
            table.add_data(number, tracker.Image(picture), number / 500)
        return {"x": table}

    return call, pictures


def cloud(tracker: Any, folder: Path) -> Load:
    """W6: 300,000 points with colours, float32."""
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(size=(300_000, 3)), rng.integers(0, 256, (300_000, 3))], axis=1)
    points = points.astype(np.float32)
    return lambda step: {"x": tracker.Object3D(points)}, (points,)


def audio(tracker: Any, folder: Path) -> Load:
    """W7a: 5 s of mono sound at 44.1 kHz."""
    sound = (np.sin(np.arange(220_500) / 30) * 0.5).astype(np.float32)
    return lambda step: {"x": tracker.Audio(sound, sample_rate=44_100)}, (sound,)


def video(tracker: Any, folder: Path) -> Load:
    """W7v: 32 frames of 128 x 128, RGB, as an mp4."""
    frames = np.stack([_photo(128, 1)] * 32).transpose(0, 3, 1, 2).copy()
    for number in range(32):
        frames[number] = np.roll(frames[number], number * 2, axis=2)
    return lambda step: {"x": tracker.Video(frames, fps=8, format="mp4")}, (frames,)


def html(tracker: Any, folder: Path) -> Load:
    """100 kB of HTML."""
    text = "<p>" + "A line of a report. " * 5000 + "</p>"
    return lambda step: {"x": tracker.Html(text)}, (text.encode(),)


def molecule(tracker: Any, folder: Path) -> Load:
    """A PDB file of 2,000 atoms."""
    path = folder / "chain.pdb"
    atom = "ATOM  {:5d}  CA  ALA A{:4d}    {:8.3f}{:8.3f}{:8.3f}  1.00  0.00           C  \n"
    lines = [atom.format(i % 99999, i % 9999, i % 50, i // 50 % 50, i / 100) for i in range(1, 2001)]
    path.write_text("".join(lines) + "END\n")
    return lambda step: {"x": tracker.Molecule(str(path))}, (path.read_bytes(),)


def plotly(tracker: Any, folder: Path) -> Load:
    """A Plotly figure of 5,000 points. Turning it into JSON can't be deferred: figures change."""
    import plotly.graph_objects

    x = np.linspace(0, 10, 5000)
    figure = plotly.graph_objects.Figure(plotly.graph_objects.Scatter(x=x, y=np.sin(x)))
    return lambda step: {"x": tracker.Plotly(figure)}, ()


def matplotlib(tracker: Any, folder: Path) -> Load:
    """A matplotlib figure as a picture. Drawing it can't be deferred: figures change."""
    import matplotlib.pyplot

    figure = matplotlib.pyplot.figure()
    figure.add_subplot().plot(np.sin(np.linspace(0, 10, 500)))
    return lambda step: {"x": tracker.Image(figure)}, ()


def _photo(side: int, seed: int) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side]
    scene = 128 + 60 * np.sin(x / 37.0)[..., None] * np.cos(y / 53.0)[..., None] + np.array([0, 10, -20])
    return np.clip(scene + rng.normal(0, 4, (side, side, 3)), 0, 255).astype(np.uint8)


LOADS: dict[str, tuple[Callable[[Any, Path], Load], int]] = {
    "scalars": (scalars, 3000),
    "image": (image, 40),
    "image_overlays": (image_overlays, 20),
    "histograms": (histograms, 100),
    "table_scalars": (table_scalars, 3),
    "table_images": (table_images, 2),
    "cloud": (cloud, 5),
    "audio": (audio, 40),
    "video": (video, 6),
    "html": (html, 40),
    "molecule": (molecule, 40),
    "plotly": (plotly, 20),
    "matplotlib": (matplotlib, 10),
}
"""name -> (load, how many calls)"""
