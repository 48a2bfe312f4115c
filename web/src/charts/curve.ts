// A series made ready to draw: ascending x, smoothed values, what a log axis can't show, and the
// limits of what is in sight. Pure; everything is computed once per answer or change of settings.

import { NO_SMOOTHING, smooth } from "@/lib/charts/smoothing";
import type { ChartSettings, YRange } from "@/state/charts/settings";
import type { Series } from "@/state/metrics/series";

export interface Curve {
  series: Series;
  /** ascending: of an exact series each point's x, else the middle of each bucket */
  x: Float64Array;
  mean: Float64Array;
  low: Float64Array;
  high: Float64Array;
  last: Float64Array;
  /** points behind each place that are not finite: to be marked, never left out silently */
  broken: Uint8Array | null;
  /** the line to draw: `mean`, or its smoothed form */
  line: Float64Array;
  isSmoothed: boolean;
  /** of an earlier session, at steps that a later one logged again: drawn faintly */
  replaced: Curve | null;
}

/** What is not finite in a bucket or point: bits of `broken`. */
export const HAS_NAN = 1;
export const HAS_PLUS_INFINITY = 2;
export const HAS_MINUS_INFINITY = 4;

/** Columns in ascending x. A metric as x axis may go back and forth, so order is not taken for granted. */
interface Columns {
  x: Float64Array;
  mean: Float64Array;
  low: Float64Array;
  high: Float64Array;
  last: Float64Array;
  broken: Uint8Array | null;
}

const orderedColumns = new WeakMap<Series, Columns>();

export function columnsOf(series: Series): Columns {
  const known = orderedColumns.get(series);
  if (known) return known;
  const { xLow, xHigh } = series;
  const x = series.isExact ? xLow : Float64Array.from(xLow, (low, i) => (low + (xHigh[i] ?? low)) / 2);
  let isAscending = true;
  for (let i = 0; i < x.length && isAscending; i++) isAscending = (x[i] ?? NaN) >= (i > 0 ? (x[i - 1] ?? NaN) : -Infinity);
  const broken = brokenOf(series);
  let columns: Columns = { x, mean: series.mean, low: series.low, high: series.high, last: series.last, broken };
  if (!isAscending) {
    const order = Array.from(x.keys()).filter((i) => !Number.isNaN(x[i]));
    order.sort((a, b) => (x[a] ?? 0) - (x[b] ?? 0));
    const sorted = (column: Float64Array) => Float64Array.from(order, (i) => column[i] ?? NaN);
    columns = {
      x: sorted(x),
      mean: sorted(series.mean),
      low: sorted(series.low),
      high: sorted(series.high),
      last: sorted(series.last),
      broken: broken && Uint8Array.from(order, (i) => broken[i] ?? 0),
    };
  }
  orderedColumns.set(series, columns);
  return columns;
}

/** Where values are not finite; null when all are. A bucket's low and high leave NaN out but keep infinities. */
function brokenOf({ low, high, mean, count, finite }: Series): Uint8Array | null {
  let broken: Uint8Array | null = null;
  for (let i = 0; i < mean.length; i++) {
    let bits = 0;
    if (high[i] === Infinity) bits |= HAS_PLUS_INFINITY;
    if (low[i] === -Infinity) bits |= HAS_MINUS_INFINITY;
    const isMissingSome = count !== null && finite !== null && (finite[i] ?? 0) < (count[i] ?? 0);
    if (Number.isNaN(low[i]) || (isMissingSome && bits === 0)) bits |= HAS_NAN;
    if (bits === 0) continue;
    broken ??= new Uint8Array(mean.length);
    broken[i] = bits;
  }
  return broken;
}

/** `width`: the x width (in log10 when x is logarithmic) that the smoothing's amount refers to. */
export function curveFrom(series: Series, settings: Pick<ChartSettings, "smoothing" | "isLogX">, width: number): Curve {
  const columns = columnsOf(series);
  const { smoothing } = settings;
  const isSmoothed = smoothing.kind !== "none" && smoothing.amount > 0;
  const scaled = settings.isLogX ? columns.x.map(Math.log10) : columns.x;
  const replaced = series.replaced ? curveFrom(series.replaced, { ...settings, smoothing: NO_SMOOTHING }, width) : null;
  return { series, ...columns, replaced, line: isSmoothed ? smooth(scaled, columns.mean, smoothing, width) : columns.mean, isSmoothed };
}

/** First and last x of all series (of the positive ones on a log axis); null when there is nothing. */
export function xExtent(all: readonly Series[], isLog: boolean): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const series of all) {
    const { x } = columnsOf(series);
    for (let i = 0; i < x.length; i++) {
      const first = series.xLow[i] ?? NaN;
      if (isLog ? first > 0 : first === first) {
        low = Math.min(low, first);
        break;
      }
    }
    if (x.length > 0) {
      const last = series.count ? Math.max(x[x.length - 1] ?? NaN, series.xHigh[series.xHigh.length - 1] ?? NaN) : (x[x.length - 1] ?? NaN);
      if (!isLog || last > 0) high = Math.max(high, last);
    }
  }
  return low <= high ? [low, high] : null;
}

/** Room around a single point, or none when there is width already. */
export function padX([low, high]: readonly [number, number], isLog: boolean): [number, number] {
  if (low < high) return [low, high];
  if (isLog) return [low / 2, low * 2];
  const room = low === 0 ? 1 : Math.abs(low) * 0.05 || 1;
  return [low - room, low + room];
}

/** The index of the first x >= from, and the one after the last x <= to. */
export function indicesWithin(x: Float64Array, from: number, to: number): [number, number] {
  return [firstAtLeast(x, from), firstAbove(x, to)];
}

function firstAtLeast(x: Float64Array, value: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((x[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstAbove(x: Float64Array, value: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((x[middle] ?? Infinity) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The part of all values that "clip" leaves out at each end. */
const CLIPPED_PART = 0.02;

export interface YLimits {
  min: number;
  max: number;
  /** how many of the drawn points or buckets lie outside */
  outside: number;
}

/** Limits of y for what lies in [from, to]. */
export function yLimits(curves: readonly Curve[], from: number, to: number, y: YRange, isLog: boolean, isBandShown: boolean): YLimits {
  const lows: number[] = [];
  const highs: number[] = [];
  const take = (low: number, high: number): void => {
    // (an infinity in a bucket is marked at the edge; the rest of the bucket still counts)
    if (Number.isFinite(low) && (!isLog || low > 0)) lows.push(low);
    else if (isLog && Number.isFinite(high) && high > 0) lows.push(high);
    if (Number.isFinite(high) && (!isLog || high > 0)) highs.push(high);
  };
  for (const curve of curves.flatMap((one) => (one.replaced ? [one, one.replaced] : [one]))) {
    const [first, end] = indicesWithin(curve.x, from, to);
    const usesBand = isBandShown || curve.isSmoothed;
    for (let i = first; i < end; i++) {
      const line = curve.line[i] ?? NaN;
      if (usesBand && !curve.isSmoothed) take(curve.low[i] ?? NaN, curve.high[i] ?? NaN);
      else if (usesBand) take(Math.min(curve.low[i] ?? NaN, line), Math.max(curve.high[i] ?? NaN, line));
      else take(line, line);
    }
  }
  if (highs.length === 0) return withManual(isLog ? { min: 0.1, max: 1 } : { min: 0, max: 1 }, y, isLog, lows, highs);
  let min = lows.reduce((least, value) => Math.min(least, value), Infinity);
  let max = highs.reduce((most, value) => Math.max(most, value), -Infinity);
  if (y === "clip") {
    const clippedMin = quantile(lows, CLIPPED_PART);
    const clippedMax = quantile(highs, 1 - CLIPPED_PART);
    // Clipping is for outliers: a few values just past the rest stay in sight.
    const span = clippedMax - clippedMin;
    if (clippedMin - min > span) min = clippedMin;
    if (max - clippedMax > span) max = clippedMax;
  }
  return withManual(padY(min, max, isLog), y, isLog, lows, highs);
}

function withManual(auto: { min: number; max: number }, y: YRange, isLog: boolean, lows: number[], highs: number[]): YLimits {
  let { min, max } = auto;
  if (typeof y === "object") {
    if (y.min !== null && (!isLog || y.min > 0)) min = y.min;
    if (y.max !== null && (!isLog || y.max > 0)) max = y.max;
    if (min >= max) max = isLog ? min * 10 : min + (Math.abs(min) || 1);
  }
  let outside = 0;
  for (let i = 0; i < highs.length; i++) if ((highs[i] ?? 0) > max || (lows[i] ?? 0) < min) outside++;
  return { min, max, outside };
}

/** Values closer together than this part of their size are alike: to stretch them would show the noise of rounding. */
const LEAST_SPAN = 1e-10;

function padY(min: number, max: number, isLog: boolean): { min: number; max: number } {
  if (isLog) {
    const room = max <= min * (1 + LEAST_SPAN) ? 2 : Math.pow(max / min, 0.04);
    return { min: min / room, max: max * room };
  }
  const size = Math.max(Math.abs(min), Math.abs(max));
  if (max - min <= size * LEAST_SPAN) {
    const room = size * 0.1 || 1;
    return { min: min - room, max: max + room };
  }
  const room = (max - min) * 0.05;
  // Values that never go below zero keep zero as their floor instead of a strip of nothing.
  return { min: min >= 0 && min - room < 0 ? 0 : min - room, max: max + room };
}

function quantile(values: number[], part: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.round(part * (sorted.length - 1))] ?? NaN;
}

/** Points that a log axis can't show. `isAtLeast`: inside buckets there may be more. */
export function hiddenOnLog(all: readonly Series[], axis: "x" | "y"): { points: number; isAtLeast: boolean } {
  let points = 0;
  let isAtLeast = false;
  for (const { xLow, xHigh, low, high, count } of all) {
    const lower = axis === "x" ? xLow : low;
    const upper = axis === "x" ? xHigh : high;
    for (let i = 0; i < lower.length; i++) {
      if ((upper[i] ?? NaN) <= 0) points += count?.[i] ?? 1;
      else if ((lower[i] ?? NaN) <= 0) {
        points += 1;
        isAtLeast = true;
      }
    }
  }
  return { points, isAtLeast };
}

/** The sample of the curve nearest to x, or null where the curve has none near. */
export function sampleAt(curve: Curve, x: number, reach: number): number | null {
  const after = firstAtLeast(curve.x, x);
  const before = after - 1;
  const toAfter = after < curve.x.length ? (curve.x[after] ?? NaN) - x : Infinity;
  const toBefore = before >= 0 ? x - (curve.x[before] ?? NaN) : Infinity;
  const isInside = toAfter < Infinity && toBefore < Infinity;
  const nearest = toAfter < toBefore ? after : before;
  if (!isInside && Math.min(toAfter, toBefore) > reach) return null;
  return nearest >= 0 && nearest < curve.x.length ? nearest : null;
}

/** The last sample at or before x, or null before the first. */
export function sampleUpTo(curve: Curve, x: number): number | null {
  const index = firstAbove(curve.series.isExact ? curve.x : curve.series.xLow, x) - 1;
  return index < 0 || curve.x.length === 0 ? null : Math.min(index, curve.x.length - 1);
}

/** The last value that was logged, and the position it stands at. */
export function lastOf(curve: Curve): { x: number; value: number } | null {
  const end = curve.x.length - 1;
  return end < 0
    ? null
    : { x: curve.series.isExact ? (curve.x[end] ?? NaN) : (curve.series.xHigh[end] ?? NaN), value: curve.last[end] ?? NaN };
}
