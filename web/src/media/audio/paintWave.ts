/** Draws outlines: one lane for each channel, what was played in the accent colour. Lengths are CSS pixels. */
import { type Lane, columnsOf } from "@/media/audio/outline";

export interface WaveInk {
  played: string;
  rest: string;
  line: string;
}

export interface WavePlace {
  left: number;
  top: number;
  width: number;
  height: number;
}

export function readWaveInk(element: Element): WaveInk {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return { played: token("--accent"), rest: token("--text-3"), line: token("--line") };
}

/** The stretch from `start` to `end` (shares of the whole); `played`: up to which share it has the accent colour. */
export function paintWave(
  context: CanvasRenderingContext2D,
  place: WavePlace,
  lanes: readonly Lane[],
  range: { start: number; end: number },
  played: number,
  top: number,
  ink: WaveInk,
): void {
  const columns = Math.max(1, Math.floor(place.width));
  const height = place.height / Math.max(1, lanes.length);
  for (const [at, lane] of lanes.entries()) {
    const middle = place.top + height * (at + 0.5);
    const reach = (height / 2 - 1) / top;
    context.fillStyle = ink.line;
    context.fillRect(place.left, middle - 0.5, place.width, 1);
    const { lows, highs } = columnsOf(lane, range.start, range.end, columns);
    const edge = Math.round(((played - range.start) / (range.end - range.start)) * columns);
    for (const [color, from, to] of [
      [ink.played, 0, edge],
      [ink.rest, edge, columns],
    ] as const) {
      context.fillStyle = color;
      for (let column = Math.max(0, from); column < Math.min(columns, to); column++) {
        // Neighbours touch: where there are fewer samples than columns, or steep ones, the line stays whole.
        const before = Math.max(0, column - 1);
        const high = middle - Math.max(highs[column] as number, lows[before] as number) * reach;
        const low = middle - Math.min(lows[column] as number, highs[before] as number) * reach;
        context.fillRect(place.left + column, high - 0.4, 1, Math.max(0.8, low - high + 0.8));
      }
    }
  }
}
