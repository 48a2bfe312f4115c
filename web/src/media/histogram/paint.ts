/** Draws histograms: heat map over steps, ridge lines, bars. Lengths are CSS pixels; the context is scaled already. */
import { formatTicks } from "@/lib/text/axisFormat";
import { type Counted, type Span, columnEdges, countsInSlices, roundTicks, strengthOf } from "@/media/histogram/maths";

export interface Ink {
  text: string;
  line: string;
  surface: string;
  accent: string;
  /** Colours of the heat map from few to many. */
  ramp: readonly (readonly [number, number, number])[];
}

// Light to dark on paper, dark to light at night: more is always further from the background.
const LIGHT_RAMP = [[226, 238, 250], [160, 200, 235], [84, 148, 211], [40, 92, 173], [24, 42, 104], [13, 16, 48]] as const;
const DARK_RAMP = [[30, 42, 72], [38, 78, 140], [52, 126, 190], [104, 178, 204], [184, 218, 188], [250, 244, 190]] as const;

export function readInk(element: Element): Ink {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  const isDark = style.colorScheme.includes("dark") && !style.colorScheme.includes("light");
  return {
    text: token("--text-3"),
    line: token("--line"),
    surface: token("--surface"),
    accent: token("--accent"),
    ramp: isDark ? DARK_RAMP : LIGHT_RAMP,
  };
}

export interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
}

export function frameOf(width: number, height: number): Frame {
  return { left: 44, top: 6, width: Math.max(1, width - 52), height: Math.max(1, height - 26) };
}

const FONT = "11px system-ui, sans-serif";

function rampColor(ramp: Ink["ramp"], strength: number): [number, number, number] {
  const spot = Math.min(0.9999, Math.max(0, strength)) * (ramp.length - 1);
  const at = Math.floor(spot);
  const [a, b] = [ramp[at] as readonly number[], ramp[at + 1] as readonly number[]];
  const mix = (channel: number): number => (a[channel] as number) + ((b[channel] as number) - (a[channel] as number)) * (spot - at);
  return [mix(0), mix(1), mix(2)];
}

export interface HeatMap {
  steps: readonly number[];
  histograms: readonly Counted[];
  x: Span;
  y: Span;
  largest: number;
  isLog: boolean;
}

/** x = step, y = value, colour = count. Every column has the bins of its own step. */
export function paintHeatMap(context: CanvasRenderingContext2D, frame: Frame, map: HeatMap, ink: Ink, ratio: number): void {
  const columns = Math.max(1, Math.round(frame.width * ratio));
  const rows = Math.max(1, Math.round(frame.height * ratio));
  const pixels = new ImageData(columns, rows);
  const edges = columnEdges(map.steps);
  const scale = columns / (map.x.max - map.x.min);
  for (const [at, histogram] of map.histograms.entries()) {
    const from = Math.max(0, Math.round(((edges[at] as number) - map.x.min) * scale));
    const to = Math.min(columns, Math.max(from + 1, Math.round(((edges[at + 1] as number) - map.x.min) * scale)));
    const counts = countsInSlices(histogram, map.y, rows);
    for (let row = 0; row < rows; row++) {
      const count = counts[rows - 1 - row] as number;
      if (!(count > 0)) continue;
      const [red, green, blue] = rampColor(ink.ramp, strengthOf(count, map.largest, map.isLog));
      for (let column = from; column < to; column++) pixels.data.set([red, green, blue, 255], (row * columns + column) * 4);
    }
  }
  const sheet = new OffscreenCanvas(columns, rows);
  sheet.getContext("2d")?.putImageData(pixels, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(sheet, frame.left, frame.top, columns / ratio, rows / ratio);
  paintValueAxis(context, frame, map.y, ink);
  paintBottomAxis(context, frame, map.x, ink);
}

function paintValueAxis(context: CanvasRenderingContext2D, frame: Frame, y: Span, ink: Ink): void {
  const { ticks, step } = roundTicks(y, Math.max(2, frame.height / 22));
  const labels = formatTicks(ticks, step);
  context.font = FONT;
  context.fillStyle = ink.text;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const [at, tick] of ticks.entries()) {
    const top = frame.top + frame.height * (1 - (tick - y.min) / (y.max - y.min));
    context.fillText(labels[at] ?? "", frame.left - 6, Math.min(frame.top + frame.height - 4, Math.max(frame.top + 5, top)));
    context.fillRect(frame.left - 3, Math.round(top), 3, 1);
  }
}

function paintBottomAxis(context: CanvasRenderingContext2D, frame: Frame, x: Span, ink: Ink): void {
  const { ticks, step } = roundTicks(x, Math.max(2, frame.width / 70));
  const labels = formatTicks(ticks, step);
  context.font = FONT;
  context.fillStyle = ink.text;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const [at, tick] of ticks.entries()) {
    const left = frame.left + (frame.width * (tick - x.min)) / (x.max - x.min);
    if (left < frame.left - 1 || left > frame.left + frame.width + 1) continue;
    context.fillText(labels[at] ?? "", Math.min(frame.left + frame.width - 6, left), frame.top + frame.height + 6);
    context.fillRect(Math.round(left), frame.top + frame.height, 1, 3);
  }
}

/** A line where the clock stands. */
export function paintClock(context: CanvasRenderingContext2D, frame: Frame, x: Span, step: number, color: string): void {
  if (step < x.min || step > x.max) return;
  const left = Math.round(frame.left + (frame.width * (step - x.min)) / (x.max - x.min)) + 0.5;
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(left, frame.top);
  context.lineTo(left, frame.top + frame.height);
  context.stroke();
  context.setLineDash([]);
}

export interface Ridge {
  step: number;
  histogram: Counted;
}

/** The base line of each ridge, from the oldest at the top to the newest at the bottom. */
export function ridgeBases(frame: Frame, count: number): number[] {
  const room = frame.height * (count > 1 ? 0.72 : 0);
  return Array.from({ length: count }, (_, at) => frame.top + frame.height - room + (count > 1 ? (room * at) / (count - 1) : 0));
}

export function paintRidges(
  context: CanvasRenderingContext2D,
  frame: Frame,
  ridges: readonly Ridge[],
  x: Span,
  largest: number,
  color: string,
  ink: Ink,
  focus: number,
): void {
  const bases = ridgeBases(frame, ridges.length);
  const tall = frame.height * 0.27;
  for (const [at, { histogram }] of ridges.entries()) {
    const base = bases[at] as number;
    context.beginPath();
    context.moveTo(xOf(frame, x, histogram.bins[0] as number), base);
    for (const [bin, count] of histogram.values.entries()) {
      const height = base - (largest > 0 ? count / largest : 0) * tall;
      context.lineTo(xOf(frame, x, ((histogram.bins[bin] as number) + (histogram.bins[bin + 1] as number)) / 2), height);
    }
    context.lineTo(xOf(frame, x, histogram.bins.at(-1) as number), base);
    context.fillStyle = ink.surface;
    context.globalAlpha = 0.82; // the ridge in front hides most of the one behind
    context.fill();
    context.globalAlpha = at === focus ? 1 : 0.35 + (0.5 * (at + 1)) / ridges.length;
    context.strokeStyle = at === focus ? ink.accent : color;
    context.lineWidth = at === focus ? 2 : 1;
    context.stroke();
    context.globalAlpha = 1;
  }
  const labelled = [0, ridges.length - 1].filter((at, index) => index === 0 || at > 0);
  context.font = FONT;
  context.fillStyle = ink.text;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const at of labelled) {
    const ridge = ridges[at];
    if (ridge) {
      context.fillText(formatTicks([ridge.step], Math.max(1, ridge.step / 100))[0] ?? "", frame.left - 6, (bases[at] as number) - 3);
    }
  }
  paintBottomAxis(context, frame, x, ink);
}

export interface BarSet {
  histogram: Counted;
  color: string;
}

/** One histogram as bars; several as outlines over one another. */
export function paintBars(
  context: CanvasRenderingContext2D,
  frame: Frame,
  sets: readonly BarSet[],
  x: Span,
  largest: number,
  ink: Ink,
  focusBin: number,
  hasAxes: boolean,
): void {
  for (const { histogram, color } of sets) {
    context.fillStyle = color;
    context.strokeStyle = color;
    context.lineWidth = 1.5;
    const outline = new Path2D();
    for (const [bin, count] of histogram.values.entries()) {
      const left = xOf(frame, x, histogram.bins[bin] as number);
      const right = xOf(frame, x, histogram.bins[bin + 1] as number);
      const height = largest > 0 ? (frame.height * count) / largest : 0;
      const top = frame.top + frame.height - height;
      const gap = right - left > 3 && sets.length === 1 ? 1 : 0;
      context.globalAlpha = sets.length > 1 ? 0.12 : bin === focusBin ? 1 : 0.75;
      if (count > 0) {
        context.fillRect(left, Math.min(top, frame.top + frame.height - 1), Math.max(0.5, right - left - gap), Math.max(1, height));
      }
      if (bin === 0) outline.moveTo(left, frame.top + frame.height);
      outline.lineTo(left, top);
      outline.lineTo(right, top);
      if (bin === histogram.values.length - 1) outline.lineTo(right, frame.top + frame.height);
    }
    context.globalAlpha = 1;
    if (sets.length > 1) context.stroke(outline);
  }
  if (!hasAxes) return;
  context.fillStyle = ink.line;
  context.fillRect(frame.left, frame.top + frame.height, frame.width, 1);
  paintBottomAxis(context, frame, x, ink);
  paintValueAxis(context, frame, { min: 0, max: Math.max(1, largest) }, ink);
}

export function xOf(frame: Frame, x: Span, value: number): number {
  return frame.left + (frame.width * (value - x.min)) / (x.max - x.min);
}

export function valueFromX(frame: Frame, x: Span, at: number): number {
  return x.min + ((x.max - x.min) * (at - frame.left)) / frame.width;
}
