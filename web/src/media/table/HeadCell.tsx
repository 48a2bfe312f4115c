/** A column's head: click sorts, Shift-click sorts further, the edge drags, the arrow opens what can be done. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { TableSort } from "@/api/schema";
import { isMediaColumn, isNumberColumn, isSortable } from "@/media/table/cells";
import type { Lane } from "@/media/table/geometry";
import { Icon } from "@/parts/Icon";
import { Menu, type MenuItem } from "@/parts/Menu";
import { sortAfter } from "@/state/tables/settings";

export interface HeadCellProps {
  lane: Lane;
  index: number;
  isPinned: boolean;
  pinnedAt: number;
  sort: readonly TableSort[];
  onSort: (sort: TableSort[]) => void;
  onHide: (column: string) => void;
  onFilter: (column: string) => void;
  onWidth: (width: number | null) => void;
}

export function HeadCell({ lane, index, isPinned, pinnedAt, sort, onSort, onHide, onFilter, onWidth }: HeadCellProps): JSX.Element {
  const { column, width } = lane;
  const rank = sort.findIndex((one) => one.column === column.name);
  const isDown = sort[rank]?.is_descending === true;
  const canSort = isSortable(column);
  const shape = column.shape ? ` ${column.shape.join(" × ")}${column.dtype ? ` ${column.dtype}` : ""}` : "";
  const items: MenuItem[] = [
    ...(canSort
      ? [
          { label: "Sort up", icon: "chevronUp" as const, onSelect: () => onSort([{ column: column.name }]) },
          { label: "Sort down", icon: "chevronDown" as const, onSelect: () => onSort([{ column: column.name, is_descending: true }]) },
          ...(sort.length > 0 && rank < 0
            ? [
                {
                  label: "Then sort by it",
                  detail: "Shift-click",
                  icon: "sort" as const,
                  onSelect: () => onSort(sortAfter(sort, column.name, true)),
                },
              ]
            : []),
          ...(rank >= 0
            ? [
                {
                  label: "Do not sort by it",
                  icon: "close" as const,
                  onSelect: () => onSort(sort.filter((one) => one.column !== column.name)),
                },
              ]
            : []),
        ]
      : []),
    { label: "Filter by it", icon: "search", onSelect: () => onFilter(column.name) },
    { label: "Hide column", icon: "eyeOff", onSelect: () => onHide(column.name) },
    { label: "Fit the width", icon: "columns", onSelect: () => onWidth(null) },
  ];
  const sorting = canSort ? `\nClick sorts${isMediaColumn(column) ? " by captions" : ""}, Shift-click sorts further` : "";
  return (
    <div
      class={`tv-cell${isPinned ? " tv-pinned" : ""}${isNumberColumn(column) ? " tv-right" : ""}`}
      role="columnheader"
      aria-colindex={index + 2}
      aria-sort={rank < 0 ? "none" : isDown ? "descending" : "ascending"}
      style={{ width: `${width}px`, left: `${isPinned ? pinnedAt : lane.left}px` }}
    >
      <button
        type="button"
        class="tv-sort"
        tabIndex={-1}
        disabled={!canSort}
        title={`${column.name}\n${column.type}${shape}${column.is_key ? ", the key" : ""}${sorting}`}
        onClick={(event) => onSort(sortAfter(sort, column.name, event.shiftKey))}
      >
        <span class="truncate">{column.name === "" ? "(no name)" : column.name}</span>
        {rank >= 0 && <Icon name={isDown ? "chevronDown" : "chevronUp"} size={12} />}
        {rank >= 0 && sort.length > 1 && <span class="tv-rank">{rank + 1}</span>}
      </button>
      <span class="tv-menu">
        <Menu label={`What to do with ${column.name}`} icon="chevronDown" items={items} align="end" />
      </span>
      <WidthHandle width={width} name={column.name} onWidth={onWidth} />
    </div>
  );
}

function WidthHandle({ width, name, onWidth }: { width: number; name: string; onWidth: (width: number | null) => void }): JSX.Element {
  const from = useRef<{ x: number; width: number } | null>(null);
  return (
    <span
      class="tv-handle"
      role="separator"
      aria-label={`Width of ${name}`}
      title="Drag for the width; double-click fits it"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => {
        if (from.current) onWidth(from.current.width + event.clientX - from.current.x);
      }}
      onPointerUp={() => (from.current = null)}
      onPointerCancel={() => (from.current = null)}
      onDblClick={(event) => {
        event.stopPropagation();
        onWidth(null);
      }}
    />
  );
}
