// Which logged step a tile shows when the scrub bar stands at a position: pure functions.
// A track lists the steps at which one (run, key) has media, with each step's position on the
// page's axis; a step without a position there (NaN) can only be reached by the rule "last".

export type MatchRule = "exact" | "at-or-before" | "nearest" | "last";

export const MATCH_RULES: readonly MatchRule[] = ["at-or-before", "exact", "nearest", "last"];

export interface Track {
  kind: string;
  total: number;
  /** ascending */
  steps: Float64Array;
  /** position of steps[i] on the page's axis; NaN where the run has none */
  at: Float64Array;
}

interface Ordered {
  at: Float64Array;
  steps: Float64Array;
}

const orders = new WeakMap<Track, Ordered>();

/** The track's positions in ascending order (ties by step), without those that have none. */
export function orderedTrack(track: Track): Ordered {
  const known = orders.get(track);
  if (known) return known;
  const { at, steps } = track;
  let isAscending = true;
  for (let i = 0; i < at.length && isAscending; i++) {
    const here = at[i] ?? NaN;
    isAscending = here === here && (i === 0 || here >= (at[i - 1] ?? NaN));
  }
  let ordered: Ordered = { at, steps };
  if (!isAscending) {
    const indices: number[] = [];
    for (let i = 0; i < at.length; i++) if (!Number.isNaN(at[i])) indices.push(i);
    const value = (column: Float64Array, i: number) => column[i] ?? NaN;
    indices.sort((a, b) => value(at, a) - value(at, b) || value(steps, a) - value(steps, b));
    ordered = {
      at: Float64Array.from(indices, (i) => value(at, i)),
      steps: Float64Array.from(indices, (i) => value(steps, i)),
    };
  }
  orders.set(track, ordered);
  return ordered;
}

/** How many of the ascending `values` are <= x. */
export function countUpTo(values: Float64Array, x: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? Infinity) <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The step to show, or null when the rule finds none.
 *
 * A position of null follows the newest: each track's last step, whatever the rule. Where several
 * steps share a position (all steps of one epoch), the latest of them is shown.
 */
export function resolveStep(track: Track, position: number | null, rule: MatchRule): number | null {
  if (position === null || rule === "last") return track.steps[track.steps.length - 1] ?? null;
  const { at, steps } = orderedTrack(track);
  const upTo = countUpTo(at, position);
  const before = at[upTo - 1];
  const after = at[upTo];
  const stepBefore = steps[upTo - 1] ?? null;
  if (rule === "at-or-before") return stepBefore;
  if (rule === "exact") return before === position ? stepBefore : null;
  if (before === undefined) return after === undefined ? null : latestAt(at, steps, after);
  if (after === undefined || position - before <= after - position) return stepBefore;
  return latestAt(at, steps, after);
}

function latestAt(at: Float64Array, steps: Float64Array, position: number): number | null {
  return steps[countUpTo(at, position) - 1] ?? null;
}

/** Position of a step on the axis, or null when the track does not have it. */
export function positionOfStep(track: Track, step: number): number | null {
  const index = countUpTo(track.steps, step) - 1;
  if (track.steps[index] !== step) return null;
  const at = track.at[index] ?? NaN;
  return Number.isNaN(at) ? null : at;
}

/** Every position of any of the tracks, ascending, each once. */
export function mergePositions(tracks: readonly Track[]): Float64Array {
  const lists = tracks.map((track) => orderedTrack(track).at);
  const merged = new Float64Array(lists.reduce((sum, list) => sum + list.length, 0));
  let length = 0;
  for (const list of lists) {
    merged.set(list, length);
    length += list.length;
  }
  merged.sort();
  let kept = 0;
  for (let i = 0; i < length; i++) {
    const value = merged[i] ?? NaN;
    if (kept === 0 || merged[kept - 1] !== value) merged[kept++] = value;
  }
  return merged.subarray(0, kept);
}

/**
 * The position `count` stops after (before, when negative) `from` among the ascending `stops`;
 * stays at the first or last stop. Null only when there are no stops.
 */
export function stopFrom(stops: Float64Array, from: number, count: number): number | null {
  if (stops.length === 0) return null;
  const upTo = countUpTo(stops, from);
  const isOnStop = stops[upTo - 1] === from;
  // Going back from between two stops, the first stop back is the one just before `from`.
  const index = upTo - 1 + count + (count < 0 && !isOnStop ? 1 : 0);
  return stops[Math.max(0, Math.min(stops.length - 1, index))] ?? null;
}
