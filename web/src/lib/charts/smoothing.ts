// Smoothing of one curve. Every method works in units of the x axis, not in points, so that a curve
// that arrives as buckets is smoothed like the points it stands for. A value that is not finite is
// a gap: it stays as it is in the result and does not touch its neighbours.

export type SmoothingKind = "none" | "ema" | "gaussian" | "running";

/** amount: the weight 0..0.999 for "ema"; percent of the drawn x width for "gaussian" (its sigma) and "running" (its window). */
export interface Smoothing {
  kind: SmoothingKind;
  amount: number;
}

export const NO_SMOOTHING: Smoothing = { kind: "none", amount: 0 };

/**
 * A step of the exponential mean is this part of the x width, so that 0.6 looks alike for a thousand points and a million.
 * A curve with fewer points has longer steps: from one point to the next.
 */
const EMA_STEPS = 1000;

/** Beyond this many sigmas a gaussian's weight is under 1/80 of its peak. */
const GAUSSIAN_REACH = 3;

/** The smoothed values; `x` ascending (or log10 of it), `width` the x width that the amounts refer to. */
export function smooth(x: Float64Array, y: Float64Array, smoothing: Smoothing, width: number): Float64Array {
  const { kind, amount } = smoothing;
  if (kind === "none" || amount <= 0 || !(width > 0)) return y;
  const spacing = spacingOf(x);
  const part = (amount / 100) * width;
  switch (kind) {
    case "ema":
      return withinRange(exponentialMean(x, y, Math.min(amount, 0.9999), Math.max(width / EMA_STEPS, spacing)), y);
    case "gaussian":
      return withinRange(gaussianMean(x, y, Math.hypot(part, (amount / 2) * spacing)), y);
    case "running":
      return withinRange(runningMean(x, y, Math.hypot(part, (2 + amount / 10) * spacing)), y);
  }
}

/** Mean distance of neighbours: a few points far apart would otherwise never reach one another. */
function spacingOf(x: Float64Array): number {
  const extent = (x[x.length - 1] ?? NaN) - (x[0] ?? NaN);
  return x.length > 1 && extent > 0 && Number.isFinite(extent) ? extent / (x.length - 1) : 0;
}

/** A mean lies within the range of its values: what rounding puts outside of it is brought back. */
function withinRange(means: Float64Array, values: Float64Array): Float64Array {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  for (let i = 0; i < means.length; i++) {
    const mean = means[i] ?? NaN;
    if (!Number.isFinite(mean)) continue;
    if (mean < low) means[i] = low;
    else if (mean > high) means[i] = high;
  }
  return means;
}

/**
 * The exponential mean weighted by distance in x, and debiased: the first values count in full
 * instead of being pulled towards zero.
 */
function exponentialMean(x: Float64Array, y: Float64Array, weight: number, step: number): Float64Array {
  const out = new Float64Array(y.length);
  const decayPerX = Math.log(Math.sqrt(weight)) / step;
  let sum = 0;
  let weights = 0;
  let previousX = NaN;
  for (let i = 0; i < y.length; i++) {
    const value = y[i] ?? NaN;
    const here = x[i] ?? NaN;
    if (!Number.isFinite(value) || !Number.isFinite(here)) {
      out[i] = value;
      continue;
    }
    const keep = Number.isNaN(previousX) ? 0 : Math.exp(decayPerX * (here - previousX));
    // Two points at one x are one step apart, or the later one would never count.
    const kept = keep >= 1 ? Math.sqrt(weight) : keep;
    sum = sum * kept + value * (1 - Math.sqrt(weight));
    weights = weights * kept + (1 - Math.sqrt(weight));
    out[i] = sum / weights;
    previousX = here;
  }
  return out;
}

function gaussianMean(x: Float64Array, y: Float64Array, sigma: number): Float64Array {
  const out = new Float64Array(y.length);
  let first = 0;
  for (let i = 0; i < y.length; i++) {
    const value = y[i] ?? NaN;
    const here = x[i] ?? NaN;
    if (!Number.isFinite(value)) {
      out[i] = value;
      continue;
    }
    while (first < i && here - (x[first] ?? NaN) > GAUSSIAN_REACH * sigma) first++;
    let sum = 0;
    let weights = 0;
    for (let j = first; j < y.length; j++) {
      const distance = ((x[j] ?? NaN) - here) / sigma;
      if (distance > GAUSSIAN_REACH) break;
      const neighbour = y[j] ?? NaN;
      if (!Number.isFinite(neighbour)) continue;
      const weight = Math.exp(-0.5 * distance * distance);
      sum += weight * neighbour;
      weights += weight;
    }
    out[i] = sum / weights;
  }
  return out;
}

/** The mean of what lies within half a window before and after. */
function runningMean(x: Float64Array, y: Float64Array, window: number): Float64Array {
  const out = new Float64Array(y.length);
  const half = window / 2;
  let first = 0;
  let end = 0;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < y.length; i++) {
    const here = x[i] ?? NaN;
    for (; end < y.length && (x[end] ?? NaN) - here <= half; end++) {
      const entering = y[end] ?? NaN;
      if (!Number.isFinite(entering)) continue;
      sum += entering;
      count++;
    }
    for (; first < i && here - (x[first] ?? NaN) > half; first++) {
      const leaving = y[first] ?? NaN;
      if (!Number.isFinite(leaving)) continue;
      sum -= leaving;
      count--;
    }
    const value = y[i] ?? NaN;
    out[i] = Number.isFinite(value) ? sum / count : value;
  }
  return out;
}
