/** One table on the page: what it shows until the next thing is here, where it is scrolled to, which cell has the focus. */
import { type ReadonlySignal, type Signal, batch, effect, signal, untracked } from "@preact/signals";
import type { TableColumn } from "@/api/schema";
import { Recent } from "@/lib/recent";
import type { ScopeWaiting } from "@/state/clock/waiting";
import type { TablePages } from "@/state/tables/pages";
import { type ShownItem, type TileRef, tileFromId, tileId } from "@/state/media/tile";
import type { MakeUrlSignal } from "@/state/page/url";

export interface CellPlace {
  row: number;
  /** Among the columns that are shown. */
  column: number;
}

export class TableModel {
  private readonly shownSignal = signal<TablePages | null>(null);
  private readonly staleSignal = signal(false);
  readonly focus: Signal<CellPlace | null> = signal<CellPlace | null>(null);
  /** Pixels from the top of all rows, and from the left of all columns. */
  top = 0;
  left = 0;
  /** The columns that are shown, and where the table stands: for the view of one cell. */
  columns: readonly { column: TableColumn; at: number }[] = [];
  shownAs: ShownItem | null = null;
  private asked: TablePages | null = null;
  private stop: (() => void) | undefined;
  private range: [number, number] = [0, 40];

  constructor(private readonly waiting: ScopeWaiting) {}

  /** What is drawn, perhaps still of an earlier step or order. */
  get shown(): ReadonlySignal<TablePages | null> {
    return this.shownSignal;
  }

  /** What is drawn is not what was asked for. */
  get isStale(): ReadonlySignal<boolean> {
    return this.staleSignal;
  }

  get current(): TablePages | null {
    return this.asked;
  }

  ask(pages: TablePages): void {
    if (this.asked === pages) return;
    this.stop?.();
    this.asked?.rest();
    this.asked = pages;
    pages.ensure(...this.range);
    this.stop = effect(() => {
      void pages.version.value;
      const error = pages.error.value;
      untracked(() => this.take(pages, error !== null));
    });
  }

  /** These rows are in sight. */
  look(first: number, last: number): void {
    this.range = [first, last];
    this.asked?.ensure(first, last);
  }

  dispose(): void {
    this.stop?.();
    this.asked?.rest();
    this.asked = null;
    this.waiting.markSettled(this);
  }

  private take(pages: TablePages, hasFailed: boolean): void {
    const head = pages.head.peek();
    if (this.shownSignal.peek() === pages) {
      this.settle();
      return;
    }
    if (hasFailed || (head && pages.has(...this.range))) {
      this.shownSignal.value = pages;
      this.settle();
      return;
    }
    if (head) pages.ensure(...this.range); // fewer rows than before: the range was cut
    this.waiting.markPending(this);
    this.staleSignal.value = this.shownSignal.peek() !== null;
  }

  private settle(): void {
    this.staleSignal.value = false;
    this.waiting.markSettled(this);
  }
}

const MODELS_KEPT = 100;

/** A cell, or a record of its own, that covers the centre of the page. */
export type OpenCell = ({ model: TableModel; row: number; column: number } | { record: unknown; title: string }) & {
  /** What was open before: a cell of a table that itself lies in a cell. */
  under?: OpenCell | null;
};

// ---- the open cell in the address bar ----

/** A cell of a table that is a tile: enough to find it again on a page that has just been opened. */
export interface CellAddress {
  tile: TileRef;
  row: number;
  /** By name: another order or other hidden columns do not change what a link shows. */
  column: string;
}

export function formatCellAddress({ tile, row, column }: CellAddress): string {
  return `${row}:${encodeURIComponent(column)}:${tileId(tile)}`;
}

export function parseCellAddress(text: string): CellAddress | undefined {
  const [, row, column, id] = /^(\d+):([^:]*):(.+)$/s.exec(text) ?? [];
  const tile = id === undefined ? undefined : tileFromId(id);
  return row === undefined || column === undefined || !tile ? undefined : { row: Number(row), column: decodeURIComponent(column), tile };
}

function addressOf(open: OpenCell | null): CellAddress | null {
  if (!open) return null;
  const { under } = open;
  if (!("model" in open) || !open.model.shownAs) return addressOf(under ?? null);
  const { run, key, index } = open.model.shownAs;
  return { tile: { run, key, index }, row: open.row, column: open.model.columns[open.column]?.column.name ?? "" };
}

interface TablesNeeds {
  urlSignal: MakeUrlSignal;
  waiting: ScopeWaiting;
}

export function makeTables({ urlSignal, waiting }: TablesNeeds) {
  const models = new Recent<string, TableModel>({ limit: MODELS_KEPT });

  /**
   * The model of a place on the page: kept when the table goes out of sight, so that it comes back as it was. A new one
   * begins where another (`like`) stands.
   */
  function tableModel(id: string, like?: string): TableModel {
    return models.getOrMake(id, () => {
      const made = new TableModel(waiting);
      const other = like === undefined ? undefined : models.peek(like);
      if (other) {
        made.top = other.top;
        made.left = other.left;
        made.focus.value = other.focus.peek();
      }
      return made;
    });
  }

  const openCell: Signal<OpenCell | null> = signal<OpenCell | null>(null);

  /** Open a cell; closing it leads back to what is open now. */
  function showCell(cell: OpenCell): void {
    openCell.value = { ...cell, under: openCell.peek() };
  }

  function closeCell(): void {
    openCell.value = openCell.peek()?.under ?? null;
  }

  const cellInUrl: Signal<CellAddress | null> = urlSignal<CellAddress | null>("cell", null, {
    parse: parseCellAddress,
    format: (address) => (address ? formatCellAddress(address) : ""),
    history: "silent",
  });

  /** The cell that the address bar names and that is not open yet: its table has to be on the page first. */
  const awaitedCell: Signal<CellAddress | null> = signal(cellInUrl.peek());

  let isFirst = true;
  const stopWriting = openCell.subscribe((open) => {
    if (isFirst) isFirst = false; // what the address bar names at the start is still to be opened
    else cellInUrl.value = addressOf(open);
  });
  const stopReading = cellInUrl.subscribe((address) => {
    const here = addressOf(openCell.peek());
    if ((address ? formatCellAddress(address) : "") === (here ? formatCellAddress(here) : "")) return;
    batch(() => {
      awaitedCell.value = address;
      if (!address) openCell.value = null;
    });
  });

  /** A table is on the page, with its columns: the awaited cell is opened if it is one of its own. */
  function openAwaited(model: TableModel, tile: TileRef): void {
    const address = awaitedCell.peek();
    if (!address || tileId(address.tile) !== tileId(tile)) return;
    const column = model.columns.findIndex((lane) => lane.column.name === address.column);
    if (column < 0) return;
    batch(() => {
      awaitedCell.value = null;
      model.focus.value = { row: address.row, column };
      openCell.value = { model, row: address.row, column };
    });
  }

  const stop = (): void => {
    stopWriting();
    stopReading();
  };
  return { tableModel, openCell, showCell, closeCell, awaitedCell, openAwaited, stop };
}

export type ScopeTables = ReturnType<typeof makeTables>;
