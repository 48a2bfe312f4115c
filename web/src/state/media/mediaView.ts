/** How media is looked at: zoom and pan (shared by all tiles while linked), tile size, smoothing, what is selected. */
import { type ReadonlySignal, type Signal, batch, computed, signal } from "@preact/signals";
import type { MediaCell } from "@/api/schema";
import { type ImageView, type Smoothing, WHOLE } from "@/lib/image/transform";
import { urlSignal } from "@/state/page/url";

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

export const SMALLEST_TILE = 72;
export const LARGEST_TILE = 640;

/** Width of tiles in CSS pixels. */
export const tileWidth: Signal<number> = urlSignal<number>("tile", 180, {
  parse: (text) => clampTile(Number(text)),
  history: "replace",
});

export function clampTile(width: number): number | undefined {
  return Number.isFinite(width) ? Math.round(Math.min(LARGEST_TILE, Math.max(SMALLEST_TILE, width))) : undefined;
}

export const smoothing: Signal<Smoothing> = urlSignal<Smoothing>("pixels", "auto", {
  parse: (text) => (text === "auto" || text === "smooth" || text === "pixelated" ? text : undefined),
});

/** "grid": a row per run; "wrap": tile after tile; "auto": a grid where there are several runs and several items. */
export const mediaLayout: Signal<"auto" | "grid" | "wrap"> = urlSignal<"auto" | "grid" | "wrap">("layout", "auto", {
  parse: (text) => (text === "auto" || text === "grid" || text === "wrap" ? text : undefined),
});

/** All tiles show the same part of their pictures. */
export const isLinked: Signal<boolean> = urlSignal("linked", true);

export const linkedView: Signal<ImageView> = urlSignal<ImageView>("zoom", WHOLE, {
  parse: parseView,
  format: formatView,
  history: "silent",
});

export function formatView(view: ImageView): string {
  return [view.zoom, view.cx, view.cy].map((value) => Number(value.toFixed(4))).join(",");
}

export function parseView(text: string): ImageView | undefined {
  const [zoom, cx, cy] = text.split(",").map(Number);
  if (zoom === undefined || cx === undefined || cy === undefined) return undefined;
  return [zoom, cx, cy].every(Number.isFinite) && zoom > 0 ? { zoom, cx, cy } : undefined;
}

const ownViews = new Map<string, Signal<ImageView>>();

/** The view of a tile: the page's while linked, else its own. */
export function viewOf(tile: TileRef): Signal<ImageView> {
  if (isLinked.value) return linkedView;
  const id = tileId(tile);
  let found = ownViews.get(id);
  if (!found) {
    ownViews.set(id, (found = signal(linkedView.peek())));
    queueMicrotask(() => (ownVersion.value += 1)); // not while somebody's effect is running
  }
  return found;
}

const ownVersion = signal(0);

/** Whether any picture is zoomed in. */
export const isZoomed: ReadonlySignal<boolean> = computed(() => {
  void ownVersion.value;
  if (isLinked.value) return linkedView.value.zoom > 1;
  return [...ownViews.values()].some((view) => view.value.zoom > 1);
});

/** Show all pictures whole again. */
export function resetViews(): void {
  batch(() => {
    linkedView.value = WHOLE;
    for (const view of ownViews.values()) view.value = WHOLE;
  });
}

export const selected: Signal<TileRef | null> = urlSignal<TileRef | null>("sel", null, {
  parse: tileFromId,
  format: (tile) => (tile ? tileId(tile) : ""),
  history: "silent",
});

/** The selected tile covers the centre of the page. */
export const isFull: Signal<boolean> = urlSignal("full", false);

export function openFull(tile: TileRef): void {
  batch(() => {
    selected.value = tile;
    isFull.value = true;
  });
}

/** What lies under the pointer. */
export interface Probe extends TileRef {
  x: number;
  y: number;
  /** Values as they were logged; undefined until they are decoded. */
  channels?: readonly (number | string)[];
  classes: readonly { layer: string; name: string; id: number; color: string }[];
  boxes: readonly { layer: string; text: string; color: string }[];
}

export const probe: Signal<Probe | null> = signal(null);

/** The id of the sample that is followed; "" follows none. See `sample.ts`. */
export const followedSample: Signal<string> = urlSignal("sample", "");

export function sampleOf(item: unknown): string | null {
  return typeof item === "object" && item !== null && "sample_id" in item && typeof item.sample_id === "string" ? item.sample_id : null;
}

const shownBy = new Map<object, ShownItem>();
const shownVersion = signal(0);
let isScheduled = false;

/** Tell the page what a tile (the owner) shows; null: nothing any more. The inspector reads from here. */
export function reportShown(owner: object, item: ShownItem | null): void {
  if (item) shownBy.set(owner, item);
  else if (!shownBy.delete(owner)) return;
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(() => {
    isScheduled = false;
    shownVersion.value += 1;
  }, 30);
}

/** Everything that is on a tile now, each once. */
export const shownItems: ReadonlySignal<readonly ShownItem[]> = computed(() => {
  void shownVersion.value;
  return [...new Map([...shownBy.values()].map((shown) => [tileId(shown), shown])).values()];
});

export const selectedItem: ReadonlySignal<ShownItem | null> = computed(() => {
  const tile = selected.value;
  if (!tile) return null;
  const exact = shownItems.value.find((shown) => tileId(shown) === tileId(tile));
  // A followed sample may lie elsewhere in the list of another step: it is still what was selected.
  const sample = followedSample.value;
  return exact ?? (sample === ""
    ? null
    : (shownItems.value.find((shown) => shown.run === tile.run && shown.key === tile.key && sampleOf(shown.item) === sample) ?? null));
});
