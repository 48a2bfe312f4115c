/**
 * One cell of a table as large as the centre of the page: media in full, long texts, trees; beside it the other values of
 * its row. The arrows walk on through the rows and the columns, and the table comes along.
 */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { TableColumn } from "@/api/schema";
import { onEscape } from "@/lib/browser/escape";
import { isImage } from "@/lib/image/isImage";
import { PreparedCard } from "@/media/PreparedCard";
import { gridOf } from "@/media/image/pictures";
import { isKnown, viewOfRecord } from "@/media/registry";
import { cardBox } from "@/media/table/geometry";
import { ValueTree } from "@/media/table/ValueTree";
import {
  cellExact,
  cellText,
  isBytes,
  isCut,
  isCutArray,
  isCutText,
  isMediaColumn,
  lookOf,
  recordsIn,
} from "@/media/table/cells";
import { IconButton } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import type { OpenCell, TableModel } from "@/state/tables/model";
import { prepareItem } from "@/media/prepare";
import { ValueTools } from "@/panels/ValueTools";
import { useCoverKeys } from "@/panels/coverKeys";
import type { ShownItem } from "@/state/media/tile";
import { useScope } from "@/state/scope";
import "@/panels/full.css";
import "@/panels/table-cell.css";

const ANY: TableColumn = { name: "", type: "any" };
const LONGEST_TEXT = 200_000;
/** What neighbours of an open cell are loaded for: about the size of the view. */
const AHEAD = { width: 1024, height: 1024, isUrgent: false };
/** No tile has this number. */
const REPORTED_INDEX = 999_999;

export function TableCellView(): JSX.Element | null {
  const { openCell } = useScope().tables;
  const open = openCell.value;
  if (!open) return null;
  return "model" in open ? (
    <RowCell key={depthOf(open)} open={open} />
  ) : <Frame key={depthOf(open)} title={open.title} note="" record={open.record} column={ANY} shown={null} />;
}

function depthOf({ under }: OpenCell): number {
  return under ? depthOf(under) + 1 : 0;
}

function RowCell({ open }: { open: Extract<OpenCell, { model: TableModel }> }): JSX.Element {
  const { overlays: { overlays }, tables: { openCell } } = useScope();
  const { model, row: index, column: at } = open;
  const pages = model.shown.value;
  void pages?.version.value;
  const count = pages?.head.value?.matched ?? 0;
  const row = pages?.row(index);
  const lane = model.columns[at];
  const go = (nextRow: number, nextColumn: number): void => {
    if (nextRow < 0 || nextRow >= count || nextColumn < 0 || nextColumn >= model.columns.length) return;
    model.focus.value = { row: nextRow, column: nextColumn };
    openCell.value = { ...open, row: nextRow, column: nextColumn };
  };
  // From media to media, as one looks at pictures; from any value to the next where there are no others.
  const next = (by: number): number => {
    if (!lane || !isMediaColumn(lane.column)) return at + by;
    for (let other = at + by; other >= 0 && other < model.columns.length; other += by) {
      if (isMediaColumn(model.columns[other]?.column ?? ANY)) return other;
    }
    return -1;
  };
  const isOnlyMedia = lane !== undefined && isMediaColumn(lane.column) && next(1) < 0 && next(-1) < 0;
  const left = (): void => (isOnlyMedia ? go(index - 1, at) : go(index, next(-1)));
  const right = (): void => (isOnlyMedia ? go(index + 1, at) : go(index, next(1)));
  useLayoutEffect(() => model.look(Math.max(0, index - 10), index + 10), [model, index]);
  useLayoutEffect(() => {
    const releases = [index + 1, index - 1].flatMap((near) => {
      const cell = lane && pages?.row(near)?.cells[lane.at];
      return lane
        ? recordsIn(cell, lane.column).map((record) => prepareItem(record, { ...AHEAD, overlays: overlays.peek() }).release)
        : [];
    });
    return () => {
      for (const release of releases) release();
    };
  }, [index, at, pages]);
  const shown = model.shownAs;
  const value = row && lane ? row.cells[lane.at] : undefined;
  return (
    <Frame
      title={lane?.column.name ?? ""}
      note={`${shown ? `${shown.key} · ` : ""}row ${row ? row.number.toLocaleString("en-US") : "…"}${
        count > 0 ? ` · ${(index + 1).toLocaleString("en-US")} of ${count.toLocaleString("en-US")}` : ""
      }`}
      record={value}
      isLoading={!row}
      column={lane?.column ?? ANY}
      shown={shown}
      keys={{
        ArrowUp: () => go(index - 1, at),
        ArrowDown: () => go(index + 1, at),
        ArrowLeft: left,
        ArrowRight: right,
        Home: () => go(0, at),
        End: () => go(count - 1, at),
      }}
      buttons={
        <>
          <IconButton icon="chevronUp" label="Previous row (↑)" isDisabled={index === 0} onClick={() => go(index - 1, at)} />
          <IconButton icon="chevronDown" label="Next row (↓)" isDisabled={index + 1 >= count} onClick={() => go(index + 1, at)} />
          {!isOnlyMedia && <IconButton icon="chevronLeft" label="Column before (←)" isDisabled={next(-1) < 0} onClick={left} />}
          {!isOnlyMedia && (
            <IconButton
              icon="chevronRight"
              label="Next column (→)"
              isDisabled={next(1) < 0 || next(1) >= model.columns.length}
              onClick={right}
            />
          )}
        </>
      }
      side={
        row && (
          <dl class="cellview-row">
            {model.columns.map(({ column, at: place }, other) => {
              if (other === at) return null;
              const look = lookOf(row.cells[place], column);
              return (
                <div
                  key={column.name}
                  class="cellview-fact"
                  onClick={() => go(index, other)}
                  title={cellExact(row.cells[place]).slice(0, 1000)}
                >
                  <dt class="truncate">{column.name}</dt>
                  <dd class={`tv-${look}`}>
                    {look === "media" ? column.type : look === "empty" ? "“”" : cellText(row.cells[place], column).slice(0, 300)}
                  </dd>
                </div>
              );
            })}
          </dl>
        )
      }
    />
  );
}

function captionIn(record: unknown): string {
  return typeof record === "object" && record !== null && "caption" in record && typeof record.caption === "string" ? record.caption : "";
}

interface FrameProps {
  title: string;
  note: string;
  record: unknown;
  isLoading?: boolean;
  column: TableColumn;
  shown: ShownItem | null;
  keys?: Readonly<Record<string, () => void>>;
  buttons?: JSX.Element;
  side?: JSX.Element | undefined;
}

function Frame({ title, note, record, isLoading = false, column, shown, keys = {}, buttons, side }: FrameProps): JSX.Element {
  const { closeCell } = useScope().tables;
  const page = useRef<HTMLDivElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const caption = recordsIn(record, column).length === 1 ? captionIn(record) : "";
  // A player that has not been clicked yet hears only Space: the arrows go on to the next cell.
  const play = (): void => {
    const player = stage.current?.querySelector("[data-own-keys]");
    player?.dispatchEvent(new KeyboardEvent("keydown", { key: " ", bubbles: true, cancelable: true }));
  };
  useCoverKeys({ ...keys, " ": play });
  useLayoutEffect(() => {
    const element = stage.current;
    if (!element) return;
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => onEscape(closeCell), []);
  useEffect(() => {
    const before = document.activeElement;
    page.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  const [only, ...others] = isLoading ? [] : recordsIn(record, column);
  const deep = isImage(only) && others.length === 0 && gridOf(only) ? only : null;
  return (
    <div ref={page} class="full cellview" role="dialog" aria-label={`Cell ${title}`} tabIndex={-1}>
      <header class="full-head">
        <span class="cellview-title truncate" title={title}>
          {title === "" ? "(no name)" : title}
        </span>
        <span class="full-note">{note}</span>
        <span class="full-caption truncate" title={caption}>
          {caption}
        </span>
        {buttons}
        {!isLoading && (
          <CopyButton
            label="Copy the value"
            text={() => (recordsIn(record, column).length > 0 ? JSON.stringify(record, null, 2) : cellExact(record))}
          />
        )}
        <IconButton icon="close" label="Close (Esc)" onClick={closeCell} />
      </header>
      {deep && <ValueTools record={deep} />}
      <div class="cellview-body">
        <div ref={stage} class="cellview-stage">
          {isLoading ? (
            <div class="tile-words tile-loading">loading</div>
          ) : (
            <CellContent value={record} column={column} shown={shown} box={size} />
          )}
        </div>
        {side && (
          <aside class="cellview-side" aria-label="The row">
            {side}
          </aside>
        )}
      </div>
    </div>
  );
}

/** The page was sent only the beginning. */
function CutValue({ value, text }: { value: unknown; text: string }): JSX.Element {
  const all = isCutText(value)
    ? `${text.length.toLocaleString("en-US")} of ${value.char_count.toLocaleString("en-US")} characters`
    : isBytes(value)
      ? `the first of ${value.size_bytes.toLocaleString("en-US")} bytes`
      : isCutArray(value) ? `the first ${value._array.length} numbers` : "its beginning";
  return (
    <div class="cellview-text">
      <p class="cellview-cut">Shown: {all}. The Parquet file of the table has everything.</p>
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}

function CellContent({
  value,
  column,
  shown,
  box,
}: {
  value: unknown;
  column: TableColumn;
  shown: ShownItem | null;
  box: { width: number; height: number };
}): JSX.Element {
  const records = recordsIn(value, column);
  if (records.length === 1 && box.width > 0) {
    const [record] = records;
    // A table in a cell is another table: it must not take over the settings of the one that it lies in.
    const isTable = isKnown(record) && /table$/.test(record.kind);
    return (
      <PreparedCard
        key={isTable ? JSON.stringify(record) : undefined}
        record={record}
        size="full"
        box={box}
        {...(shown && !isTable
          ? {
              shown: { ...shown, item: record },
              reportAs: isImage(record) ? { ...shown, index: REPORTED_INDEX, item: record } : undefined,
            }
          : {})}
      />
    );
  }
  if (records.length > 1 && box.width > 0) {
    const side = Math.max(160, Math.min(320, Math.floor(box.width / 2) - 24));
    return (
      <div class="cellview-many">
        {records.map((record, index) => {
          const one = cardBox(isKnown(record) ? viewOfRecord(record).aspect(record) : null, side, side);
          return (
            <figure key={index} class="cellview-one" style={{ width: `${one.width}px` }}>
              <div style={{ width: `${one.width}px`, height: `${one.height}px` }}>
                <PreparedCard record={record} size="cell" box={one} />
              </div>
              <figcaption class="truncate" title={captionIn(record)}>
                {captionIn(record)}
              </figcaption>
            </figure>
          );
        })}
      </div>
    );
  }
  const look = lookOf(value, column);
  if (look === "tree" && !isCut(value)) {
    return (
      <div class="cellview-text">
        <ValueTree value={value} isOpen />
      </div>
    );
  }
  if (look === "null") return <div class="cellview-text tv-null">null: there is no value</div>;
  const text = cellExact(value);
  if (isCut(value)) return <CutValue value={value} text={text} />;
  return (
    <pre class="cellview-text" tabIndex={0}>
      {look === "empty" ? <span class="tv-empty">an empty text</span> : text.slice(0, LONGEST_TEXT)}
      {text.length > LONGEST_TEXT &&
        `\n… ${LONGEST_TEXT.toLocaleString("en-US")} of ${text.length.toLocaleString("en-US")} characters; copying gives all.`}
    </pre>
  );
}
