/** How media is looked at: zoom and pan (shared by all tiles while linked), tile size, smoothing, layout. */
import { type ReadonlySignal, type Signal, batch, computed, signal } from "@preact/signals";
import { type ImageView, type Smoothing, WHOLE } from "@/lib/image/transform";
import { type TileRef, tileId } from "@/state/media/tile";
import type { Checks, PanelSettingsRoom } from "@/state/page/panelSettings";
import type { MakeUrlSignal } from "@/state/page/url";

export const SMALLEST_TILE = 72;
export const LARGEST_TILE = 640;

export function clampTile(width: number): number | undefined {
  return Number.isFinite(width) ? Math.round(Math.min(LARGEST_TILE, Math.max(SMALLEST_TILE, width))) : undefined;
}

export function formatView(view: ImageView): string {
  return [view.zoom, view.cx, view.cy].map((value) => Number(value.toFixed(4))).join(",");
}

export function parseView(text: string): ImageView | undefined {
  const [zoom, cx, cy] = text.split(",").map(Number);
  if (zoom === undefined || cx === undefined || cy === undefined) return undefined;
  return [zoom, cx, cy].every(Number.isFinite) && zoom > 0 ? { zoom, cx, cy } : undefined;
}

export type MediaLayout = "auto" | "grid" | "wrap";

/** How the tiles of a panel are laid out. */
export interface MediaSettings {
  /** "grid": a row per run; "wrap": tile after tile; "auto": a grid where there are several runs and several items. */
  layout: MediaLayout;
  /** Width of tiles in CSS pixels. */
  tileWidth: number;
}

const isLayout = (value: unknown): value is MediaLayout => value === "auto" || value === "grid" || value === "wrap";

export const MEDIA_CHECKS: Checks<MediaSettings> = {
  layout: isLayout,
  tileWidth: (value) => typeof value === "number" && clampTile(value) === value,
};

interface ZoomNeeds {
  urlSignal: MakeUrlSignal;
  panelSettings: PanelSettingsRoom;
}

export function makeZoom({ urlSignal, panelSettings: { layered } }: ZoomNeeds) {
  const tileWidth: Signal<number> = urlSignal<number>("tile", 180, {
    parse: (text) => clampTile(Number(text)),
    history: "replace",
  });

  const smoothing: Signal<Smoothing> = urlSignal<Smoothing>("pixels", "auto", {
    parse: (text) => (text === "auto" || text === "smooth" || text === "pixelated" ? text : undefined),
  });

  const mediaLayout: Signal<MediaLayout> = urlSignal<MediaLayout>("layout", "auto", {
    parse: (text) => (isLayout(text) ? text : undefined),
  });

  const panels = layered<MediaSettings>({
    page: computed(() => ({ layout: mediaLayout.value, tileWidth: tileWidth.value })),
    changePage: (changes) => batch(() => {
      if (changes.layout !== undefined) mediaLayout.value = changes.layout;
      if (changes.tileWidth !== undefined) tileWidth.value = changes.tileWidth;
    }),
    checks: MEDIA_CHECKS,
  });

  /** All tiles show the same part of their pictures. */
  const isLinked: Signal<boolean> = urlSignal("linked", true);

  const linkedView: Signal<ImageView> = urlSignal<ImageView>("zoom", WHOLE, {
    parse: parseView,
    format: formatView,
    history: "silent",
  });

  const ownViews = new Map<string, Signal<ImageView>>();

  /** The view of a tile: the page's while linked, else its own. */
  function viewOf(tile: TileRef): Signal<ImageView> {
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
  const isZoomed: ReadonlySignal<boolean> = computed(() => {
    void ownVersion.value;
    if (isLinked.value) return linkedView.value.zoom > 1;
    return [...ownViews.values()].some((view) => view.value.zoom > 1);
  });

  /** Show all pictures whole again. */
  function resetViews(): void {
    batch(() => {
      linkedView.value = WHOLE;
      for (const view of ownViews.values()) view.value = WHOLE;
    });
  }

  return { panels, smoothing, isLinked, linkedView, viewOf, isZoomed, resetViews };
}

export type ScopeZoom = ReturnType<typeof makeZoom>;
