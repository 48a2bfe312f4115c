/** One row of a table. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { isImage } from "@/lib/image/isImage";
import { TableCell } from "@/media/table/TableCell";
import { isNumberColumn } from "@/media/table/cells";
import type { Lane } from "@/media/table/geometry";
import type { CellPlace, TableModel } from "@/state/tables/model";
import type { TableRow } from "@/state/tables/pages";
import type { ShownItem } from "@/state/media/tile";
import { useScope } from "@/state/scope";

export function cellId(id: string, { row, column }: CellPlace): string {
  return `cell-${id}-${row}-${column}`;
}

/** Pictures in cells have numbers that no tile has. */
const FIRST_INDEX = 1_000_000;
const COLUMNS_MOST = 1_000;

function reportAs({ shownAs }: TableModel, { row, column }: CellPlace, record: unknown): ShownItem | undefined {
  return shownAs && isImage(record) ? { ...shownAs, index: FIRST_INDEX + row * COLUMNS_MOST + column, item: record } : undefined;
}

interface BodyRowProps {
  index: number;
  row: TableRow | undefined;
  lanes: readonly Lane[];
  /** All of `lanes` as a text, to compare them by. */
  layout: string;
  pinned: Lane | null;
  rowPx: number;
  gutterPx: number;
  width: number;
  model: TableModel;
  id: string;
  firstColumn: number;
  focusColumn: number;
}

export function BodyRow(props: BodyRowProps): JSX.Element {
  const { showCell } = useScope().tables;
  const { index, row, lanes, layout, pinned, rowPx, gutterPx, width, model, id, firstColumn, focusColumn } = props;
  const kept = useRef<{ deps: unknown[]; element: JSX.Element } | null>(null);
  const deps = [row?.cells, row?.number, layout, pinned?.column.name, pinned?.width, rowPx, gutterPx, width, focusColumn, firstColumn];
  // The same element again is not compared again: while the table scrolls most rows stay what they are.
  if (kept.current?.deps.every((dep, at) => dep === deps[at])) return kept.current.element;
  const cellOf = (lane: Lane, column: number): JSX.Element => {
    const isPinned = lane === pinned;
    const place = { row: index, column };
    const look = [isPinned ? " tv-pinned" : "", isNumberColumn(lane.column) ? " tv-right" : "", focusColumn === column ? " tv-focus" : ""];
    const open = (): void => {
      model.focus.value = place;
      showCell({ model, ...place });
    };
    return (
      <div
        key={lane.column.name}
        id={cellId(id, place)}
        class={`tv-cell${look.join("")}`}
        role="gridcell"
        aria-colindex={column + 2}
        style={{ width: `${lane.width}px`, left: `${isPinned ? gutterPx : lane.left}px` }}
        onPointerDown={() => (model.focus.value = place)}
        onDblClick={row && open}
      >
        {row ? (
          <TableCell
            value={row.cells[lane.at]}
            column={lane.column}
            width={lane.width}
            height={rowPx}
            onOpen={open}
            reportAs={(record) => reportAs(model, place, record)}
          />
        ) : (
          <span class="tv-wait" />
        )}
      </div>
    );
  };
  const element = (
    <div class="tv-row" role="row" aria-rowindex={index + 2} style={{ height: `${rowPx}px`, width: `${width}px` }}>
      <div class="tv-cell tv-gutter" role="rowheader" style={{ width: `${gutterPx}px` }}>
        {row ? row.number.toLocaleString("en-US") : ""}
      </div>
      {pinned && cellOf(pinned, 0)}
      {lanes.map((lane, at) => cellOf(lane, firstColumn + at))}
    </div>
  );
  kept.current = { deps, element };
  return element;
}
