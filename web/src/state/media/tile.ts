/** How the items on the page are named, and what a tile shows. */
import type { MediaCell } from "@/api/schema";

/** One item of a key of a run, whatever step it is shown at. */
export interface TileRef {
  run: number;
  key: string;
  index: number;
}

/** What a tile shows: the item and the cell that it comes from. */
export interface ShownItem extends TileRef {
  item: unknown;
  cell: MediaCell;
  /** Where the clock stood, on its axis; null when it follows the newest. */
  askedAt: number | null;
  /** The step shown is not the one asked for. */
  isOtherStep: boolean;
}

export function tileId({ run, key, index }: TileRef): string {
  return `${run}:${index}:${key}`;
}

export function tileFromId(text: string): TileRef | undefined {
  const [, run, index, key] = /^(\d+):(\d+):(.+)$/s.exec(text) ?? [];
  return run === undefined || index === undefined || key === undefined ? undefined : { run: Number(run), index: Number(index), key };
}

/** The id of the sample that an item bears; null for one without. */
export function sampleOf(item: unknown): string | null {
  return typeof item === "object" && item !== null && "sample_id" in item && typeof item.sample_id === "string" ? item.sample_id : null;
}
