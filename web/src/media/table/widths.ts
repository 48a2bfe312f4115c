/** How wide the columns of a table are: by their content when they are first seen, by hand after that. */
import { type Signal, signal } from "@preact/signals";
import type { TableColumn } from "@/api/schema";
import { Recent } from "@/lib/recent";
import { isMediaColumn } from "@/media/table/cells";
import { clampWidth, contentWidth } from "@/media/table/geometry";
import { scopePart } from "@/state/scope";

type Widths = Readonly<Record<string, number>>;

const PLACES_KEPT = 500;

export const tableWidths = scopePart(() => {
  const byHand = new Recent<string, Signal<Widths>>({ limit: PLACES_KEPT });
  const byContent = new Recent<string, Map<string, number>>({ limit: PLACES_KEPT });

  /** Widths that a person dragged, of all tables of a place. */
  function draggedWidths(place: string): Signal<Widths> {
    return byHand.getOrMake(place, () => signal<Widths>({}));
  }

  function setWidth(place: string, column: string, width: number | null): void {
    const rest: Widths = Object.fromEntries(Object.entries(draggedWidths(place).peek()).filter(([name]) => name !== column));
    if (width === null) byContent.get(place)?.delete(column); // measured again
    draggedWidths(place).value = width === null ? rest : { ...rest, [column]: clampWidth(width) };
  }

  /** A column's width; `values` are looked at only when it was never measured, so that it stays over steps. */
  function widthOf(place: string, column: TableColumn, rowPx: number, values: () => readonly unknown[]): number {
    const widths = draggedWidths(place).value;
    const dragged = Object.hasOwn(widths, column.name) ? widths[column.name] : undefined;
    if (dragged !== undefined) return dragged;
    if (isMediaColumn(column)) return contentWidth(column, [], rowPx, measureText);
    const known = byContent.getOrMake(place, () => new Map());
    const before = known.get(column.name);
    if (before !== undefined) return before;
    const seen = values();
    const width = contentWidth(column, seen, rowPx, measureText);
    if (seen.length > 0) known.set(column.name, width);
    return width;
  }

  return { setWidth, widthOf };
});

let context: CanvasRenderingContext2D | null | undefined;

function measureText(text: string): number {
  if (context === undefined) {
    context = document.createElement("canvas").getContext("2d");
    if (context) context.font = `${getComputedStyle(document.body).fontWeight} 13px ${getComputedStyle(document.body).fontFamily}`;
  }
  return context ? context.measureText(text).width * 1.04 : text.length * 7;
}
