/**
 * Colours a mask for the screen on the processor: the reference for the shader in `maskGl.ts`, and what draws where
 * the graphics card is missing. For every device pixel: which class lies under it, and which colour that class has.
 */
import { type Rgb, rgbOf } from "@/lib/image/classColors";
import type { Placement } from "@/lib/image/transform";

export interface IdGrid {
  width: number;
  height: number;
  values: Uint8Array | Uint16Array | Uint32Array;
}

/** A colour for each class id: four bytes (r, g, b, a) each; ids beyond it are not drawn. */
export type ColorTable = Uint8Array;

export interface MaskPaint {
  ids: IdGrid;
  colors: ColorTable;
  /** 0 to 1 */
  opacity: number;
  /** null fills; else the width of the outline in device pixels. */
  outline: number | null;
}

/** Below this scale one device pixel covers so many ids that picking one of them looks ragged. */
const SUPERSAMPLE_BELOW = 0.75;

export function samplesAcross(scale: number): 1 | 2 {
  return scale < SUPERSAMPLE_BELOW ? 2 : 1;
}

export function colorTable(size: number, colorOfId: (id: number) => string | null): ColorTable {
  const table = new Uint8Array(size * 4);
  for (let id = 0; id < size; id++) {
    const color = colorOfId(id);
    if (color === null) continue;
    const [red, green, blue]: Rgb = rgbOf(color);
    table.set([red, green, blue, 255], id * 4);
  }
  return table;
}

/**
 * Fill `out` (r, g, b, a; not premultiplied; `width` × `height` device pixels) with the mask.
 * `placement` is in device pixels of a mask pixel: tile point = mask point × scale + (x, y), per axis.
 */
export function paintMask(
  out: Uint8ClampedArray,
  width: number,
  height: number,
  mask: MaskPaint,
  across: Placement,
  down: Placement,
): void {
  const { ids, colors, outline } = mask;
  const columns = samplePositions(width, across.scale, across.x, ids.width);
  const rows = samplePositions(height, down.scale, down.y, ids.height);
  const samples = columns.samples * rows.samples;
  const opacity = Math.round(mask.opacity * 255);
  const known = colors.length / 4;
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
          const id = ids.values[row * ids.width + column] as number;
          if (id >= known || colors[id * 4 + 3] === 0) continue;
          if (outline !== null && !isEdge(ids, id, x, y, outline, across, down)) continue;
          red += colors[id * 4] as number;
          green += colors[id * 4 + 1] as number;
          blue += colors[id * 4 + 2] as number;
          hits++;
        }
      }
      if (hits === 0) continue;
      const to = (y * width + x) * 4;
      out[to] = red / hits;
      out[to + 1] = green / hits;
      out[to + 2] = blue / hits;
      out[to + 3] = (opacity * hits) / samples;
    }
  }
}

/** Whether another id lies within `outline` device pixels, on one of eight sides. The picture's border is no edge. */
function isEdge(ids: IdGrid, id: number, x: number, y: number, outline: number, across: Placement, down: Placement): boolean {
  for (let step = 0; step < 8; step++) {
    const angle = (step * Math.PI) / 4;
    const column = Math.floor((x + 0.5 + Math.cos(angle) * outline - across.x) / across.scale);
    const row = Math.floor((y + 0.5 + Math.sin(angle) * outline - down.y) / down.scale);
    if (column < 0 || row < 0 || column >= ids.width || row >= ids.height) continue;
    if (ids.values[row * ids.width + column] !== id) return true;
  }
  return false;
}

export interface Positions {
  samples: 1 | 2;
  /** For each sample the index in the mask, -1 beside it. */
  at: Int32Array;
}

export function samplePositions(length: number, scale: number, offset: number, side: number): Positions {
  const samples = samplesAcross(scale);
  const at = new Int32Array(length * samples);
  for (let i = 0; i < at.length; i++) {
    const spot = Math.floor(((i + 0.5) / samples - offset) / scale);
    at[i] = spot >= 0 && spot < side ? spot : -1;
  }
  return { samples, at };
}
