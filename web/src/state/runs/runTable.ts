/** Columns of the run table: which, how wide, and the table as CSV. */
import { type ReadonlySignal, computed } from "@preact/signals";
import type { ColumnView, RunList, RunView } from "@/api/schema";
import { FIELD_TITLES, columnTitle, isMedia, tellingPaths, valueAt } from "@/lib/runs/paths";
import { csvField } from "@/lib/text/csv";
import { formatAgo, formatDuration, formatNumber, formatValue } from "@/lib/text/format";
import { numberOf } from "@/lib/text/numbers";
import type { ScopeRuns } from "@/state/runs/runs";
import type { Source } from "@/api/source";

export interface TableColumn {
  path: string;
  title: string;
  width: number;
  isNumber: boolean;
}

const PLAIN = ["state", "tags", "created_at", "runtime_secs", "last_step"];
const NUMBER_FIELDS = new Set(["created_at", "runtime_secs", "last_step", "last_activity_at", "exit_code"]);
const WIDTHS: Readonly<Record<string, number>> = {
  state: 92,
  tags: 150,
  created_at: 112,
  last_activity_at: 124,
  runtime_secs: 96,
  last_step: 88,
  notes: 240,
  id: 110,
  exit_code: 84,
};
const CONFIG_FIRST = 5;
const SUMMARY_FIRST = 6;
const EXPORT_ROWS = 1000;

function columnOf(path: string, view: ColumnView | undefined): TableColumn {
  const title = columnTitle(path);
  const isNumber = view ? view.type === "number" : NUMBER_FIELDS.has(path);
  const wanted = Object.hasOwn(WIDTHS, path) ? WIDTHS[path] : undefined;
  return { path, title, isNumber, width: wanted ?? Math.max(isNumber ? 92 : 120, Math.min(220, title.length * 8 + 34)) };
}

/** A cell's text as it is shown. */
export function cellText(run: RunView, path: string): string {
  const value = valueAt(run, path);
  if (path === "tags") return run.tags.join(", ");
  if (value === null && Object.hasOwn(FIELD_TITLES, path)) return "";
  if (path === "created_at" || path === "last_activity_at") return formatAgo(run[path]);
  if (path === "runtime_secs") return formatDuration(run.runtime_secs);
  if (path === "last_step") return run.last_step === null ? "" : formatNumber(run.last_step);
  if (isMedia(value)) return value.kind;
  return formatValue(value);
}

/** A cell for a file: every digit, dates as ISO. */
function csvText(run: RunView, path: string): string {
  const value = valueAt(run, path);
  if (value === undefined || value === null) return "";
  if (path === "created_at" || path === "last_activity_at") return new Date(run[path] * 1000).toISOString();
  const number = numberOf(value);
  if (number !== undefined) return String(number);
  if (path === "tags") return csvField(run.tags.join(", "));
  return csvField(typeof value === "string" ? value : JSON.stringify(value));
}

interface RunTableNeeds {
  runs: ScopeRuns;
  source: Source;
}

export function makeRunTable({ source, runs: { availableColumns, columns, query, runs, sort } }: RunTableNeeds) {
  /** The chosen columns, or the ones that say most about these runs. */
  const tableColumns: ReadonlySignal<TableColumn[]> = computed(() => {
    const known = new Map(availableColumns.value.map((column) => [column.path, column]));
    return shownPaths().map((path) => columnOf(path, known.get(path)));
  });

  function shownPaths(): readonly string[] {
    if (columns.value.length > 0) return columns.value;
    const config = tellingPaths(runs.value, CONFIG_FIRST).map((path) => `config.${path}`);
    const summary = availableColumns.value
      .filter((column) => column.path.startsWith("summary.") && column.type === "number" && !column.path.startsWith("summary._"))
      .sort((a, b) => b.run_count - a.run_count)
      .slice(0, SUMMARY_FIRST);
    return [...PLAIN, ...config, ...summary.map((column) => column.path)];
  }

  /** Every path that can be a column: the fields of a run, then what was configured and measured. */
  function allPaths(): string[] {
    const fields = Object.keys(FIELD_TITLES).filter((path) => path !== "name");
    return [...fields, ...availableColumns.value.map((column) => column.path).filter((path) => /^(config|summary)\./.test(path))];
  }

  /** The whole table (every match, not only the rows that were scrolled to) as CSV. */
  async function tableCsv(entity: string, project: string): Promise<string> {
    const paths = ["name", "id", ...tableColumns.peek().map((column) => column.path).filter((path) => path !== "id")];
    const lines = [paths.map((path) => csvField(path)).join(",")];
    for (let offset = 0; ; offset += EXPORT_ROWS) {
      const parameters = new URLSearchParams({ q: query.peek(), sort: sort.peek(), limit: String(EXPORT_ROWS), offset: String(offset) });
      const list = await source.getJson<RunList>(
        `api/projects/${encodeURIComponent(entity)}/${encodeURIComponent(project)}/runs?${parameters.toString()}`,
      );
      for (const run of list.runs) lines.push(paths.map((path) => csvText(run, path)).join(","));
      if (list.runs.length === 0 || offset + list.runs.length >= list.matched) return `${lines.join("\r\n")}\r\n`;
    }
  }

  return { tableColumns, shownPaths, allPaths, tableCsv };
}

export type ScopeRunTable = ReturnType<typeof makeRunTable>;
