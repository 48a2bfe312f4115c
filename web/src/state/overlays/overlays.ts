/** The one overlay state of the page: masks, shapes, classes, colours and thresholds, set once and kept in the URL. */
import { type ReadonlySignal, type Signal, computed } from "@preact/signals";
import { ColorRegistry } from "@/lib/image/classColors";
import { DEFAULT_OVERLAYS, type OverlayState, formatOverlays, own, parseOverlays } from "@/lib/image/overlayState";
import { urlSignal } from "@/state/page/url";

export const overlays: Signal<OverlayState> = urlSignal<OverlayState>("ov", DEFAULT_OVERLAYS, {
  parse: parseOverlays,
  format: formatOverlays,
  history: "replace",
});

export function changeOverlays(change: (state: OverlayState) => OverlayState): void {
  overlays.value = change(overlays.peek());
}

export const areOverlaysChanged: ReadonlySignal<boolean> = computed(() => formatOverlays(overlays.value) !== "");

const registry = new ColorRegistry();

const dealt = new WeakSet<object>();

/**
 * Deal out the colours of a list of classes in the order of its ids, so that they do not hang on what is drawn first.
 * `colors`: of those that were logged with one.
 */
export function dealColors(labels: Readonly<Record<string, string>> | undefined, colors?: Readonly<Record<string, string>>): void {
  if (!labels || dealt.has(labels)) return;
  dealt.add(labels);
  registry.deal(labels, colors);
}

/** "#rrggbb" of a class: chosen by hand, else the one that it was logged with, else one of the palette. */
export function classColor(state: OverlayState, name: string, id: number | null): string {
  return own(state.colors, name) ?? registry.colorOf(name, id);
}
