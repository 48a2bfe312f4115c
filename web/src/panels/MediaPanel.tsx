/**
 * The media of one key at the clock's step: items × runs. Headers are frozen, only tiles in sight are mounted, and
 * what is not in sight is counted.
 */
import { useComputed } from "@preact/signals";
import type { JSX, TargetedKeyboardEvent } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { RunView } from "@/api/schema";
import { columnTitle, tellingPaths, valueAt } from "@/lib/runs/paths";
import { formatCount, formatValue } from "@/lib/text/format";
import { nameOfKind, tileShapeOf } from "@/media/registry";
import { useKeyShape } from "@/panels/keyShape";
import { type PanelOf, runsHavingKey } from "@/panels/panel";
import { MiddleText } from "@/parts/MiddleText";
import { EmptyState } from "@/parts/States";
import { MediaPanelTools } from "@/panels/MediaPanelTools";
import { MediaTile } from "@/panels/MediaTile";
import {
  type Box,
  type Cells,
  GAP,
  type GridShape,
  cellOf,
  cellsIn,
  foldedRows,
  framedSize,
  gridShape,
  packedWidth,
  pictureHeight,
  shownCount,
  tileAt,
} from "@/panels/tileGrid";
import type { PanelRef } from "@/state/page/panelSettings";
import type { KeyShape } from "@/state/page/tileShapes";
import { type TileRef, tileId } from "@/state/media/tile";
import type { MediaSettings } from "@/state/media/zoom";
import { type Scope, useScope } from "@/state/scope";
import { pixelRatio } from "@/state/page/screen";
import "@/panels/media.css";

const LINE = 18;
const HEAD_WIDTH = 132;
const FOLDED_HEIGHT = 520;
const OVERSCAN = 120;
/** The scroller's padding at both sides. */
const PADDING = 24;
const TILE_HEAD = 26;
const FILL_HEIGHT = 320;

/** Height of a picture with its lines of text in a panel that stands among charts. */
const PACKED_HEIGHT = 166;

/** A panel as the layout of its tiles knows it: a table's own settings are those of its rows. */
export function tilesOf(panel: PanelOf<"media" | "table">): PanelRef<MediaSettings> {
  return panel.type === "media" ? panel : { ...panel, settings: {} };
}

interface MediaPanelProps {
  panel: PanelOf<"media" | "table">;
  /** It stands among charts, with one or two tiles. */
  isPacked: boolean;
}

export function MediaPanel({ panel, isPacked }: MediaPanelProps): JSX.Element {
  const scope = useScope();
  const {
    runs: { runColor },
    sample: { askForSample, knownPlace, nthOfSample },
    selection: { followedSample, selected },
    steps: { stepsOf },
    zoom: { panels },
  } = scope;
  const [{ key, kind }] = panel.keys;
  const runs = runsHavingKey(scope, panel);
  const steps = stepsOf(runs.map((run) => run.uid), key);
  const sample = followedSample.value;
  const shape = useKeyShape(key, runs, steps, sample);
  const [isExpanded, setExpanded] = useState(false);
  const toggle = useCallback(() => setExpanded((is) => !is), []);
  const [room, setRoom] = useState(800);
  const scroller = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);

  const { layout: chosenLayout, tileWidth } = panels.settingsOf(tilesOf(panel)).value;
  const framed = tileShapeOf(kind);
  const isFill = framed === "fill";
  const layout = isFill
    ? "wrap"
    : chosenLayout === "auto"
      ? runs.length > 1 && shape.items > 1
        ? "grid"
        : "wrap"
      : chosenLayout;
  const isGrid = layout === "grid";
  const hasTitle = !isGrid && (runs.length > 1 || shape.items > 1);
  const tiles = runs.length * shape.items;
  const isTable = panel.type === "table";
  const words = (hasTitle ? LINE : 0) + (shape.hasCaption ? LINE : 0);
  const across = room - PADDING - (isGrid ? HEAD_WIDTH : 0);
  const wide = isPacked ? packedWidth({
    tiles,
    tileWidth,
    room: across,
    aspect: shape.aspect,
    high: PACKED_HEIGHT - words,
  }) : tileWidth;
  const picture = framed
    ? framedSize({
      shape: framed,
      fillHeight: shape.fillHeight ?? FILL_HEIGHT,
      tileWidth,
      room: across,
      layout,
      tiles,
      isAlone: isTable,
    })
    : { width: wide, height: pictureHeight(wide, shape.aspect) };
  const { width } = picture;
  const tileHeight = picture.height + (framed ? TILE_HEAD : words);
  const grid = gridShape({
    layout,
    runs: runs.length,
    items: shape.items,
    tileWidth: width,
    tileHeight,
    room: framed || isPacked ? across : room - (isGrid ? HEAD_WIDTH : 0),
  });
  const rowsAtFirst = foldedRows(grid.stepY, FOLDED_HEIGHT, isFill ? 2 : 1);
  const canExpand = grid.rows > rowsAtFirst;
  const rowsShown = isExpanded ? grid.rows : Math.min(grid.rows, rowsAtFirst);
  const { cells, shown } = useWindow(scroller, body, { ...grid, rows: rowsShown }, runs.length, shape.items, setRoom);
  // Columns are places in the runs' lists, or of a followed sample which of its items they show.
  const columnOf = (at: number, index: number): number => (sample === ""
    ? index
    : nthOfSample(runs[at]?.uid ?? -1, key, steps[at]?.step, sample, index));
  const indexOf = (at: number, column: number): number => (sample === ""
    ? column
    : knownPlace(runs[at]?.uid ?? -1, key, steps[at]?.step, sample, column));
  useKeepInSight(scroller, body, key, runs, shape.items, columnOf, grid, rowsShown, () => setExpanded(true));
  // The same element again is not rendered again: the panel renders at every step of the clock, its tools need not.
  const tools = useMemo(
    () => <MediaPanelTools panel={tilesOf(panel)} hasPictures={kind === "image"} hasVideos={kind === "video"} isFill={isFill} />,
    [panel, kind, isFill],
  );
  const isCut = shown < tiles;
  if (runs.length === 0) {
    return (
      <section class="media-panel">
        <EmptyState isSmall icon="eyeOff" title={key}>
          No shown run has logged it.
        </EmptyState>
      </section>
    );
  }
  return (
    <section class="media-panel" aria-label={key}>
      <header class="media-head">
        <h3>
          <MiddleText text={key} />
        </h3>
        <span class="media-count" role="status">
          {nameOfKind(kind)} ·{" "}
          {isCut ? `${shown.toLocaleString("en")} of ${tiles.toLocaleString("en")} shown` : formatCount(tiles, "item")}
          {runs.length > 1 && ` · ${runs.length} runs`}
        </span>
        {tools}
      </header>
      <div
        ref={scroller}
        class={`media-scroll media-${layout}`}
        role="grid"
        aria-label={`${key}: ${formatCount(shape.items, "item")} of ${formatCount(runs.length, "run")}`}
        aria-rowcount={grid.rows}
        aria-colcount={grid.columns}
        aria-activedescendant={selected.value?.key === key ? scope.elementId(`tile-${tileId(selected.value)}`) : undefined}
        tabIndex={0}
        onKeyDown={(event) => onKey(scope, event, key, runs, shape.items, grid, columnOf, indexOf)}
      >
        {isGrid && <ColumnHeads grid={grid} cells={cells} width={width} samples={shape.samples} />}
        <div
          class="media-rows"
          style={{ height: `${Math.max(0, rowsShown * grid.stepY - GAP)}px`, width: isGrid ? `${grid.width + HEAD_WIDTH}px` : "auto" }}
        >
          {isGrid && <RunHeads runs={runs} grid={grid} cells={cells} height={tileHeight} />}
          <div ref={body} class="media-body" role="rowgroup" style={{ width: isGrid ? `${grid.width}px` : "100%" }}>
            {mounted(grid, cells, runs.length, shape.items).map(({ run: at, item, row, column }) => {
              const run = runs[at];
              const step = steps[at];
              if (!run || !step) return null;
              const asked = sample === "" ? { ...step, index: item } : askForSample(step, run.uid, key, sample, item);
              return (
                <MediaTile
                  key={`${run.uid}:${item}`}
                  wanted={{
                    run: run.uid,
                    key,
                    ...asked,
                    width: picture.width * pixelRatio.value,
                    height: picture.height * pixelRatio.value,
                  }}
                  box={picture}
                  color={runColor(run.uid)}
                  title={hasTitle ? titleOf(scope, run, runs.length, item, shape) : null}
                  hasCaption={shape.hasCaption}
                  isFramed={framed !== undefined}
                  left={column * grid.stepX}
                  top={row * grid.stepY}
                  height={tileHeight}
                />
              );
            })}
          </div>
        </div>
      </div>
      {canExpand && (
        <button type="button" class="media-more" aria-expanded={isExpanded} onClick={toggle}>
          {isExpanded ? "Show fewer rows" : `Show all rows (${grid.rows.toLocaleString("en")})`}
        </button>
      )}
    </section>
  );
}

function titleOf(scope: Scope, run: RunView, runCount: number, item: number, shape: KeyShape): string {
  const { labelOf } = scope.runs;
  const name = shape.samples[item] ?? (shape.items > 1 ? `#${item}` : "");
  return runCount > 1 ? [labelOf(run), name].filter(Boolean).join(" · ") : name;
}

function mounted(grid: GridShape, cells: Cells, runs: number, items: number): { run: number; item: number; row: number; column: number }[] {
  const found = [];
  for (let row = cells.firstRow; row <= cells.lastRow; row++) {
    for (let column = cells.firstColumn; column <= cells.lastColumn; column++) {
      const tile = tileAt(grid, row, column, runs, items);
      if (tile) found.push({ ...tile, row, column });
    }
  }
  return found;
}

function ColumnHeads({
  grid,
  cells,
  width,
  samples,
}: {
  grid: GridShape;
  cells: Cells;
  width: number;
  samples: KeyShape["samples"];
}): JSX.Element {
  const columns = Array.from({ length: Math.max(0, cells.lastColumn - cells.firstColumn + 1) }, (_, at) => cells.firstColumn + at);
  return (
    <div class="media-columns" role="row" style={{ width: `${grid.width + HEAD_WIDTH}px` }}>
      {columns.map((column) => (
        <span
          key={column}
          class="media-column truncate"
          role="columnheader"
          title={samples[column] ?? `item ${column}`}
          style={{ left: `${HEAD_WIDTH + column * grid.stepX}px`, width: `${width}px` }}
        >
          {samples[column] ?? `#${column}`}
        </span>
      ))}
    </div>
  );
}

function RunHeads({ runs, grid, cells, height }: { runs: readonly RunView[]; grid: GridShape; cells: Cells; height: number }): JSX.Element {
  const { hoveredRun, labelOf, runColor, visibleRuns } = useScope().runs;
  const paths = tellingPaths(visibleRuns.value);
  return (
    <div class="media-runs" style={{ width: `${HEAD_WIDTH}px` }}>
      {runs.slice(cells.firstRow, cells.lastRow + 1).map((run, offset) => {
        const values = paths.map((path) => [path, valueAt(run, `config.${path}`)] as const).filter(([, value]) => value !== undefined);
        const detail = values.map(([path, value]) => `${columnTitle(path)} ${formatValue(value)}`);
        return (
          <div
            key={run.uid}
            class="media-run"
            role="rowheader"
            title={[run.name, ...detail].join("\n")}
            style={{ top: `${(cells.firstRow + offset) * grid.stepY}px`, height: `${height}px`, "--run": runColor(run.uid) }}
            onPointerEnter={() => (hoveredRun.value = run.uid)}
            onPointerLeave={() => (hoveredRun.value = null)}
          >
            <span class="media-run-name">{labelOf(run)}</span>
            {detail.map((text) => <span key={text} class="media-run-detail truncate">{text}</span>)}
          </div>
        );
      })}
    </div>
  );
}

/** Which tiles are in sight: the panel's own scroll and the page's both move them. */
function useWindow(
  scroller: { current: HTMLDivElement | null },
  body: { current: HTMLDivElement | null },
  grid: GridShape,
  runs: number,
  items: number,
  setRoom: (room: number) => void,
): { cells: Cells; shown: number } {
  const [{ sight, panel }, setSight] = useState<Sight>({ sight: START, panel: START });
  useLayoutEffect(() => {
    const outer = scroller.current;
    const inner = body.current;
    if (!outer || !inner) return;
    const measure = (): void => {
      const clip = outer.getBoundingClientRect();
      const origin = inner.getBoundingClientRect();
      setRoom(outer.clientWidth);
      const box = {
        left: clip.left - origin.left,
        right: clip.left + outer.clientWidth - origin.left,
        top: clip.top - origin.top,
        bottom: clip.top + outer.clientHeight - origin.top,
      };
      const next = {
        left: Math.max(box.left, -origin.left),
        right: Math.min(box.right, innerWidth - origin.left),
        top: Math.max(box.top, -origin.top),
        bottom: Math.min(box.bottom, innerHeight - origin.top),
      };
      // By the pixel every scroll event would render; in coarser steps only those that change something do.
      setSight((old) => (closeTo(old.sight, next) && closeTo(old.panel, box) ? old : { sight: next, panel: box }));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(outer);
    observer.observe(inner);
    // What stands above the tiles stays at the top of the page while the tiles pass under it.
    const freeze = (): void => {
      const heads = outer.querySelector<HTMLElement>(".media-columns");
      const page = outer.closest(".sections");
      if (!heads || !page) return;
      const hidden = page.getBoundingClientRect().top - outer.getBoundingClientRect().top;
      heads.style.translate = hidden > 0 ? `0 ${Math.min(hidden, outer.clientHeight - 2 * LINE)}px` : "";
    };
    // What scrolls inside a tile, or elsewhere on the page, moves no tile.
    const onScroll = (event: Event): void => {
      if (event.target instanceof Node && event.target.contains(outer)) {
        freeze();
        measure();
      }
    };
    document.addEventListener("scroll", onScroll, { capture: true, passive: true });
    addEventListener("resize", measure);
    measure();
    return () => {
      observer.disconnect();
      document.removeEventListener("scroll", onScroll, { capture: true });
      removeEventListener("resize", measure);
    };
  }, []);
  const near = { left: sight.left - OVERSCAN, right: sight.right + OVERSCAN, top: sight.top - OVERSCAN, bottom: sight.bottom + OVERSCAN };
  return { cells: cellsIn(grid, near), shown: shownCount(grid, panel, runs, items) };
}

/** In coordinates of the tiles. */
interface Sight {
  /** What the window shows: only tiles there are mounted. */
  sight: Box;
  /** What the panel shows, wherever the page is scrolled: the rest is what a person would have to scroll to. */
  panel: Box;
}

const START: Box = { left: 0, right: 800, top: 0, bottom: FOLDED_HEIGHT };
const CLOSE_PX = 16;

function closeTo(a: Box, b: Box): boolean {
  return Math.abs(a.left - b.left) < CLOSE_PX &&
    Math.abs(a.right - b.right) < CLOSE_PX && Math.abs(a.top - b.top) < CLOSE_PX && Math.abs(a.bottom - b.bottom) < CLOSE_PX;
}

/** Room for the frozen heads above a tile. */
const HEADS = 28;

/** Scroll panel and page so that a tile selected by key stays in sight. */
function useKeepInSight(
  scroller: { current: HTMLDivElement | null },
  body: { current: HTMLDivElement | null },
  key: string,
  runs: readonly RunView[],
  items: number,
  columnOf: (at: number, index: number) => number,
  grid: GridShape,
  rowsShown: number,
  showAll: () => void,
): void {
  const { selected } = useScope().selection;
  const tile = useComputed(() => (selected.value?.key === key ? tileId(selected.value) : "")).value;
  useEffect(() => {
    const outer = scroller.current;
    const inner = body.current;
    const chosen = selected.peek();
    if (!outer || !inner || !chosen || tile === "" || document.activeElement !== outer) return;
    const run = runs.findIndex(({ uid }) => uid === chosen.run);
    if (run < 0) return;
    const { row, column } = cellOf(grid, run, columnOf(run, chosen.index), items);
    if (row >= rowsShown) showAll();
    const leftEdge = inner.offsetLeft;
    const left = column * grid.stepX;
    const page = outer.closest(".sections");
    if (page) {
      const window = page.getBoundingClientRect();
      const top = inner.getBoundingClientRect().top + row * grid.stepY;
      if (top < window.top + HEADS) page.scrollTop += top - window.top - HEADS;
      else if (top + grid.stepY > window.bottom) page.scrollTop += top + grid.stepY - window.bottom;
    }
    if (left < outer.scrollLeft) outer.scrollLeft = left;
    else if (left + grid.stepX > outer.scrollLeft + outer.clientWidth - leftEdge) {
      outer.scrollLeft = left + grid.stepX - outer.clientWidth + leftEdge;
    }
  }, [tile]);
}

function onKey(
  scope: Scope, event: TargetedKeyboardEvent<HTMLDivElement>,
  key: string,
  runs: readonly RunView[],
  items: number,
  grid: GridShape,
  columnOf: (at: number, index: number) => number,
  indexOf: (at: number, column: number) => number,
): void {
  const { openFull, selected } = scope.selection;
  const now = selected.peek();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  // A scene or a text inside a tile has the focus when it was clicked; it has no use of its own for Enter.
  if (event.key === "Enter" && now?.key === key && !event.defaultPrevented && !ownsEnter(event.target)) {
    openFull(now);
    event.preventDefault();
    return;
  }
  if (event.target !== event.currentTarget) return; // a table, a player or a button inside a tile has its own
  const moves: Record<string, [number, number]> = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault(); // the scroller must not scroll, nor the clock move
  event.stopPropagation();
  const at = now?.key === key ? runs.findIndex(({ uid }) => uid === now.run) : -1;
  const from = at < 0 || !now ? null : cellOf(grid, at, columnOf(at, now.index), items);
  const next = from
    ? tileAt(grid, Math.max(0, from.row + move[0]), Math.max(0, from.column + move[1]), runs.length, items)
    : tileAt(grid, 0, 0, runs.length, items);
  const run = next ? runs[next.run] : undefined;
  if (next && run) selected.value = { run: run.uid, key, index: indexOf(next.run, next.item) } satisfies TileRef;
}

const OWN_ENTER = "a, button, input, select, textarea, summary, [contenteditable], [role=grid] [role=grid]";

function ownsEnter(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(OWN_ENTER) !== null;
}
