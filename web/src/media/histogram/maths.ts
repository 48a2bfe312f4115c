/** Histograms as numbers: ranges, heat map cells, read-outs. Bins may differ from step to step, and in width. */

export interface Counted {
  /** Edges, one more than values, ascending. */
  bins: readonly number[];
  values: readonly number[];
}

export interface Span {
  min: number;
  max: number;
}

export function totalOf({ values }: Counted): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** From the lowest to the highest edge; never of width 0. */
export function spanOf(histograms: Iterable<Counted>): Span | null {
  let min = Infinity;
  let max = -Infinity;
  for (const { bins } of histograms) {
    const first = bins[0];
    const last = bins.at(-1);
    if (first === undefined || last === undefined || !Number.isFinite(first) || !Number.isFinite(last)) continue;
    min = Math.min(min, first);
    max = Math.max(max, last);
  }
  if (min > max) return null;
  return min < max ? { min, max } : { min: min - 0.5, max: max + 0.5 };
}

export function largestCount(histograms: Iterable<Counted>): number {
  let largest = 0;
  for (const { values } of histograms) for (const value of values) if (value > largest) largest = value;
  return largest;
}

/** The bin that holds a value, -1 for none. Like numpy, the last bin holds its upper edge too. */
export function binAt({ bins }: Counted, value: number): number {
  const last = bins.length - 1;
  if (last < 1 || !(value >= (bins[0] as number)) || value > (bins[last] as number)) return -1;
  let low = 0;
  let high = last - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((bins[middle] as number) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Counts for `rows` equal slices of the span, lowest first; NaN where the histogram has no bin.
 *
 * A slice inside one bin has that bin's count. A slice over several bins has their mean by the share of the slice
 * that each covers: a narrow peak never vanishes between two pixels.
 */
export function countsInSlices({ bins, values }: Counted, span: Span, rows: number): Float64Array {
  const sums = new Float64Array(rows);
  const covered = new Float64Array(rows);
  const slice = (span.max - span.min) / rows;
  for (const [at, count] of values.entries()) {
    const low = bins[at] as number;
    const high = bins[at + 1] as number;
    const first = Math.max(0, Math.floor((low - span.min) / slice));
    const last = Math.min(rows - 1, Math.ceil((high - span.min) / slice) - 1);
    for (let row = first; row <= last; row++) {
      const from = span.min + row * slice;
      const share = Math.min(high, from + slice) - Math.max(low, from);
      if (share <= 0) continue;
      sums[row] = (sums[row] as number) + count * share;
      covered[row] = (covered[row] as number) + share;
    }
  }
  for (let row = 0; row < rows; row++) sums[row] = (covered[row] as number) > 0 ? (sums[row] as number) / (covered[row] as number) : NaN;
  return sums;
}

/** How strong a count is drawn, 0 to 1. */
export function strengthOf(count: number, largest: number, isLog: boolean): number {
  if (!(count > 0) || !(largest > 0)) return 0;
  return isLog ? Math.log1p(count) / Math.log1p(largest) : count / largest;
}

/** Where the columns of a heat map begin and end: half-way between neighbouring steps. One more edge than steps. */
export function columnEdges(steps: readonly number[]): number[] {
  const first = steps[0];
  if (first === undefined) return [];
  if (steps.length === 1) return [first - 0.5, first + 0.5];
  const edges = steps.slice(1).map((step, at) => (step + (steps[at] as number)) / 2);
  const last = steps.at(-1) as number;
  return [first - ((edges[0] as number) - first), ...edges, last + (last - (edges.at(-1) as number))];
}

/** The column under a position, -1 outside. */
export function columnAt(edges: readonly number[], x: number): number {
  return binAt({ bins: edges, values: [] }, x);
}

/** The value below which a share of the counts lies, straight lines inside bins; null without counts. */
export function quantile(histogram: Counted, share: number): number | null {
  const total = totalOf(histogram);
  if (!(total > 0)) return null;
  let left = share * total;
  for (const [at, count] of histogram.values.entries()) {
    if (count > 0 && left <= count) {
      const low = histogram.bins[at] as number;
      return low + ((histogram.bins[at + 1] as number) - low) * (left / count);
    }
    left -= count;
  }
  return histogram.bins.at(-1) ?? null;
}

/** Evenly spread picks of `count` out of `length`, ends included. */
export function spread(length: number, count: number): number[] {
  if (length <= count) return Array.from({ length }, (_, at) => at);
  if (count <= 1) return [length - 1];
  return Array.from({ length: count }, (_, at) => Math.round((at * (length - 1)) / (count - 1)));
}

/** About `count` round numbers inside the span. */
export function roundTicks(span: Span, count: number): { ticks: number[]; step: number } {
  const rough = (span.max - span.min) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const ticks: number[] = [];
  for (let at = Math.ceil(span.min / step - 1e-9); at * step <= span.max + step * 1e-9; at++) ticks.push(at === 0 ? 0 : at * step);
  return { ticks, step };
}
