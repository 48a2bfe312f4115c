/** Hover and zoom of the charts that share an x axis; those of the page's axis live in the clock. */
import { type Signal, signal } from "@preact/signals";
import type { ScopeClock } from "@/state/clock/clock";

export interface SharedAxis {
  hover: Signal<number | null>;
  zoom: Signal<[number, number] | null>;
}

interface SharedAxesNeeds {
  clock: ScopeClock;
}

export function makeSharedAxes({ clock: { axis, hoverX, zoom } }: SharedAxesNeeds) {
  const others = new Map<string, SharedAxis>();

  /** Reading it in an effect or a component subscribes to the page's axis. */
  function sharedAxis(name: string): SharedAxis {
    if (name === axis.value) return { hover: hoverX, zoom };
    let found = others.get(name);
    if (!found) others.set(name, (found = { hover: signal<number | null>(null), zoom: signal<[number, number] | null>(null) }));
    return found;
  }

  return { sharedAxis };
}

export type ScopeSharedAxes = ReturnType<typeof makeSharedAxes>;
