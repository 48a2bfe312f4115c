/** How tall a table's tile is: as its rows ask, but never so low that there is nothing to read, nor taller than half a page. */
import type { TableColumn } from "@/api/schema";
import { isMediaColumn } from "@/media/table/cells";
import { HEAD_PX, ROW_PX } from "@/media/table/geometry";

const TOOLS_PX = 38;
const BAR_PX = 14;
const LEAST = 140;
const MOST = 420;

export function tableHeight(rows: number, columns: readonly TableColumn[]): number {
  const rowPx = columns.some(isMediaColumn) ? ROW_PX.medium : ROW_PX.small;
  return Math.min(MOST, Math.max(LEAST, TOOLS_PX + HEAD_PX + BAR_PX + rows * rowPx));
}
