/**
 * Rows of tables, a page at a time. What is looked at is asked for first, its neighbours after it, and what was
 * scrolled by is asked for no longer. Tables that were seen lately are kept, so that going back is instant.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { onRecovery } from "@/api/recovery";
import type { Source } from "@/api/source";
import type { TableColumn, TablePage, TableRequest } from "@/api/schema";
import { Recent } from "@/lib/recent";

/** Which table: the part of the request that says so. */
export type TableRef = Pick<TableRequest, "tables" | "run" | "key" | "step" | "index" | "join">;
/** Which of its rows, in which order. */
export type TableQuery = Pick<TableRequest, "search" | "filters" | "sort">;

export interface TableHead {
  columns: TableColumn[];
  total: number;
  matched: number;
}

export interface TableRow {
  cells: unknown[];
  /** Its number in the whole table, from 0. */
  number: number;
}

export const PAGE_ROWS = 100;
const PAGES_KEPT = 80;
const TABLES_KEPT = 32;
/** While rows fly by nobody reads them: they are asked for when the scrolling slows down. */
const SETTLE_MS = 45;
const CSV_PAGE_ROWS = 1000;

type Page = { rows: unknown[][]; numbers: number[] };

export class TablePages {
  private readonly headSignal = signal<TableHead | null>(null);
  private readonly errorSignal = signal<ApiError | null>(null);
  private readonly versionSignal = signal(0);
  private readonly pages = new Recent<number, Page>({
    limit: PAGES_KEPT,
    mayGo: (page) => page < this.wanted[0] - 1 || page > this.wanted[1] + 1,
  });
  private readonly inFlight = new Map<number, AbortController>();
  private wanted: [number, number] = [0, 0];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly source: Source,
    readonly table: TableRef,
    readonly query: TableQuery,
  ) {}

  /** null until the first page came. */
  get head(): ReadonlySignal<TableHead | null> {
    return this.headSignal;
  }

  /** Why what is looked at can't be shown. */
  get error(): ReadonlySignal<ApiError | null> {
    return this.errorSignal;
  }

  /** Grows whenever rows came. */
  get version(): ReadonlySignal<number> {
    return this.versionSignal;
  }

  row(index: number): TableRow | undefined {
    const page = this.pages.peek(Math.floor(index / PAGE_ROWS));
    const at = index % PAGE_ROWS;
    const cells = page?.rows[at];
    return cells && { cells, number: page.numbers[at] ?? index };
  }

  /** Whether all rows of a range (as far as they exist) are here. */
  has(first: number, last: number): boolean {
    const head = this.headSignal.peek();
    if (!head) return false;
    const end = Math.min(last, head.matched - 1);
    for (let page = Math.floor(Math.min(first, Math.max(0, end)) / PAGE_ROWS); page * PAGE_ROWS <= end; page++) {
      if (!this.pages.has(page)) return false;
    }
    return true;
  }

  /** These rows are looked at. */
  ensure(first: number, last: number): void {
    const matched = this.headSignal.peek()?.matched ?? Infinity;
    const from = Math.max(0, Math.min(first, matched - 1));
    this.wanted = [Math.floor(from / PAGE_ROWS), Math.floor(Math.max(from, Math.min(last, matched - 1)) / PAGE_ROWS)];
    for (const [page, request] of this.inFlight) {
      if (page >= this.wanted[0] - 1 && page <= this.wanted[1] + 1) continue;
      this.inFlight.delete(page);
      request.abort();
    }
    clearTimeout(this.timer);
    if (!this.headSignal.peek()) this.send();
    else this.timer = setTimeout(() => this.send(), SETTLE_MS);
  }

  retry(): void {
    this.errorSignal.value = null;
    this.send();
  }

  /** Nobody looks at it now. */
  rest(): void {
    clearTimeout(this.timer);
    for (const request of this.inFlight.values()) request.abort();
    this.inFlight.clear();
  }

  private send(): void {
    const [from, to] = this.wanted;
    const missing: number[] = [];
    for (let page = from; page <= to; page++) if (!this.pages.has(page)) missing.push(page);
    // The neighbours wait until what is looked at is here.
    const pages = missing.length > 0 ? missing : [to + 1, from - 1];
    for (const page of pages) if (this.isAskable(page)) void this.load(page);
  }

  private isAskable(page: number): boolean {
    const matched = this.headSignal.peek()?.matched ?? Infinity; // beyond the end there are no rows, but the count is told
    return page >= 0 && (page === 0 || page * PAGE_ROWS < matched) && !this.pages.has(page) && !this.inFlight.has(page);
  }

  private async load(page: number): Promise<void> {
    const request = new AbortController();
    this.inFlight.set(page, request);
    try {
      const reply = await this.source.postJson<TablePage>("api/tables/page", {
        ...this.table,
        ...this.query,
        offset: page * PAGE_ROWS,
        limit: PAGE_ROWS,
      } satisfies TableRequest, { signal: request.signal });
      this.inFlight.delete(page);
      this.keep(page, reply);
    } catch (thrown) {
      if (this.inFlight.get(page) === request) this.inFlight.delete(page);
      const error = apiErrorFrom(thrown);
      const isWanted = page >= this.wanted[0] && page <= this.wanted[1];
      if (!error.isAborted && isWanted) this.errorSignal.value = error;
      return;
    }
    this.send();
  }

  private keep(page: number, reply: TablePage): void {
    this.pages.set(page, { rows: reply.rows, numbers: reply.numbers });
    const before = this.headSignal.peek();
    if (!before || before.matched !== reply.matched || before.total !== reply.total) this.headSignal.value = {
      columns: reply.columns,
      total: reply.total,
      matched: reply.matched,
    };
    this.errorSignal.value = null;
    this.versionSignal.value += 1;
  }
}

interface TablePagesNeeds {
  source: Source;
}

export function makeTablePages({ source }: TablePagesNeeds) {
  const kept = new Recent<string, TablePages>({ limit: TABLES_KEPT, onGone: (_id, pages) => pages.rest() });
  const stop = onRecovery(() => {
    for (const pages of kept.values()) if (pages.error.peek()) pages.retry();
  });

  /** The rows of a table under a query. `identity` tells apart tables that the same request names at different times. */
  function pagesOf(table: TableRef, query: TableQuery, identity = ""): TablePages {
    const id = JSON.stringify([table, query, identity]);
    return kept.getOrMake(id, () => new TablePages(source, table, query));
  }

  /** Every row of a query, for saving. `onPart` is told how many are here and answers false to stop. */
  async function allRows(
    table: TableRef,
    query: TableQuery,
    onPart: (count: number, matched: number) => boolean,
  ): Promise<TableRow[] | null> {
    const rows: TableRow[] = [];
    for (;;) {
      const page = await source.postJson<TablePage>("api/tables/page", {
        ...table,
        ...query,
        offset: rows.length,
        limit: CSV_PAGE_ROWS,
      } satisfies TableRequest);
      page.rows.forEach((cells, at) => rows.push({ cells, number: page.numbers[at] ?? rows.length }));
      if (!onPart(rows.length, page.matched)) return null;
      if (page.rows.length === 0 || rows.length >= page.matched) return rows;
    }
  }

  return { pagesOf, allRows, stop };
}

export type ScopeTablePages = ReturnType<typeof makeTablePages>;
