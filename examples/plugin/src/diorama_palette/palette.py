"""What scripts log: the main colours of a picture, found later, in another process."""

from __future__ import annotations

from typing import Any

import diorama


class Palette(diorama.PluginMedia):
    """The `count` main colours of `pixels`, an array (height, width, 3) of bytes."""

    def __init__(self, pixels: Any, count: int = 5, caption: str | None = None) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != "uint8":
            raise ValueError(f"a palette is made of RGB bytes, not of {pixels.dtype} {pixels.shape}")
        if not 1 <= count <= 16:
            raise ValueError(f"count must lie between 1 and 16, not be {count}")
        super().__init__(
            "palette:swatches", {"count": count}, {"pixels": pixels}, is_raw=True, caption=caption
        )
