/** The rows of a table: only those in sight are mounted, and of them only the columns in sight. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { TableSort } from "@/api/schema";
import { requestFrame } from "@/lib/browser/animationFrame";
import { BodyRow, cellId } from "@/media/table/BodyRow";
import { HeadCell } from "@/media/table/HeadCell";
import { HEAD_PX, type Lane, lanesIn, scrollSpace, topAfter } from "@/media/table/geometry";
import { handleGridKey } from "@/media/table/gridKeys";
import { tableWidths } from "@/media/table/widths";
import type { TableModel } from "@/state/tables/model";
import { useScope } from "@/state/scope";

export interface TableGridProps {
  model: TableModel;
  label: string;
  /** Distinguishes the elements of two tables on a page. */
  id: string;
  lanes: readonly Lane[];
  gutterPx: number;
  rowPx: number;
  /** How many rows match; while nothing is known, how many there may be. */
  count: number;
  widthsPlace: string;
  sort: readonly TableSort[];
  isBusy: boolean;
  takesFocus: boolean;
  onSort: (sort: TableSort[]) => void;
  onHide: (column: string) => void;
  onFilter: (column: string) => void;
}

const OVERSCAN_PX = 300;
const OVERSCAN_X_PX = 160;
const SYNC_MS = 160;
/** The pinned first column may take this share of the table. */
const PINNED_SHARE = 0.4;

export function TableGrid(props: TableGridProps): JSX.Element {
  const scope = useScope();
  const { model, lanes, gutterPx, rowPx, count } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: model.top, real: 0, left: model.left, width: 600, height: 300 });
  const before = useRef({ top: 0, left: 0 });
  const bodyPx = Math.max(0, view.height - HEAD_PX);
  const rowsPx = count * rowPx;
  const { height, scale } = scrollSpace(count, rowPx, bodyPx);
  const width = (lanes.at(-1)?.left ?? gutterPx) + (lanes.at(-1)?.width ?? 0);
  const pinned = lanes[0] && lanes.length > 1 && lanes[0].width <= view.width * PINNED_SHARE ? lanes[0] : null;
  const first = Math.max(0, Math.floor((view.top - OVERSCAN_PX) / rowPx));
  const last = Math.min(count - 1, Math.ceil((view.top + bodyPx + OVERSCAN_PX) / rowPx));
  const [from, to] = lanesIn(lanes, view.left - OVERSCAN_X_PX, view.left + view.width + OVERSCAN_X_PX);
  const focus = model.focus.value;
  const latest = useRef({ rowsPx, bodyPx, scale });
  latest.current = { rowsPx, bodyPx, scale };

  const show = (): void => {
    const element = scroller.current;
    if (!element) return;
    const next = {
      top: model.top,
      real: element.scrollTop,
      left: element.scrollLeft,
      width: element.clientWidth,
      height: element.clientHeight,
    };
    setView((old) =>
      old.top === next.top && old.real === next.real && old.left === next.left && old.width === next.width && old.height === next.height
        ? old
        : next,
    );
  };
  /** Take what was scrolled since, also when its event is still on the way: what is drawn now must not undo it. */
  const follow = (): void => {
    const element = scroller.current;
    if (!element) return;
    const { top, left } = before.current;
    const now = { top: element.scrollTop, left: element.scrollLeft };
    if (now.top !== top) model.top = topAfter({ ...latest.current, top: model.top, before: top, now: now.top });
    if (now.left !== left) model.left = now.left;
    before.current = now;
  };
  /** Put the bar where the rows are. */
  const sync = (): void => {
    const element = scroller.current;
    if (!element) return;
    element.scrollTop = model.top / latest.current.scale;
    element.scrollLeft = model.left;
    before.current = { top: element.scrollTop, left: element.scrollLeft };
    show();
  };
  const moveTo = (top: number, left: number): void => {
    model.top = Math.max(0, Math.min(top, latest.current.rowsPx - latest.current.bodyPx));
    model.left = left;
    sync();
  };

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onScroll = (): void => {
      follow();
      show();
      clearTimeout(timer);
      if (latest.current.scale !== 1) timer = setTimeout(() => {
        follow();
        sync();
      }, SYNC_MS);
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    const observer = new ResizeObserver(show);
    observer.observe(element);
    if (props.takesFocus) requestFrame(() => element.focus({ preventScroll: true }));
    return () => {
      clearTimeout(timer);
      element.removeEventListener("scroll", onScroll);
      observer.disconnect();
    };
  }, [model]);

  // After the height of all rows is known (and whenever it changes): the place stays, or the end if that came nearer.
  useLayoutEffect(() => {
    follow();
    model.top = Math.max(0, Math.min(model.top, rowsPx - bodyPx));
    sync();
  }, [model, rowsPx, bodyPx]);
  useLayoutEffect(() => {
    if (count > 0) model.look(first, last);
  }, [model, model.current, first, last, count]);
  useLayoutEffect(() => {
    const lane = focus && lanes[focus.column];
    if (!lane) return;
    const start = gutterPx + (pinned && lane !== pinned ? pinned.width : 0);
    let { top, left } = model;
    if (focus.row * rowPx < top) top = focus.row * rowPx;
    else if ((focus.row + 1) * rowPx > top + bodyPx) top = (focus.row + 1) * rowPx - bodyPx;
    if (lane !== pinned) {
      if (lane.left - start < left) left = lane.left - start;
      else if (lane.left + lane.width > left + view.width) left = Math.min(lane.left - start, lane.left + lane.width - view.width);
    }
    if (top !== model.top || left !== model.left) moveTo(top, left);
  }, [focus]);

  const rows = [];
  const drawn = lanes.slice(from, to + 1).filter((lane) => lane !== pinned);
  const layout = drawn.map(({ column, at, left, width: wide }) => `${column.name} ${at} ${left} ${wide}`).join("\n");
  for (let index = first; index <= last; index += 1) {
    rows.push(
      <BodyRow
        key={index}
        {...{ index, pinned, rowPx, gutterPx, width, model, layout }}
        row={model.shown.value?.row(index)}
        lanes={drawn}
        id={props.id}
        firstColumn={lanes.indexOf(drawn[0] as Lane)}
        focusColumn={focus?.row === index ? focus.column : -1}
      />,
    );
  }
  return (
    <div
      ref={scroller}
      class={`tv-grid${model.isStale.value ? " tv-stale" : ""}`}
      data-own-keys
      role="grid"
      aria-label={props.label}
      aria-rowcount={count + 1}
      aria-colcount={lanes.length + 1}
      aria-busy={props.isBusy}
      aria-activedescendant={focus ? cellId(props.id, focus) : undefined}
      tabIndex={0}
      onKeyDown={(event) => {
        handleGridKey(scope, event, { model, lanes, count, rowPx, pageRows: Math.max(1, Math.floor(bodyPx / rowPx) - 1) });
      }}
    >
      <div class="tv-head" role="row" aria-rowindex={1} style={{ width: `${width}px`, height: `${HEAD_PX}px` }}>
        <div class="tv-cell tv-gutter" role="columnheader" aria-label="row number" style={{ width: `${gutterPx}px` }}>#</div>
        {[...(pinned ? [pinned] : []), ...drawn].map((lane) => (
          <HeadCell
            key={lane.column.name}
            lane={lane}
            index={lanes.indexOf(lane)}
            isPinned={lane === pinned}
            pinnedAt={gutterPx}
            sort={props.sort}
            onSort={props.onSort}
            onHide={props.onHide}
            onFilter={props.onFilter}
            onWidth={(next) => tableWidths(scope).setWidth(props.widthsPlace, lane.column.name, next)}
          />
        ))}
      </div>
      <div class="tv-space" role="presentation" style={{ width: `${width}px`, height: `${height}px` }}>
        <div class="tv-rows" role="presentation" style={{ top: `${view.real - view.top + first * rowPx}px` }}>{rows}</div>
      </div>
    </div>
  );
}
