/** Where a table's rows and columns lie. Pure functions; lengths are CSS pixels. */
import type { TableColumn } from "@/api/schema";
import type { RowHeight } from "@/state/tables/settings";
import { cellText, isMediaColumn } from "@/media/table/cells";

export const ROW_PX: Readonly<Record<RowHeight, number>> = { small: 28, medium: 84, large: 168 };
export const HEAD_PX = 30;
export const NARROWEST = 44;
const WIDEST_BY_CONTENT = 340;
const WIDEST = 2000;
const PADDING = 20;
const SORT_MARK = 26;
const LOOKED_AT = 60;
/** Browsers cut elements at about 17 to 33 million px. */
const TALLEST_PX = 12_000_000;

export interface Lane {
  column: TableColumn;
  /** Where its cells are in a row. */
  at: number;
  left: number;
  width: number;
}

/** Width of a column that shows its title and, mostly, its values. `measure` gives the width of a text. */
export function contentWidth(column: TableColumn, values: readonly unknown[], rowPx: number, measure: (text: string) => number): number {
  const title = measure(column.name) + PADDING + SORT_MARK;
  if (isMediaColumn(column)) return Math.round(Math.min(WIDEST_BY_CONTENT, Math.max(title, mediaWidth(column.type, rowPx))));
  let widest = 0;
  for (const value of values.slice(0, LOOKED_AT)) {
    const text = cellText(value, column);
    if (isFraction(value)) widest = Math.max(widest, measure(WIDE_FRACTION));
    widest = Math.max(widest, measure(text.length > 120 ? text.slice(0, 120) : text));
  }
  return Math.round(Math.min(WIDEST_BY_CONTENT, Math.max(NARROWEST, title, widest + PADDING)));
}

/** Six digits behind a sign and a zero: of fractions those of other steps and runs, for which nothing is measured again. */
const WIDE_FRACTION = "−0.0123456";

function isFraction(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && !Number.isInteger(value);
}

function mediaWidth(kind: string, rowPx: number): number {
  if (kind === "text" || kind === "html") return Math.max(260, rowPx * 1.8);
  if (kind === "audio") return Math.max(170, rowPx * 1.8);
  const wide = kind === "image" || kind === "object3d" || kind === "molecule" ? 1.35 : 1.8;
  return Math.max(110, rowPx * wide + 8);
}

export function clampWidth(width: number): number {
  return Number.isFinite(width) ? Math.round(Math.min(WIDEST, Math.max(NARROWEST, width))) : 120;
}

/** The columns that are shown, one beside the other, from `start`. */
export function lanesOf(
  columns: readonly TableColumn[],
  hidden: readonly string[],
  widthOf: (column: TableColumn) => number,
  start: number,
): Lane[] {
  const lanes: Lane[] = [];
  let left = start;
  const isHidden = new Set(hidden);
  columns.forEach((column, at) => {
    if (isHidden.has(column.name)) return;
    const width = widthOf(column);
    lanes.push({ column, at, left, width });
    left += width;
  });
  return lanes;
}

/** First and last of the lanes that touch [from, to); last < first when none does. */
export function lanesIn(lanes: readonly Lane[], from: number, to: number): [number, number] {
  let first = 0;
  while (first < lanes.length && (lanes[first]?.left ?? 0) + (lanes[first]?.width ?? 0) <= from) first += 1;
  let last = first - 1;
  while (last + 1 < lanes.length && (lanes[last + 1]?.left ?? 0) < to) last += 1;
  return [first, last];
}

/** How tall the scrolled element is, and how many pixels of rows one of its pixels stands for. */
export function scrollSpace(rows: number, rowPx: number, bodyPx: number): { height: number; scale: number } {
  const all = rows * rowPx;
  if (all <= TALLEST_PX) return { height: all, scale: 1 };
  return { height: TALLEST_PX, scale: (all - bodyPx) / (TALLEST_PX - bodyPx) };
}

/**
 * Where the rows stand after the scroll bar moved from `before` to `now`. A wheel moves rows by just as many pixels,
 * however tall the table; a drag of the bar, which covers more than a screenful, goes to the place that it points at.
 */
export function topAfter(options: { top: number; before: number; now: number; scale: number; bodyPx: number; rowsPx: number }): number {
  const { top, before, now, scale, bodyPx, rowsPx } = options;
  const most = Math.max(0, rowsPx - bodyPx);
  if (scale === 1) return Math.min(most, Math.max(0, now));
  const end = (rowsPx - bodyPx) / scale;
  if (now <= 0) return 0;
  if (now >= end - 0.5) return most;
  const moved = now - before;
  return Math.min(most, Math.max(0, Math.abs(moved) <= bodyPx ? top + moved : now * scale));
}

/** Room for a media card in a cell: its own shape as large as fits, or all of the cell. */
export function cardBox(aspect: number | null, width: number, height: number): { width: number; height: number } {
  if (aspect === null || !Number.isFinite(aspect) || aspect <= 0) return { width, height };
  return aspect > width / height
    ? { width, height: Math.max(1, Math.round(width / aspect)) }
    : { width: Math.max(1, Math.round(height * aspect)), height };
}
