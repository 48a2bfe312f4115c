/**
 * How pictures of more than 8 bits are looked at in the full view: range, exposure, gamma, colour map. One look for the
 * page, in the URL.
 */
import type { Signal } from "@preact/signals";
import type { ImageRecord } from "@/api/schema";
import { COLOR_MAPS, type ColorMap, type Tone } from "@/lib/image/tone";
import { numberOf } from "@/lib/text/numbers";
import type { MakeUrlSignal } from "@/state/page/url";

/** "picture": the 8 bits that were made when it was logged. "full": least to greatest. "middle": 1st to 99th percentile. */
export type LookRange = "picture" | "full" | "middle" | readonly [low: number, high: number];

export interface ImageLook {
  range: LookRange;
  exposure: number;
  gamma: number;
  map: ColorMap;
}

export const DEFAULT_LOOK: ImageLook = { range: "picture", exposure: 0, gamma: 1, map: "grey" };
export const EXPOSURE_LIMIT = 10;
export const GAMMA_LIMITS = [0.2, 5] as const;

/** "full", "0.5~2", "full*e1.5*g2.2*viridis" */
export function formatLook({ range, exposure, gamma, map }: ImageLook): string {
  const parts = [typeof range === "string" ? range : range.join("~")];
  if (exposure !== 0) parts.push(`e${exposure}`);
  if (gamma !== 1) parts.push(`g${gamma}`);
  if (map !== "grey") parts.push(map);
  return parts.join("*");
}

export function parseLook(text: string): ImageLook | undefined {
  const [first = "", ...rest] = text.split("*");
  const look = { ...DEFAULT_LOOK };
  if (first === "picture" || first === "full" || first === "middle") look.range = first;
  else {
    const [low, high, more] = first.split("~").map(Number);
    if (low === undefined || high === undefined || more !== undefined || !Number.isFinite(low) || !Number.isFinite(high)) return undefined;
    look.range = [low, high];
  }
  for (const part of rest) {
    const value = Number(part.slice(1));
    if (part.startsWith("e") && Number.isFinite(value)) look.exposure = clamp(value, -EXPOSURE_LIMIT, EXPOSURE_LIMIT);
    else if (part.startsWith("g") && Number.isFinite(value)) look.gamma = clamp(value, ...GAMMA_LIMITS);
    else look.map = COLOR_MAPS.find((map) => map === part) ?? look.map;
  }
  return look;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** Least and greatest finite value of the picture; null where none is known. */
export function limitsOf({ original }: ImageRecord, range: "full" | "middle" = "full"): readonly [number, number] | null {
  const low = numberOf(range === "full" ? original?.low : original?.low_percentile);
  const high = numberOf(range === "full" ? original?.high : original?.high_percentile);
  return low === undefined || high === undefined || !Number.isFinite(low) || !Number.isFinite(high) ? null : [low, high];
}

/** Numbers that become black and white; null shows the picture that was made when it was logged. */
export function toneOf(record: ImageRecord, look: ImageLook): Tone | null {
  const isPlain = look.range === "picture";
  if (isPlain && look.exposure === 0 && look.gamma === 1 && look.map === "grey") return null;
  const range =
    look.range === "picture" ? pictureRange(record) : typeof look.range === "string" ? limitsOf(record, look.range) : look.range;
  const [low, high] = range ?? [0, 65_535];
  return { low, high, exposure: look.exposure, gamma: look.gamma, map: look.map };
}

/** The range that the picture's 8 bits stand for. */
export function pictureRange(record: ImageRecord): readonly [number, number] | null {
  const shown = record.shown_range?.map((value) => numberOf(value));
  if (shown?.[0] !== undefined && shown[1] !== undefined) return [shown[0], shown[1]];
  if ((record.mode ?? "").startsWith("I") && (record.format ?? "png") === "png") return [0, 65_535];
  if (record.normalized === "unit") return [0, 1];
  if (record.normalized === "signed") return [-1, 1];
  if (record.normalized === "clip") return [0, 255];
  if (record.normalized === "deep") return [0, 65_535];
  return record.original?.dtype.endsWith("2") && record.format === "png" ? [0, 65_535] : [0, 255];
}

interface ImageLookNeeds {
  urlSignal: MakeUrlSignal;
}

export function makeImageLook({ urlSignal }: ImageLookNeeds) {
  const imageLook: Signal<ImageLook> = urlSignal<ImageLook>("look", DEFAULT_LOOK, {
    parse: parseLook,
    format: formatLook,
    history: "replace",
  });

  function changeLook(change: Partial<ImageLook>): void {
    imageLook.value = { ...imageLook.peek(), ...change };
  }

  return { imageLook, changeLook };
}

export type ScopeImageLook = ReturnType<typeof makeImageLook>;
