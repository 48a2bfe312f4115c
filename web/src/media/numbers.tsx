/** How logged numbers became pixels, in words and on the tile. */
import type { JSX } from "preact";
import { numberOf } from "@/lib/text/numbers";

export const NORMALIZED: Readonly<Record<string, string>> = {
  unit: "values × 255 (they lay in 0 to 1)",
  signed: "(value + 1) × 127.5 (they lay in −1 to 1)",
  deep: "values ÷ 257 (16 bits)",
  clip: "values cut to 0 to 255",
  minmax: "stretched: the least is black, the greatest white",
  percentile: "1st to 99th percentile, the rest cut",
  none: "kept as logged",
};

type Range = readonly [unknown, unknown] | null | undefined;

/** "−2.12 to 2.64": the values that are shown black and white; undefined where the rule says it. */
export function rangeText(range: Range, digits = 5): string | undefined {
  return range ? range.map((value) => shortNumber(numberOf(value) ?? NaN, digits)).join(" to ") : undefined;
}

/** Integers of seven digits at most in full, all else with a few digits. */
export function shortNumber(value: number, digits = 5): string {
  const isShort = Number.isInteger(value) && Math.abs(value) < 1e7;
  return String(isShort ? value : Number(value.toPrecision(digits))).replace("-", "−");
}

/** On a tile whose numbers were stretched: without it two tiles of one grey could not be told apart. */
export function RangeMark({ range }: { range: Range }): JSX.Element | null {
  const text = rangeText(range, 3);
  return text === undefined ? null : <span class="media-range">{text}</span>;
}
