/** Box geometry: every form and domain to a rectangle in the picture's pixels. Pure functions. */
import type { BoxRecord, KeypointRecord, PolygonRecord } from "@/api/schema";
import type { Point, Size } from "@/lib/image/transform";
import { numberOf } from "@/lib/text/numbers";

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The box in pixels of the picture: (0, 0) is the upper left corner of the first pixel, not its middle. */
export function rectOfBox(box: BoxRecord, picture: Size): Rect {
  const across = box.domain === "pixel" ? 1 : picture.width;
  const down = box.domain === "pixel" ? 1 : picture.height;
  const [a, b, c, d] = box.position.map((value) => numberOf(value) ?? NaN) as [number, number, number, number];
  if (box.form === "corners") {
    const [left, right, top, bottom] = [Math.min(a, b), Math.max(a, b), Math.min(c, d), Math.max(c, d)];
    return { x: left * across, y: top * down, width: (right - left) * across, height: (bottom - top) * down };
  }
  const [width, height] = [Math.abs(c), Math.abs(d)];
  return { x: (a - width / 2) * across, y: (b - height / 2) * down, width: width * across, height: height * down };
}

export function isDrawable(rect: Rect): boolean {
  return [rect.x, rect.y, rect.width, rect.height].every(Number.isFinite);
}

export function isInside(rect: Rect, at: Point): boolean {
  return at.x >= rect.x && at.y >= rect.y && at.x <= rect.x + rect.width && at.y <= rect.y + rect.height;
}

/** What has scores and a caption. */
export type Scored = BoxRecord | PolygonRecord | KeypointRecord;

export type ScoreRange = readonly [min: number | null, max: number | null];

/**
 * Whether the box passes every threshold. A box that lacks a score is not judged by it: ground truth has none,
 * and would vanish as soon as the detections beside it are filtered.
 */
export function passesScores(box: Scored, ranges: Readonly<Record<string, ScoreRange>>): boolean {
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const score = numberOf(box.scores?.[name]);
    if (score === undefined) continue;
    if (Number.isNaN(score) || (min !== null && score < min) || (max !== null && score > max)) return false;
  }
  return true;
}

export interface ScoreStats {
  name: string;
  /** Ends of the slider: 0 to 1 when all scores lie there. */
  min: number;
  max: number;
  count: number;
  bins: number[];
}

const SCORE_BINS = 40;

/** A histogram for each score name that occurs in the boxes. */
export function scoreStats(boxes: Iterable<Scored>): ScoreStats[] {
  const scoresByName = new Map<string, number[]>();
  for (const box of boxes) {
    for (const [name, value] of Object.entries(box.scores ?? {})) {
      const score = numberOf(value);
      if (score === undefined || !Number.isFinite(score)) continue;
      const scores = scoresByName.get(name);
      if (scores) scores.push(score);
      else scoresByName.set(name, [score]);
    }
  }
  return [...scoresByName].map(([name, scores]) => {
    let least = Infinity;
    let most = -Infinity;
    for (const score of scores) {
      least = Math.min(least, score);
      most = Math.max(most, score);
    }
    const isShare = least >= 0 && most <= 1;
    const min = isShare ? 0 : least;
    const max = isShare ? 1 : most > least ? most : least + 1;
    const bins = new Array<number>(SCORE_BINS).fill(0);
    for (const score of scores) {
      const at = Math.min(SCORE_BINS - 1, Math.floor(((score - min) / (max - min)) * SCORE_BINS));
      bins[at] = (bins[at] ?? 0) + 1;
    }
    return { name, min, max, count: scores.length, bins };
  });
}

/** "Car 0.85", or the box's own caption. */
export function captionOfBox(box: Scored, className: string | null): string {
  if (box.caption) return box.caption;
  const scores = Object.entries(box.scores ?? {});
  const first = numberOf(scores[0]?.[1]);
  return [className, first === undefined ? null : shortScore(first)].filter((part) => part !== null).join(" ");
}

export function shortScore(score: number): string {
  if (!Number.isFinite(score)) return String(score);
  return Math.abs(score) <= 1 ? score.toFixed(2) : Number(score.toPrecision(3)).toString();
}

/**
 * Where labels go so that none lies over another: above the box, else inside its top edge, else below it; a label
 * that fits nowhere is left out (its box stays, and hovering names it).
 */
export function placeLabels(wanted: readonly { box: Rect; label: Size }[], tile: Size, reserved: readonly Rect[] = []): (Point | null)[] {
  const taken: Rect[] = [...reserved];
  return wanted.map(({ box, label }) => {
    if (label.width > tile.width) return null;
    const x = Math.max(0, Math.min(box.x, tile.width - label.width));
    for (const y of [box.y - label.height, box.y, box.y + box.height]) {
      const place = { x, y, width: label.width, height: label.height };
      if (y < 0 || y + label.height > tile.height || taken.some((other) => overlap(place, other))) continue;
      taken.push(place);
      return { x, y };
    }
    return null;
  });
}

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
