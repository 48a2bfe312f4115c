"""Structs as TypeScript."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from diorama.server.typescript import typescript_from_structs


class Inner(msgspec.Struct, omit_defaults=True):
    size: int
    label: str | None = None
    """what people call it"""


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """One line."""

    wanted: list[Inner]
    limit: int = 5


class Answered(msgspec.Struct):
    """Two lines:

    the second with */ in it.
    """

    place: tuple[int, float]
    kinds: list[Literal["b", "a"]]
    by_name: dict[str, Inner]
    by_id: dict[int, str] = {}
    anything: Any = None


class Picture(msgspec.Struct, tag_field="kind", tag="picture", frozen=True):
    inner: Inner


class Sound(msgspec.Struct, tag_field="kind", tag="sound", frozen=True):
    maybe: Inner | None


def test_the_whole_text() -> None:
    text = typescript_from_structs([Asked, Answered], [Picture, Sound])
    assert (
        text.partition("\n\n")[2]
        == """\
export interface Inner {
  size: number;
  /** what people call it */
  label?: string | null;
}

/** One line. */
export interface Asked {
  wanted: Inner[];
  limit?: number;
}

/**
 * Two lines:
 *
 * the second with * / in it.
 */
export interface Answered {
  place: [number, number];
  kinds: ("a" | "b")[];
  by_name: Record<string, Inner>;
  by_id: Record<string, string>;
  anything: unknown;
}

export interface Picture {
  kind: "picture";
  inner: Inner;
}

export interface Sound {
  kind: "sound";
  maybe: Inner | null;
}

/** Every kind of media, told apart by `kind`. */
export type MediaRecord = Picture | Sound;

/** What the server sends where JSON has no number: see the Python module `service.views`. */
export interface SpecialNumber {
  _number: string;
}
"""
    )
