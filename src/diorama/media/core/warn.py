"""Warnings at the user's line."""

from __future__ import annotations

import warnings

from diorama.caller import user_frame


def warn_user(message: str) -> None:
    """Warn at the innermost line that is not this package's own."""
    frame = user_frame()
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, UserWarning, frame.f_code.co_filename, frame.f_lineno, registry=registry)
