/** From numbers to the screen: a range becomes black to white, bent by exposure and gamma, in grey or by a colour map. */
import { rgbOf } from "@/lib/image/classColors";

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
/** Steps of a tone table. */
export const TONE_ENTRIES = 4096;

/** Share 0..1 in TONE_ENTRIES steps -> red, green, blue. */
export function toneTable(gamma: number, map: ColorMap): Uint8Array {
  const stops = STOPS[map].map(rgbOf);
  const table = new Uint8Array(TONE_ENTRIES * 3);
  for (let at = 0; at < TONE_ENTRIES; at++) {
    const share = (at / (TONE_ENTRIES - 1)) ** (1 / gamma);
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
