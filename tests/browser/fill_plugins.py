"""Fill a store with media of plugins through the real SDK: of the example, a hostile one, one that is gone.

DIORAMA_DIR=DIR PYTHONPATH=SITE python fill_plugins.py
"""

from __future__ import annotations

import numpy as np
from diorama_palette import Palette

import diorama


def pixels(red: int) -> np.ndarray:
    picture = np.full((20, 20, 3), (20, 90, 160), np.uint8)
    picture[:red] = (200, 40, 40)
    return picture


def bytes_of_turn(step: int) -> dict[str, bytes]:
    """Other bytes at each step, so that a test can hold back those of one step."""
    return {"data": f"turn {step}".encode()}


def main() -> None:
    with diorama.init(project="plugins", entity="lab", name="plugins") as run:
        for step, red in enumerate((5, 15)):
            bytes_of_probe = {"data": bytes(range(256)), "thumbnail": (b"no picture", "image/png")}
            run.log(
                {
                    "colors": Palette(pixels(red), caption=f"red {red}"),
                    "gone": diorama.PluginMedia(
                        "gone:scan", {"depth": 3}, {"scan.bin": b"12345"}, caption="a scan"
                    ),
                    "probe": diorama.PluginMedia("probe:probe", {"step": step}, bytes_of_probe),
                    "throws": diorama.PluginMedia("probe:throws"),
                    "syntax": diorama.PluginMedia("probe:syntax"),
                    "nothing": diorama.PluginMedia("probe:nothing"),
                    "mounts": diorama.PluginMedia("probe:mounts", {"step": step}, bytes_of_turn(step)),
                    "updates": diorama.PluginMedia("probe:updates", {"step": step}, bytes_of_turn(step)),
                    "cells": diorama.Table(
                        columns=["colors", "scan"],
                        data=[
                            [
                                Palette(pixels(10), caption="in a cell"),
                                diorama.PluginMedia("gone:scan", caption="a cell"),
                            ]
                        ],
                    ),
                },
                step=step,
            )
        assert run.flush(wait=True, timeout_secs=100)


if __name__ == "__main__":
    main()
