/** Where tiles lie in a media panel, and which of them are in sight. Pure functions. */
import type { TileShape } from "@/media/view";

export type Layout = "grid" | "wrap";

export interface GridShape {
  layout: Layout;
  /** Tiles across and down. */
  columns: number;
  rows: number;
  /** Distance from one tile to the next. */
  stepX: number;
  stepY: number;
  /** Size of all tiles together. */
  width: number;
  height: number;
}

export const GAP = 8;
/** A panel of more tiles has the whole row. */
const MOST_PACKED = 2;
/** Between the columns of the page's grid, and at each side inside a panel. */
export const COLUMN_GAP = 10;
const SIDE = 12;
/** Tiles are made so much narrower, at most, rather than give their panel a column more that stays half empty. */
const MOST_SQUEEZE = 0.7;
export const MOST_STRETCH = 2.6;

/** Height of a tile's picture for a width, kept in bounds so that a banner or a tower does not rule the panel. */
export function pictureHeight(tileWidth: number, aspect: number): number {
  return Math.round(tileWidth / Math.min(MOST_STRETCH, Math.max(1 / 1.6, aspect)));
}

/** The tile size of the slider at which a kind's own size is taken as it is. */
const USUAL_TILE = 180;
const NARROWEST = 120;
const LOWEST = 72;

/** Fewer tiles than fill a panel are made so much wider, at most. */
const WIDEST_SHARE = 1.7;

/** A tile that fills its row shares it with others when each has this much. */
const NARROWEST_FILL = 320;

/**
 * Room for a kind with a shape of its own: its part of a row, or its size scaled by the slider but never wider than the panel.
 * Where tiles wrap they are made a little smaller or larger, so that they fill the panel from edge to edge.
 */
export function framedSize(options: FramedOptions): { width: number; height: number } {
  const { shape, fillHeight, tileWidth, room, layout, tiles, isAlone } = options;
  const widest = Math.max(NARROWEST, Math.floor(room));
  if (shape === "fill") {
    const beside = isAlone ? 1 : Math.max(1, Math.min(tiles, Math.floor((widest + GAP) / (NARROWEST_FILL + GAP))));
    return { width: Math.floor((widest - (beside - 1) * GAP) / beside), height: Math.max(LOWEST, Math.round(fillHeight)) };
  }
  const scale = tileWidth / USUAL_TILE;
  const wished = Math.min(widest, Math.max(NARROWEST, Math.round(shape.width * scale)));
  const usual = Math.round((widest + GAP) / (wished + GAP));
  const most = Math.floor((widest + GAP) / (wished * MOST_SQUEEZE + GAP));
  const fitting = tiles > usual && tiles <= most ? tiles : usual; // all in one row, if they need not be much smaller for it
  const across = Math.max(1, Math.min(fitting, Math.max(tiles, Math.ceil(widest / (wished * WIDEST_SHARE)))));
  const width = layout === "grid" ? wished : Math.floor((widest - (across - 1) * GAP) / across);
  return { width, height: Math.max(LOWEST, Math.round(shape.height * scale * Math.min(1, width / wished))) };
}

export interface FramedOptions {
  shape: TileShape;
  fillHeight: number;
  tileWidth: number;
  room: number;
  layout: Layout;
  tiles: number;
  /** A tile of "fill" has its row for itself: tables. */
  isAlone: boolean;
}

export interface PanelSize {
  shape: TileShape | undefined;
  isTable: boolean;
  tiles: number;
  tileWidth: number;
  columnWidth: number;
}

/** How many columns of the page's grid a panel of media takes at least; Infinity: all of them. */
export function panelColumns(options: PanelSize): number {
  return columnsFor(options, MOST_SQUEEZE);
}

/** How many it can make use of where they would stay empty: tiles with a shape fill any width, pictures need no more than their own. */
export function mostPanelColumns(options: PanelSize): number {
  const least = panelColumns(options);
  if (typeof options.shape === "object") return least > 1 ? Infinity : least;
  return columnsFor(options, 1);
}

function columnsFor({ shape, isTable, tiles, tileWidth, columnWidth }: PanelSize, squeeze: number): number {
  if (isTable || tiles > MOST_PACKED) return Infinity;
  if (shape === "fill") return tiles === 1 ? 2 : Infinity;
  const width = squeeze * (shape ? (shape.width * tileWidth) / USUAL_TILE : tileWidth);
  return Math.max(1, Math.ceil((tiles * (width + GAP) - GAP + 2 * SIDE) / (columnWidth + COLUMN_GAP)));
}

/**
 * Columns of each panel of a section, in its order: one that has a row for itself, because the next does not fit into what
 * is left of it, takes of that what it can use.
 */
export function filledSpans(spans: readonly number[], most: readonly number[], columns: number): number[] {
  let left = columns;
  return spans.map((span, at) => {
    if (left < span) left = columns;
    const isFirst = left === columns;
    left -= span;
    const next = spans[at + 1];
    return isFirst && (next === undefined || next > left) ? Math.max(span, Math.min(columns, most[at] ?? span)) : span;
  });
}

/** Pictures in a panel that stands among charts: as high as a chart leaves, if there is room. */
export function packedWidth(options: { tiles: number; tileWidth: number; room: number; aspect: number; high: number }): number {
  const { tiles, tileWidth, room, aspect, high } = options;
  const each = Math.max(NARROWEST, Math.floor((room - (tiles - 1) * GAP) / Math.max(1, tiles)));
  return Math.min(each, Math.max(tileWidth, Math.round(high * aspect)));
}

/** Rows of a folded panel: as many as fit, and never none. */
export function foldedRows(stepY: number, room: number, least: number): number {
  return Math.max(least, Math.floor((room + GAP) / Math.max(1, stepY)));
}

export function gridShape(options: {
  layout: Layout;
  runs: number;
  items: number;
  tileWidth: number;
  tileHeight: number;
  room: number;
}): GridShape {
  const { layout, runs, items, tileWidth, tileHeight, room } = options;
  const stepX = tileWidth + GAP;
  const stepY = tileHeight + GAP;
  const across = layout === "grid" ? items : Math.max(1, Math.min(runs * items, Math.floor((room + GAP) / stepX)));
  const down = layout === "grid" ? runs : Math.ceil((runs * items) / Math.max(1, across));
  return {
    layout,
    columns: across,
    rows: down,
    stepX,
    stepY,
    width: Math.max(0, across * stepX - GAP),
    height: Math.max(0, down * stepY - GAP),
  };
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Cells {
  firstColumn: number;
  lastColumn: number;
  firstRow: number;
  lastRow: number;
}

/** The tiles that touch a window over the grid; last < first when there are none. */
export function cellsIn(shape: GridShape, window: Box): Cells {
  const first = (from: number, step: number): number => Math.max(0, Math.floor((from + GAP) / step));
  const last = (to: number, step: number, count: number): number => Math.min(count - 1, Math.ceil(to / step) - 1);
  return {
    firstColumn: first(window.left, shape.stepX),
    lastColumn: last(window.right, shape.stepX, shape.columns),
    firstRow: first(window.top, shape.stepY),
    lastRow: last(window.bottom, shape.stepY, shape.rows),
  };
}

/** Which run and item lie at a cell; null beyond the last. */
export function tileAt(shape: GridShape, row: number, column: number, runs: number, items: number): { run: number; item: number } | null {
  if (shape.layout === "grid") return row < runs && column < items ? { run: row, item: column } : null;
  const at = row * shape.columns + column;
  return at < runs * items && column < shape.columns ? { run: Math.floor(at / items), item: at % items } : null;
}

export function cellOf(shape: GridShape, run: number, item: number, items: number): { row: number; column: number } {
  if (shape.layout === "grid") return { row: run, column: item };
  const at = run * items + item;
  return { row: Math.floor(at / shape.columns), column: at % shape.columns };
}

/** How many tiles lie wholly or mostly inside the window: what a person would call shown. */
export function shownCount(shape: GridShape, window: Box, runs: number, items: number): number {
  const inner = {
    left: window.left + shape.stepX / 3,
    right: window.right - shape.stepX / 3,
    top: window.top + shape.stepY / 3,
    bottom: window.bottom - shape.stepY / 3,
  };
  const cells = cellsIn(shape, inner);
  let count = 0;
  for (let row = cells.firstRow; row <= cells.lastRow; row++) {
    for (let column = cells.firstColumn; column <= cells.lastColumn; column++) if (tileAt(shape, row, column, runs, items)) count += 1;
  }
  return count;
}
