/** From numbers to the screen: a range becomes black to white, bent by exposure and gamma, in grey or by a colour map. */
import { rgbOf } from "@/media/image/palette";
import { samplePositions } from "@/media/image/maskPixels";
import type { Placement } from "@/media/image/transform";
import type { ValueGrid } from "@/media/image/values";

export const COLOR_MAPS = ["grey", "viridis", "turbo"] as const;
export type ColorMap = (typeof COLOR_MAPS)[number];

export interface Tone {
  low: number;
  high: number;
  /** Stops: each doubles the light. */
  exposure: number;
  gamma: number;
  map: ColorMap;
}

/** Colours from low to high; between them by straight lines. */
const STOPS: Readonly<Record<ColorMap, readonly string[]>> = {
  grey: ["#000000", "#ffffff"],
  viridis: ["#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"],
  turbo: [
    "#30123b",
    "#4454c4",
    "#4490fe",
    "#1fc8de",
    "#29efa2",
    "#7dff56",
    "#c1f334",
    "#f1ca3a",
    "#fe922a",
    "#ea4f0d",
    "#be2102",
    "#7a0403",
  ],
};
const ENTRIES = 4096;

/** Share 0..1 in ENTRIES steps -> red, green, blue. */
export function toneTable(gamma: number, map: ColorMap): Uint8Array {
  const stops = STOPS[map].map(rgbOf);
  const table = new Uint8Array(ENTRIES * 3);
  for (let at = 0; at < ENTRIES; at++) {
    const share = (at / (ENTRIES - 1)) ** (1 / gamma);
    const place = share * (stops.length - 1);
    const stop = Math.min(stops.length - 2, Math.floor(place));
    const [from, to] = [stops[stop], stops[stop + 1]];
    for (let channel = 0; channel < 3; channel++) {
      const start = from?.[channel] ?? 0;
      table[at * 3 + channel] = Math.round(start + ((to?.[channel] ?? 0) - start) * (place - stop));
    }
  }
  return table;
}

/**
 * Fill `out` (r, g, b, a; `width` × `height` device pixels) with the values. What is no number stays clear; a pixel of
 * the screen shows one value (or four, where many share it), never a mixture of values and what lies beside them.
 */
export function paintValues(
  out: Uint8ClampedArray,
  width: number,
  height: number,
  grid: ValueGrid,
  tone: Tone,
  across: Placement,
  down: Placement,
): void {
  const columns = samplePositions(width, across.scale, across.x, grid.width);
  const rows = samplePositions(height, down.scale, down.y, grid.height);
  const isGrey = grid.channels < 3;
  const table = toneTable(tone.gamma, isGrey ? tone.map : "grey");
  const scale = ((ENTRIES - 1) / (tone.high - tone.low || 1)) * 2 ** tone.exposure;
  const values = grid.values as ArrayLike<number | bigint>;
  const samples = columns.samples * rows.samples;
  const shown = isGrey ? 1 : 3;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let hits = 0;
      for (let sy = 0; sy < rows.samples; sy++) {
        const row = rows.at[y * rows.samples + sy] as number;
        if (row < 0) continue;
        for (let sx = 0; sx < columns.samples; sx++) {
          const column = columns.at[x * columns.samples + sx] as number;
          if (column < 0) continue;
          const from = (row * grid.width + column) * grid.channels;
          let isNumber = true;
          for (let channel = 0; channel < shown; channel++) isNumber &&= !Number.isNaN(Number(values[from + channel]));
          if (!isNumber) continue;
          hits++;
          for (let channel = 0; channel < shown; channel++) {
            const entry = Math.max(0, Math.min(ENTRIES - 1, Math.round((Number(values[from + channel]) - tone.low) * scale))) * 3;
            if (isGrey) {
              red += table[entry] as number;
              green += table[entry + 1] as number;
              blue += table[entry + 2] as number;
            } else if (channel === 0) red += table[entry] as number;
            else if (channel === 1) green += table[entry] as number;
            else blue += table[entry] as number;
          }
        }
      }
      if (hits === 0) continue;
      const to = (y * width + x) * 4;
      out[to] = red / hits;
      out[to + 1] = green / hits;
      out[to + 2] = blue / hits;
      out[to + 3] = (255 * hits) / samples;
    }
  }
}
