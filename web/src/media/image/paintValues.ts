/** The numbers behind a picture as pixels: for ranges and colour maps that the logged picture does not have. */
import { TONE_ENTRIES, type Tone, toneTable } from "@/lib/image/tone";
import type { Placement } from "@/lib/image/transform";
import { samplePositions } from "@/media/image/maskPixels";
import type { ValueGrid } from "@/media/image/values";

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
  const scale = ((TONE_ENTRIES - 1) / (tone.high - tone.low || 1)) * 2 ** tone.exposure;
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
            const entry = Math.max(0, Math.min(TONE_ENTRIES - 1, Math.round((Number(values[from + channel]) - tone.low) * scale))) * 3;
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
