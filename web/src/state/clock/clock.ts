// The clock of the page: where the scrub bar stands, and by which rule a tile finds its step.
// Charts and media of all runs share this one axis. `stops` and `extent` are filled in by
// tracks.ts, so that the clock itself depends on nothing.

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { MATCH_RULES, type MatchRule, stopFrom } from "@/lib/clock/resolve";
import type { MakeUrlSignal } from "@/state/page/url";

export const SPEEDS: readonly number[] = [0.5, 1, 2, 4, 8, 16, 30];

function parseNumber(text: string): number | undefined {
  const value = Number(text);
  return text.trim() === "" || !Number.isFinite(value) ? undefined : value;
}

/** "12..40" -> [12, 40]; undefined for anything that is no interval. */
export function parseInterval(text: string): [number, number] | undefined {
  const [from, to] = text.split("..").map(parseNumber);
  return from === undefined || to === undefined || from >= to ? undefined : [from, to];
}

export function formatInterval(interval: readonly [number, number] | null): string {
  return interval === null ? "" : `${interval[0]}..${interval[1]}`;
}

interface ClockNeeds {
  urlSignal: MakeUrlSignal;
}

export function makeClock({ urlSignal }: ClockNeeds) {
  /** "step", "time" (Unix seconds), "relative" (seconds since each run began) or a metric's key. */
  const axis: Signal<string> = urlSignal<string>("axis", "step");

  /** Where the page stands on the axis; null follows the newest. */
  const position: Signal<number | null> = urlSignal<number | null>("at", null, {
    parse: parseNumber,
    format: (value) => (value === null ? "" : String(value)),
    history: "silent",
  });

  const matchRule: Signal<MatchRule> = urlSignal<MatchRule>("match", "at-or-before", {
    parse: (text) => MATCH_RULES.find((rule) => rule === text),
  });

  /** The part of the axis that play and loop keep to; null is all of it. */
  const range: Signal<[number, number] | null> = urlSignal<[number, number] | null>("range", null, {
    parse: parseInterval,
    format: formatInterval,
    history: "replace",
  });

  /** The part of the axis that charts and scrub bar show; null is all of it. */
  const zoom: Signal<[number, number] | null> = urlSignal<[number, number] | null>("xzoom", null, {
    parse: parseInterval,
    format: formatInterval,
    history: "replace",
  });

  /** The part of the axis that the scrub bar itself is zoomed to; null is all of it. */
  const trackView = signal<[number, number] | null>(null);

  const isPlaying = signal(false);
  const isLooping: Signal<boolean> = urlSignal("loop", false);
  /** Stops a second while playing. */
  const speed: Signal<number> = urlSignal("speed", 4, { history: "replace" });

  /** Where the pointer is over any chart, on the axis; null when it is over none. */
  const hoverX = signal<number | null>(null);

  /** Positions at which any visible key of any visible run has media, ascending. */
  const stops = signal<Float64Array>(new Float64Array(0));
  /** First and last position that the visible runs have logged at; null while nothing is known. */
  const extent = signal<[number, number] | null>(null);

  /** Where the page stands, with "follow the newest" resolved to the end of the axis. */
  const now: ReadonlySignal<number | null> = computed(() => position.value ?? extent.value?.[1] ?? null);

  /** Stand at `x` (kept inside the extent); null follows the newest. */
  function moveTo(x: number | null): void {
    const bounds = extent.peek();
    position.value = x === null || !bounds ? x : Math.max(bounds[0], Math.min(bounds[1], x));
  }

  /** Move `count` steps that exist forward (back, when negative); a page without media moves in 1/100ths. */
  function stepBy(count: number): void {
    const from = now.peek();
    if (from === null) return;
    const next = nextStop(from, count);
    if (next !== null) position.value = next;
  }

  /** The stop `count` away from `from`, over the media's stops or, without media, even pieces of the axis. */
  function nextStop(from: number, count: number): number | null {
    const existing = stops.peek();
    if (existing.length > 0) return stopFrom(existing, from, count);
    const bounds = extent.peek();
    if (!bounds) return null;
    const width = bounds[1] - bounds[0];
    const piece = axis.peek() === "step" ? Math.max(1, Math.round(width / 100)) : width / 100;
    return Math.max(bounds[0], Math.min(bounds[1], from + count * piece));
  }

  return {
    axis, position, matchRule, range, zoom, trackView, isPlaying, isLooping, speed, hoverX, stops, extent, now, moveTo,
    stepBy, nextStop,
  };
}

export type ScopeClock = ReturnType<typeof makeClock>;
