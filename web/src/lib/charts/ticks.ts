// Places for labels along a strip that is no uPlot axis (the scrub bar), and counts of stops along it.

import { countUpTo } from "@/lib/clock/resolve";
import { formatElapsed, formatLogTick, formatTicks } from "@/lib/text/axisFormat";

const DURATIONS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800,
];

export interface Ticks {
  step: number;
  values: number[];
}

/** At most `most` round places in [from, to]; `isWhole` keeps them on integers. */
export function niceTicks(from: number, to: number, most: number, kind: "number" | "duration", isWhole = false): Ticks {
  const least = (to - from) / Math.max(1, most);
  if (!(least > 0) || !Number.isFinite(least)) return { step: 1, values: Number.isFinite(from) ? [from] : [] };
  let step = kind === "duration" ? (DURATIONS.find((each) => each >= least) ?? roundUp(least / 86400) * 86400) : roundUp(least);
  if (isWhole) step = Math.max(1, step);
  const values: number[] = [];
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  for (let i = first; i <= last; i++) values.push(i === 0 ? 0 : i * step);
  return { step, values };
}

export interface LabelledTicks {
  values: number[];
  labels: string[];
}

/** Multiples of each power of ten that are labelled, from few to many. */
const LOG_LEADS: readonly (readonly number[])[] = [[1], [1, 3], [1, 2, 5], [1, 2, 3, 5, 7], [1, 2, 3, 4, 5, 6, 7, 8, 9]];

/**
 * Places on a log axis, at most about `most` and at least two: powers of ten where the range has several, else the
 * multiples between them, else (a range within one such step) round places as on a linear axis.
 */
export function logTicks(min: number, max: number, most: number): LabelledTicks {
  const places = Math.max(2, most);
  const from = Math.floor(Math.log10(min));
  const to = Math.ceil(Math.log10(max));
  let best: number[] = [];
  for (const leads of LOG_LEADS) {
    const found: number[] = [];
    for (let power = from; power <= to; power++) {
      for (const lead of leads) {
        const value = lead * 10 ** power;
        if (value >= min * (1 - 1e-9) && value <= max * (1 + 1e-9)) found.push(Number(value.toPrecision(12)));
      }
    }
    if (best.length >= 2 && found.length > places) break;
    best = found;
  }
  if (best.length > places) {
    const every = Math.ceil(best.length / places);
    const aligned = best.filter((value) => Math.round(Math.log10(value)) % every === 0);
    best = aligned.length >= 2 ? aligned : best.filter((_, at) => at % every === 0);
  }
  if (best.length >= 2) return { values: best, labels: best.map(formatLogTick) };
  for (let count = places; count <= 16 * places; count *= 2) {
    const { values, step } = niceTicks(min, max, count, "number");
    if (values.length >= 2) return { values, labels: formatTicks(values, step) };
  }
  return { values: [min, max], labels: formatTicks([min, max], max - min) };
}

/** The next of 1, 2, 5, 10, 20 ... */
function roundUp(value: number): number {
  const power = Math.pow(10, Math.floor(Math.log10(value)));
  const lead = value / power;
  return power * (lead <= 1 + 1e-9 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

export function tickLabels(axis: string, { step, values }: Ticks): string[] {
  if (axis === "relative") return values.map(formatElapsed);
  if (axis !== "time") return formatTicks(values, step);
  return values.map((value) => {
    const moment = new Date(value * 1000);
    const two = (part: number): string => String(part).padStart(2, "0");
    if (step >= 86400) return `${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
    return `${two(moment.getHours())}:${two(moment.getMinutes())}${step < 60 ? `:${two(moment.getSeconds())}` : ""}`;
  });
}

/** How many positions of all lists fall into each of `bins` equal parts of [from, to]; the end belongs to the last. */
export function densityOf(lists: readonly Float64Array[], from: number, to: number, bins: number): Uint32Array {
  const counts = new Uint32Array(bins);
  const width = (to - from) / bins;
  for (const list of lists) {
    // a short list is counted point by point, a long one bin by bin
    if (list.length <= bins * 4) {
      for (const place of list) {
        if (place < from || place > to) continue;
        const bin = width > 0 ? Math.min(bins - 1, Math.floor((place - from) / width)) : 0;
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
      continue;
    }
    let before = countUpTo(list, from) - (list[countUpTo(list, from) - 1] === from ? 1 : 0);
    for (let bin = 0; bin < bins; bin++) {
      const upTo = bin === bins - 1 ? countUpTo(list, to) : countUpTo(list, from + width * (bin + 1) - Math.abs(width) * 1e-9);
      counts[bin] = (counts[bin] ?? 0) + upTo - before;
      before = upTo;
    }
  }
  return counts;
}
