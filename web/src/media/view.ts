/** What the UI knows about a kind of media: how to draw it, how much room it takes, what to load before it is drawn. */
import type { ComponentChildren, JSX } from "preact";
import type { MediaRecord } from "@/api/schema";
import type { OverlayState } from "@/lib/image/overlayState";
import type { Preparation } from "@/lib/preparation";
import type { ShownItem } from "@/state/media/tile";

/** "thumb": in a list or table cell. "cell": a tile of a panel. "full": the centre of the page. */
export type CardSize = "thumb" | "cell" | "full";

export interface CardProps<R> {
  record: R;
  size: CardSize;
  /** Room for it in CSS pixels; without it the card measures its place. */
  box?: { width: number; height: number };
  /** Where it is shown, when it is a tile: then it can be zoomed, probed and selected. */
  shown?: ShownItem;
}

/** A row of the inspector. */
export interface Fact {
  name: string;
  value: ComponentChildren;
  /** The whole value as a tooltip. */
  title?: string;
}

export interface Need {
  /** Device pixels that the tile is wide and high. */
  width: number;
  height: number;
  /** false: prefetching. */
  isUrgent: boolean;
  /** What is laid over pictures: the masks that are drawn are needed, too. */
  overlays: OverlayState;
}

export type TileShape = "fill" | { width: number; height: number };

export interface View<R extends MediaRecord = MediaRecord> {
  /** "image", "histogram": as people say it. */
  name: string;
  Card: (props: CardProps<R>) => JSX.Element;
  /** Width divided by height, to reserve room before anything is decoded; null lets the panel choose. */
  aspect: (record: R) => number | null;
  /**
   * For kinds that are no pictures. "fill": a row as wide as the panel. A size: CSS pixels at the usual tile size; the
   * person's slider scales it. Such a tile has a head with step, title and a button for the full view, and what is
   * inside keeps its own pointer and keys (in the full view: what is inside an element with `data-own-keys`, except
   * Esc). Without it tiles are pictures of `aspect`; there `data-own-pointer` keeps a double click for the content.
   */
  tile?: TileShape;
  /** Height that a tile of "fill" wants, CSS pixels; the panel keeps the largest it has seen. 320 without it. */
  fillHeight?: (record: R) => number;
  facts: (record: R) => Fact[];
  prepare?: (record: R, need: Need) => Preparation;
  /** The file behind it, for download. */
  file?: (record: R) => { sha256: string; name: string } | null;
}
