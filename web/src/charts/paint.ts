// Draws curves on uPlot's canvas. uPlot gives axes, grid and scales; the curves are drawn here, because
// runs do not share their x values: joining them into uPlot's one x column would cost memory and
// invent gaps. Everything is in canvas pixels; `ratio` is canvas pixels per CSS pixel.

import { type Curve, HAS_MINUS_INFINITY, HAS_NAN, HAS_PLUS_INFINITY, indicesWithin } from "@/charts/curve";

export interface AxisScale {
  min: number;
  max: number;
  isLog: boolean;
}

export interface PlotArea {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface PaintedCurve {
  curve: Curve;
  color: string;
  /** set back behind the others: another run is under the pointer */
  isDimmed: boolean;
}

export interface Painting {
  area: PlotArea;
  x: AxisScale;
  y: AxisScale;
  ratio: number;
  isBandShown: boolean;
  curves: readonly PaintedCurve[];
}

const LINE_WIDTH = 1.5;
const DOT_RADIUS = 2;
/** Points are drawn as dots when each has at least this much room. */
const DOT_ROOM_PX = 14;

/** Position of a value along an axis of `length` pixels from `start`; y axes run upwards. */
export function placer(scale: AxisScale, start: number, length: number, isUpwards: boolean): (value: number) => number {
  const from = scale.isLog ? Math.log10(scale.min) : scale.min;
  const to = scale.isLog ? Math.log10(scale.max) : scale.max;
  const perUnit = (isUpwards ? -length : length) / (to - from);
  const origin = isUpwards ? start + length : start;
  return scale.isLog ? (value) => origin + (Math.log10(value) - from) * perUnit : (value) => origin + (value - from) * perUnit;
}

export function paintCurves(context: CanvasRenderingContext2D, painting: Painting): void {
  const { area, curves, isBandShown } = painting;
  context.save();
  context.beginPath();
  context.rect(area.left, area.top, area.width, area.height);
  context.clip();
  context.lineJoin = "bevel";
  // Bands under all lines, faint originals under all smoothed lines.
  if (isBandShown) for (const one of curves) if (!one.curve.series.isExact) paintBand(context, painting, one);
  for (const one of curves) if (one.curve.replaced) paintLine(context, painting, {
    ...one,
    curve: one.curve.replaced,
  }, one.curve.replaced.line, 0.5, 1, false);
  for (const one of curves) if (one.curve.isSmoothed) paintLine(context, painting, one, one.curve.mean, 0.22, 1, false);
  for (const one of curves) paintLine(context, painting, one, one.curve.line, 1, LINE_WIDTH, true);
  for (const one of curves) if (one.curve.broken) paintBroken(context, painting, one);
  context.restore();
}

/** Indices in sight, with the neighbour on each side so that lines run to the edges. */
function inSight(curve: Curve, x: AxisScale): [number, number] {
  const [first, end] = indicesWithin(curve.x, x.min, x.max);
  return [Math.max(0, first - 1), Math.min(curve.x.length, end + 1)];
}

function paintBand(context: CanvasRenderingContext2D, painting: Painting, { curve, color, isDimmed }: PaintedCurve): void {
  const { area, x, y, ratio } = painting;
  const toX = placer(x, area.left, area.width, false);
  const toY = placer(y, area.top, area.height, true);
  const [first, end] = inSight(curve, x);
  const bottom = area.top + area.height + 2 * ratio;
  const top = area.top - 2 * ratio;
  context.fillStyle = color;
  // many bands over each other must not turn into mud
  const alpha = Math.max(0.06, 0.2 / Math.sqrt(painting.curves.length));
  context.globalAlpha = isDimmed ? alpha / 3 : alpha;
  context.beginPath();
  let start = first;
  while (start < end) {
    while (start < end && !hasBand(curve, start, y.isLog)) start++;
    let stop = start;
    while (stop < end && hasBand(curve, stop, y.isLog)) stop++;
    if (stop > start) {
      for (let i = start; i < stop; i++) {
        const high = curve.high[i] ?? 0;
        const place = toX(curve.x[i] ?? 0);
        const height = high === Infinity ? top : toY(high);
        if (i === start) context.moveTo(place, height);
        else context.lineTo(place, height);
      }
      for (let i = stop - 1; i >= start; i--) {
        const low = curve.low[i] ?? 0;
        context.lineTo(toX(curve.x[i] ?? 0), low === -Infinity || (y.isLog && low <= 0) ? bottom : toY(low));
      }
      context.closePath();
    }
    start = stop + 1;
  }
  context.fill();
  paintSpikes(context, painting, curve, color, isDimmed);
  context.globalAlpha = 1;
}

/** A bucket this much wider than most of its curve holds a spike: its faint band alone would hide it. */
const SPIKE_WIDTHS = 4;
const usualWidths = new WeakMap<Curve, number>();

/** The middle one of all buckets' widths from low to high. */
function usualWidth(curve: Curve): number {
  let usual = usualWidths.get(curve);
  if (usual === undefined) {
    const widths = curve.high.map((high, i) => high - (curve.low[i] ?? NaN)).filter(Number.isFinite).sort();
    usual = widths[widths.length >> 1] ?? 0;
    usualWidths.set(curve, usual);
  }
  return usual;
}

function paintSpikes(context: CanvasRenderingContext2D, painting: Painting, curve: Curve, color: string, isDimmed: boolean): void {
  const { area, x, y, ratio } = painting;
  const toX = placer(x, area.left, area.width, false);
  const toY = placer(y, area.top, area.height, true);
  const [first, end] = inSight(curve, x);
  const least = usualWidth(curve) * SPIKE_WIDTHS;
  context.strokeStyle = color;
  context.lineWidth = ratio;
  context.globalAlpha = isDimmed ? 0.1 : 0.6;
  context.beginPath();
  for (let i = first; i < end; i++) {
    const low = curve.low[i] ?? NaN;
    const high = curve.high[i] ?? NaN;
    const isSpike = high - low > least && Number.isFinite(high - low) && (!y.isLog || low > 0);
    if (!isSpike) continue;
    const place = toX(curve.x[i] ?? NaN);
    context.moveTo(place, toY(low));
    context.lineTo(place, toY(high));
  }
  context.stroke();
}

function hasBand(curve: Curve, i: number, isLog: boolean): boolean {
  const high = curve.high[i] ?? NaN;
  return high === high && (!isLog || high > 0);
}

function paintLine(
  context: CanvasRenderingContext2D,
  painting: Painting,
  { curve, color, isDimmed }: PaintedCurve,
  values: Float64Array,
  alpha: number,
  width: number,
  hasDots: boolean,
): void {
  const { area, x, y, ratio } = painting;
  const toX = placer(x, area.left, area.width, false);
  const toY = placer(y, area.top, area.height, true);
  const [first, end] = inSight(curve, x);
  const isRoomy = (end - first) * DOT_ROOM_PX * ratio <= area.width;
  const dots: number[] = [];
  context.strokeStyle = color;
  context.globalAlpha = isDimmed ? alpha * 0.25 : alpha;
  context.lineWidth = width * ratio;
  context.beginPath();
  let length = 0;
  let lastX = 0;
  let lastY = 0;
  for (let i = first; i <= end; i++) {
    const value = i < end ? (values[i] ?? NaN) : NaN;
    const place = i < end ? (curve.x[i] ?? NaN) : NaN;
    const isDrawn = Number.isFinite(value) && (!y.isLog || value > 0) && (!x.isLog || place > 0);
    if (!isDrawn) {
      if (length === 1) dots.push(lastX, lastY); // alone between gaps: a line would show nothing
      length = 0;
      continue;
    }
    lastX = toX(place);
    lastY = toY(value);
    if (length === 0) context.moveTo(lastX, lastY);
    else context.lineTo(lastX, lastY);
    length += 1;
    if (isRoomy && hasDots) dots.push(lastX, lastY);
  }
  context.stroke();
  if (dots.length > 0) {
    context.fillStyle = color;
    context.beginPath();
    for (let i = 0; i < dots.length; i += 2) {
      const dotX = dots[i] ?? 0;
      const dotY = dots[i + 1] ?? 0;
      context.moveTo(dotX, dotY);
      context.arc(dotX, dotY, (curve.x.length === 1 ? DOT_RADIUS + 1.5 : DOT_RADIUS) * ratio, 0, 2 * Math.PI);
    }
    context.fill();
  }
  context.globalAlpha = 1;
}

/** NaN as a cross at the bottom edge, infinities as triangles at the edge they left through. */
function paintBroken(context: CanvasRenderingContext2D, painting: Painting, { curve, color, isDimmed }: PaintedCurve): void {
  const { area, x, ratio } = painting;
  const toX = placer(x, area.left, area.width, false);
  const [first, end] = inSight(curve, x);
  const size = 3 * ratio;
  const top = area.top + size + ratio;
  const bottom = area.top + area.height - size - ratio;
  context.strokeStyle = color;
  context.fillStyle = color;
  context.globalAlpha = isDimmed ? 0.25 : 1;
  context.lineWidth = 1.25 * ratio;
  const drawnAt = [-Infinity, -Infinity, -Infinity];
  const isFree = (kind: 0 | 1 | 2, place: number): boolean => {
    if (place - (drawnAt[kind] ?? 0) < 2 * size) return false; // many at one spot are one mark
    drawnAt[kind] = place;
    return true;
  };
  for (let i = first; i < end; i++) {
    const bits = curve.broken?.[i] ?? 0;
    if (bits === 0) continue;
    const place = toX(curve.x[i] ?? NaN);
    context.beginPath();
    if (bits & HAS_NAN && isFree(0, place)) {
      context.moveTo(place - size, bottom - size);
      context.lineTo(place + size, bottom + size);
      context.moveTo(place + size, bottom - size);
      context.lineTo(place - size, bottom + size);
      context.stroke();
    }
    context.beginPath();
    if (bits & HAS_PLUS_INFINITY && isFree(1, place)) triangle(context, place, top, size, -1);
    if (bits & HAS_MINUS_INFINITY && isFree(2, place)) triangle(context, place, bottom, size, 1);
    context.fill();
  }
  context.globalAlpha = 1;
}

function triangle(context: CanvasRenderingContext2D, x: number, y: number, size: number, direction: 1 | -1): void {
  context.moveTo(x, y + size * direction);
  context.lineTo(x - size, y - size * direction);
  context.lineTo(x + size, y - size * direction);
  context.closePath();
}
