/** Counts numbers in bins of equal, round width. Pure functions. */

export interface Bins {
  /** One more than there are counts. */
  edges: number[];
  counts: number[];
  /** Rows without a finite number. */
  leftOut: number;
}

/** About `wanted` bins with round edges; every number lies in exactly one, the largest in the last. */
export function countInBins(values: readonly (number | string | null)[], wanted: number): Bins {
  let low = Infinity;
  let high = -Infinity;
  let leftOut = 0;
  for (const value of values) {
    if (typeof value !== "number") {
      leftOut += 1;
      continue;
    }
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return { edges: [0, 1], counts: [0], leftOut };
  if (low === high) {
    const half = Math.abs(low) > 1 ? Math.abs(low) * 0.05 : 0.5;
    return { edges: [low - half, low + half], counts: [values.length - leftOut], leftOut };
  }
  const step = roundStep((high - low) / Math.max(1, wanted));
  const first = Math.floor(low / step + 1e-9);
  const count = Math.max(1, Math.ceil(high / step - 1e-9) - first);
  const edges = Array.from({ length: count + 1 }, (_, at) => edgeAt(first + at, step));
  const counts = new Array<number>(count).fill(0);
  for (const value of values) {
    if (typeof value !== "number") continue;
    let at = Math.min(count - 1, Math.max(0, Math.floor(value / step) - first));
    // Division rounds; the edges decide.
    while (at > 0 && value < (edges[at] as number)) at -= 1;
    while (at < count - 1 && value >= (edges[at + 1] as number)) at += 1;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return { edges, counts, leftOut };
}

/** 1, 2, 2.5 or 5 times a power of ten, at least `step`, or barely less. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  for (const factor of [1, 2, 2.5, 5]) if (step <= factor * power * 1.0001) return factor * power;
  return 10 * power;
}

function edgeAt(number: number, step: number): number {
  const exact = number * step;
  const round = Number(exact.toPrecision(12));
  return Math.abs(round - exact) < step * 1e-6 ? round : exact;
}

/** How many bins show the numbers well: Freedman and Diaconis' rule, in bounds. */
export function usualBins(values: readonly (number | string | null)[]): number {
  const numbers = values.filter((value) => typeof value === "number").sort((a, b) => a - b);
  const at = (share: number): number => numbers[Math.min(numbers.length - 1, Math.floor(share * numbers.length))] ?? 0;
  const width = (2 * (at(0.75) - at(0.25))) / Math.cbrt(Math.max(1, numbers.length));
  const span = at(1) - at(0);
  const count = width > 0 ? Math.ceil(span / width) : Math.ceil(Math.log2(Math.max(2, numbers.length))) + 1;
  return Math.min(100, Math.max(5, count));
}
