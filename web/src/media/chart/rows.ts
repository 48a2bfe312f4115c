/** The rows of a chart's table: fetched when first asked for, up to a number that is said. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { source } from "@/state/server/source";
import type { ChartRecord, TableColumn, TablePage, TableRequest } from "@/api/schema";
import { Recent } from "@/lib/recent";

export interface ChartRows {
  columns: readonly TableColumn[];
  rows: readonly (readonly unknown[])[];
  /** How many the table has. */
  total: number;
}

export type RowsState = { is: "loading" } | { is: "ready"; data: ChartRows } | { is: "failed"; error: ApiError };

/** The API's largest page. */
const PAGE_ROWS = 1_000;
const AT_ONCE = 4;
export const FIRST_ROWS = 10_000;
export const MOST_ROWS = 100_000;
const CHARTS_KEPT = 24;

const held = new Recent<string, Signal<RowsState>>({ limit: CHARTS_KEPT });

/** The first `limit` rows of the columns that the chart draws (all, for a specification of the user's own). */
export function chartRows(record: ChartRecord, limit: number): ReadonlySignal<RowsState> {
  const columns = record.spec
    ? null
    : [...new Set(Object.values(record.fields ?? {}))].filter((name) => record.table.columns.some((column) => column.name === name));
  const key = `${record.table.blob.sha256} ${limit} ${JSON.stringify(columns)}`;
  const known = held.get(key);
  if (known && known.peek().is !== "failed") return known;
  const state = known ?? signal<RowsState>({ is: "loading" });
  if (!known) {
    held.set(key, state);
    void fill(state, record, columns, limit);
  }
  return state;
}

export function retryRows(record: ChartRecord): void {
  for (const [key, state] of held) if (key.startsWith(record.table.blob.sha256) && state.peek().is === "failed") held.delete(key);
}

async function fill(state: Signal<RowsState>, record: ChartRecord, columns: string[] | null, limit: number): Promise<void> {
  const page = (offset: number): Promise<TablePage> =>
    source.postJson<TablePage>("api/tables/page", {
      tables: [record.table.blob.sha256],
      columns: columns?.length ? columns : null,
      offset,
      limit: Math.min(PAGE_ROWS, limit - offset),
    } satisfies TableRequest);
  try {
    const first = await page(0);
    const rows = [...first.rows];
    const wanted = Math.min(limit, first.total);
    for (let offset = rows.length; offset < wanted && rows.length === offset; ) {
      const offsets = Array.from({ length: AT_ONCE }, (_, at) => offset + at * PAGE_ROWS).filter((start) => start < wanted);
      for (const next of await Promise.all(offsets.map(page))) rows.push(...next.rows);
      offset = offsets.at(-1) === undefined ? wanted : Math.min(wanted, (offsets.at(-1) ?? 0) + PAGE_ROWS);
    }
    state.value = { is: "ready", data: { columns: first.columns, rows, total: first.total } };
  } catch (thrown) {
    state.value = { is: "failed", error: apiErrorFrom(thrown) };
  }
}
