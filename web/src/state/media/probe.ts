/** What lies under the pointer: a pixel with its values, classes and boxes. */
import { type Signal, signal } from "@preact/signals";
import type { TileRef } from "@/state/media/tile";

export interface Probe extends TileRef {
  x: number;
  y: number;
  /** Values as they were logged; undefined until they are decoded. */
  channels?: readonly (number | string)[];
  classes: readonly { layer: string; name: string; id: number; color: string }[];
  boxes: readonly { layer: string; text: string; color: string }[];
}

export function makeProbe() {
  const probe: Signal<Probe | null> = signal(null);

  return { probe };
}

export type ScopeProbe = ReturnType<typeof makeProbe>;
