"""Colour palettes for Diorama."""

from diorama_palette.palette import Palette

__all__ = ["Palette"]
