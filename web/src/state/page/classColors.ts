/** Colours of classes: one for a name on the whole window, so that what stands side by side can be compared. */
import { ColorRegistry } from "@/lib/image/classColors";
import { type OverlayState, own } from "@/lib/image/overlayState";

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
