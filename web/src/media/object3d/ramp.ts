/** A colour map for values: dark blue through green to yellow, even in lightness, so that equal steps look equal. */
import type { Rgb } from "@/lib/image/classColors";

/** Steps of the viridis map (public domain). */
const STOPS: readonly Rgb[] = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
];

/** 0 to 1 -> RGB, 0 to 255. */
export function rampColor(share: number): Rgb {
  const at = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * (STOPS.length - 1);
  const low = STOPS[Math.floor(at)] as Rgb;
  const high = STOPS[Math.min(STOPS.length - 1, Math.floor(at) + 1)] as Rgb;
  const part = at - Math.floor(at);
  return [0, 1, 2].map((channel) =>
    Math.round((low[channel] as number) + ((high[channel] as number) - (low[channel] as number)) * part),
  ) as unknown as Rgb;
}

/** RGBA texels of the whole map. */
export function rampTexels(width = 256): Uint8Array {
  const texels = new Uint8Array(width * 4);
  for (let at = 0; at < width; at++) texels.set([...rampColor(at / (width - 1)), 255], at * 4);
  return texels;
}

/** For a legend in CSS. */
export function rampGradient(): string {
  return `linear-gradient(to right, ${STOPS.map(([r, g, b]) => `rgb(${r} ${g} ${b})`).join(", ")})`;
}
