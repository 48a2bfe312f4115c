/** What the UI knows about a kind of media: how to draw it, how much room it takes, what to load before it is drawn. */
import type { ComponentChildren, JSX } from "preact";
import type { MediaRecord } from "@/api/schema";
import type { ShownItem } from "@/state/mediaView";

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

/** Things on their way that a record needs before it can be drawn. Call `release` when it is no longer shown. */
export interface Preparation {
  isReady: boolean;
  /** Rejects with words for people. */
  ready: Promise<void>;
  release(): void;
}

export interface Need {
  /** Device pixels that the tile is wide and high. */
  width: number;
  height: number;
  /** false: prefetching. */
  isUrgent: boolean;
}

export interface View<R extends MediaRecord = MediaRecord> {
  /** "image", "histogram": as people say it. */
  name: string;
  Card: (props: CardProps<R>) => JSX.Element;
  /** Width divided by height, to reserve room before anything is decoded; null lets the panel choose. */
  aspect: (record: R) => number | null;
  facts: (record: R) => Fact[];
  prepare?: (record: R, need: Need) => Preparation;
  /** The file behind it, for download. */
  file?: (record: R) => { sha256: string; name: string } | null;
}
