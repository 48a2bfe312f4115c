/** What the screen is. */
import { type ReadonlySignal, signal } from "@preact/signals";

const ratio = signal(typeof devicePixelRatio === "number" ? devicePixelRatio : 1);
if (typeof addEventListener === "function") addEventListener("resize", () => (ratio.value = devicePixelRatio));

/** Device pixels per CSS pixel; changes when the window moves to another screen or the browser zooms. */
export const pixelRatio: ReadonlySignal<number> = ratio;
