/** The one overlay state of the page: masks, shapes, classes, colours and thresholds, set once and kept in the URL. */
import { type ReadonlySignal, type Signal, computed } from "@preact/signals";
import { DEFAULT_OVERLAYS, type OverlayState, formatOverlays, parseOverlays } from "@/lib/image/overlayState";
import type { MakeUrlSignal } from "@/state/page/url";

interface OverlaysNeeds {
  urlSignal: MakeUrlSignal;
}

export function makeOverlays({ urlSignal }: OverlaysNeeds) {
  const overlays: Signal<OverlayState> = urlSignal<OverlayState>("ov", DEFAULT_OVERLAYS, {
    parse: parseOverlays,
    format: formatOverlays,
    history: "replace",
  });

  function changeOverlays(change: (state: OverlayState) => OverlayState): void {
    overlays.value = change(overlays.peek());
  }

  const areOverlaysChanged: ReadonlySignal<boolean> = computed(() => formatOverlays(overlays.value) !== "");

  return { overlays, changeOverlays, areOverlaysChanged };
}

export type ScopeOverlays = ReturnType<typeof makeOverlays>;
