/** How wide the columns of a table are: by their content when they are first seen, by hand after that. */
import { type Signal, signal } from "@preact/signals";
import type { TableColumn } from "@/api/schema";
import { isMediaColumn } from "@/media/table/cells";
import { clampWidth, contentWidth } from "@/media/table/geometry";

type Widths = Readonly<Record<string, number>>;

const byHand = new Map<string, Signal<Widths>>();
const byContent = new Map<string, Map<string, number>>();
let context: CanvasRenderingContext2D | null | undefined;

/** Widths that a person dragged, of all tables of a place. */
export function draggedWidths(place: string): Signal<Widths> {
  let found = byHand.get(place);
  if (!found) byHand.set(place, (found = signal<Widths>({})));
  return found;
}

export function setWidth(place: string, column: string, width: number | null): void {
  const rest: Widths = Object.fromEntries(Object.entries(draggedWidths(place).peek()).filter(([name]) => name !== column));
  if (width === null) byContent.get(place)?.delete(column); // measured again
  draggedWidths(place).value = width === null ? rest : { ...rest, [column]: clampWidth(width) };
}

/** A column's width; `values` are looked at only when it was never measured, so that it stays over steps. */
export function widthOf(place: string, column: TableColumn, rowPx: number, values: () => readonly unknown[]): number {
  const widths = draggedWidths(place).value;
  const dragged = Object.hasOwn(widths, column.name) ? widths[column.name] : undefined;
  if (dragged !== undefined) return dragged;
  if (isMediaColumn(column)) return contentWidth(column, [], rowPx, measureText);
  let known = byContent.get(place);
  if (!known) byContent.set(place, (known = new Map()));
  const before = known.get(column.name);
  if (before !== undefined) return before;
  const seen = values();
  const width = contentWidth(column, seen, rowPx, measureText);
  if (seen.length > 0) known.set(column.name, width);
  return width;
}

function measureText(text: string): number {
  if (context === undefined) {
    context = document.createElement("canvas").getContext("2d");
    if (context) context.font = `${getComputedStyle(document.body).fontWeight} 13px ${getComputedStyle(document.body).fontFamily}`;
  }
  return context ? context.measureText(text).width * 1.04 : text.length * 7;
}
