/** The keys of a table: they walk from cell to cell, copy and open. */
import type { TargetedKeyboardEvent } from "preact";
import { copyText } from "@/lib/browser/clipboard";
import { cellExact } from "@/media/table/cells";
import type { Lane } from "@/media/table/geometry";
import type { CellPlace, TableModel } from "@/state/tables/model";
import type { Scope } from "@/state/scope";

interface Walk {
  model: TableModel;
  lanes: readonly Lane[];
  count: number;
  rowPx: number;
  pageRows: number;
}

export function handleGridKey(scope: Scope, event: TargetedKeyboardEvent<HTMLDivElement>, walk: Walk): void {
  const { model, lanes, count, rowPx, pageRows } = walk;
  const { showCell } = scope.tables;
  if (event.target !== event.currentTarget || event.altKey || count === 0 || lanes.length === 0) return;
  const now = model.focus.peek();
  const isMod = event.ctrlKey || event.metaKey;
  const take = (): void => {
    event.preventDefault();
    event.stopPropagation();
  };
  if (isMod && event.key.toLowerCase() === "c" && now) {
    if (getSelection()?.isCollapsed === false) return; // marked text: the browser copies it
    const row = model.shown.peek()?.row(now.row);
    const lane = lanes[now.column];
    if (row && lane) void copyText(cellExact(row.cells[lane.at]));
    take();
    return;
  }
  const at = now ?? { row: Math.ceil(model.top / rowPx), column: 0 };
  const end = { row: count - 1, column: lanes.length - 1 };
  const moves: Record<string, CellPlace> = isMod
    ? {
        Home: { row: 0, column: 0 },
        End: end,
        ArrowUp: { row: 0, column: at.column },
        ArrowDown: { row: end.row, column: at.column },
        ArrowLeft: { row: at.row, column: 0 },
        ArrowRight: { row: at.row, column: end.column },
      }
    : {
        ArrowUp: { row: at.row - 1, column: at.column },
        ArrowDown: { row: at.row + 1, column: at.column },
        ArrowLeft: { row: at.row, column: at.column - 1 },
        ArrowRight: { row: at.row, column: at.column + 1 },
        Home: { row: at.row, column: 0 },
        End: { row: at.row, column: end.column },
        PageUp: { row: at.row - pageRows, column: at.column },
        PageDown: { row: at.row + pageRows, column: at.column },
      };
  const to = moves[event.key];
  if (to) {
    take();
    const next = now || event.key === "Home" || event.key === "End" ? to : at;
    model.focus.value = { row: Math.max(0, Math.min(end.row, next.row)), column: Math.max(0, Math.min(end.column, next.column)) };
    return;
  }
  if (event.key === "Enter" && now) {
    take();
    showCell({ model, ...now });
  }
}
