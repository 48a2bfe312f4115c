/** One table on the page: what it shows until the next thing is here, where it is scrolled to, which cell has the focus. */
import { type ReadonlySignal, type Signal, effect, signal, untracked } from "@preact/signals";
import type { TableColumn } from "@/api/schema";
import { markPending, markSettled } from "@/state/mediaCache";
import type { ShownItem } from "@/state/mediaView";
import type { TablePages } from "@/state/tables";

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
    markSettled(this);
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
    markPending(this);
    this.staleSignal.value = this.shownSignal.peek() !== null;
  }

  private settle(): void {
    this.staleSignal.value = false;
    markSettled(this);
  }
}

const MODELS_KEPT = 100;
const models = new Map<string, TableModel>();

/**
 * The model of a place on the page: kept when the table goes out of sight, so that it comes back as it was. A new one
 * begins where another (`like`) stands.
 */
export function tableModel(id: string, like?: string): TableModel {
  let found = models.get(id);
  if (!found) {
    found = new TableModel();
    const other = like === undefined ? undefined : models.get(like);
    if (other) {
      found.top = other.top;
      found.left = other.left;
      found.focus.value = other.focus.peek();
    }
  }
  models.delete(id);
  models.set(id, found);
  for (const old of models.keys()) {
    if (models.size <= MODELS_KEPT) break;
    models.delete(old);
  }
  return found;
}

/** A cell, or a record of its own, that covers the centre of the page. */
export type OpenCell = ({ model: TableModel; row: number; column: number } | { record: unknown; title: string }) & {
  /** What was open before: a cell of a table that itself lies in a cell. */
  under?: OpenCell | null;
};

export const openCell: Signal<OpenCell | null> = signal<OpenCell | null>(null);

/** Open a cell; closing it leads back to what is open now. */
export function showCell(cell: OpenCell): void {
  openCell.value = { ...cell, under: openCell.peek() };
}

export function closeCell(): void {
  openCell.value = openCell.peek()?.under ?? null;
}
