/** A table of any size: a line of tools, and rows that come a page at a time. A lazy chunk of its own. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useContext, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { TableColumn } from "@/api/schema";
import { safeFileName, saveUrl } from "@/lib/browser/saving";
import { formatCount } from "@/lib/text/format";
import { FilterChips } from "@/media/table/Filters";
import { TableGrid } from "@/media/table/TableGrid";
import { TableProblem, TableTools } from "@/media/table/TableTools";
import { isMediaColumn } from "@/media/table/cells";
import { saveCsv } from "@/media/table/csv";
import { ROW_PX, lanesOf } from "@/media/table/geometry";
import { TablePanel } from "@/media/table/panel";
import { tableWidths } from "@/media/table/widths";
import type { CardSize } from "@/media/view";
import { Button } from "@/parts/Button";
import type { MenuItem } from "@/parts/Menu";
import { EmptyState, ErrorState } from "@/parts/States";
import { DEFAULT_SETTINGS, type SettingsPlace, type TableSettings } from "@/state/tables/settings";
import type { TableHead, TableRef } from "@/state/tables/pages";
import { type ShownItem, tileId } from "@/state/media/tile";
import { type PanelRef, automaticId, isAutomatic } from "@/state/page/panelSettings";
import { type Scope, useScope } from "@/state/scope";
import "@/media/table/tools.css";
import "@/media/table/table.css";

export interface ParquetFile {
  sha256: string;
  /** "All rows", "This step's rows", the name of a part. */
  label: string;
}

export interface TableViewProps {
  table: TableRef;
  /** Tells apart contents that the same request names at different times. */
  identity: string;
  /** As far as they are known before the first rows. */
  columns: readonly TableColumn[];
  /** How many rows there are, if that is known. */
  rowCount: number | null;
  size: Exclude<CardSize, "thumb">;
  box?: { width: number; height: number };
  shown?: ShownItem;
  /** Where a table that is no tile keeps its settings. */
  localId: string;
  files: readonly ParquetFile[];
  name: string;
  tools?: JSX.Element | null;
}

const CSV_ROWS_MOST = 200_000;
const NARROW_PX = 560;
const PARTS_IN_URL = 60;

/** The panel that a key has by itself. */
function automaticPanel(key: string): PanelRef<TableSettings> {
  return { id: automaticId({ kind: "table", key }), keys: [{ kind: "table", key }], settings: {} };
}

export function TableView(props: TableViewProps): JSX.Element {
  const scope = useScope();
  const {
    source,
    tablePages: { pagesOf },
    tableSettings: { changeSettings, settingsOf },
    tables: { openAwaited, tableModel },
  } = scope;
  const { table, shown, size, box, localId } = props;
  const frame = useRef<HTMLDivElement>(null);
  const filterOf = useSignal<string | null | undefined>(undefined);
  const [isNarrow, setNarrow] = useState(box !== undefined && box.width < NARROW_PX);
  const around = useContext(TablePanel);
  const panel = shown ? (around ?? automaticPanel(shown.key)) : null;
  const place: SettingsPlace = { panel, id: localId };
  // Two panels of one table are scrolled and sized apart.
  const ofPanel = panel && !isAutomatic(panel) ? ` ${panel.id}` : "";
  const tile = shown ? `${tileId(shown)}${ofPanel}` : localId;
  const id = `${size} ${tile}`;
  const settings = settingsOf(place).value;
  const change = (next: Partial<TableSettings>): void => changeSettings(place, next);
  // The full view begins where the tile stands.
  const model = tableModel(id, size === "full" ? `cell ${tile}` : undefined);
  const last = model.shown.value;
  const columns = last?.head.value?.columns ?? props.columns;
  // A link may name columns that this table has not: it is shown without them rather than not at all.
  const known = new Set(columns.map((column) => column.name));
  const isUsed = ({ column }: { column: string }): boolean => known.size === 0 || known.has(column);
  const query = { search: settings.search.trim(), filters: settings.filters.filter(isUsed), sort: settings.sort.filter(isUsed) };
  const pages = pagesOf(table, query, props.identity);
  useLayoutEffect(() => model.ask(pages), [model, pages]);
  useLayoutEffect(() => () => model.dispose(), [model]);
  useLayoutEffect(() => {
    model.shownAs = shown ?? null;
    if (shown) openAwaited(model, shown);
  });
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setNarrow(element.clientWidth < NARROW_PX));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const rows = last ?? pages;
  void rows.version.value;
  const head = rows.head.value;
  const error = pages.error.value;
  const isBusy = model.isStale.value || (head === null && error === null);
  const rowHeight = settings.rowHeight ?? (columns.some(isMediaColumn) ? "medium" : "small");
  const rowPx = ROW_PX[rowHeight];
  const widthsPlace = shown ? `${shown.key}${ofPanel}` : localId;
  const gutterPx = Math.max(34, String(head?.total ?? props.rowCount ?? 100).length * 9 + 16);
  const firstRows = (at: number): unknown[] => {
    const seen: unknown[] = [];
    for (let index = 0; index < 60; index += 1) {
      const row = rows.row(index);
      if (row) seen.push(row.cells[at]);
    }
    return seen;
  };
  const lanes = lanesOf(
    columns,
    settings.hidden,
    (column) => tableWidths(scope).widthOf(widthsPlace, column, rowPx, () => firstRows(columns.indexOf(column))),
    gutterPx,
  );
  model.columns = lanes;
  const count = head?.matched ?? Math.min(props.rowCount ?? 20, 200);

  const wholeCsv = csvUrl(scope, table, props.name);
  const downloads: MenuItem[] = [
    {
      label: "CSV, as filtered and sorted",
      detail:
        head && head.matched > CSV_ROWS_MOST
          ? `more than ${CSV_ROWS_MOST.toLocaleString("en-US")} rows: take all`
          : head
            ? formatCount(head.matched, "row")
            : "",
      isDisabled: !head || head.matched > CSV_ROWS_MOST,
      onSelect: () => void saveCsv(scope, { table, query, columns: lanes, name: props.name }),
    },
    ...(wholeCsv
      ? [
          {
            label: "CSV, all rows",
            ...(head ? { detail: formatCount(head.total, "row") } : {}),
            onSelect: () => saveUrl(`${props.name}.csv`, wholeCsv),
          },
        ]
      : []),
    ...props.files.map(({ sha256, label }): MenuItem => ({
      label: `Parquet: ${label}`,
      onSelect: () => saveUrl(`${props.name}.parquet`, source.blobUrl(sha256)),
    })),
  ];
  return (
    <div
      ref={frame}
      class={`tv tv-in-${size}${isNarrow ? " tv-narrow" : ""}`}
      style={box ? { width: `${box.width}px`, height: `${box.height}px` } : {}}
    >
      <TableTools
        columns={columns}
        settings={settings}
        rowHeight={rowHeight}
        status={statusOf(head, lanes.length, columns.length, error !== null && head === null)}
        isBusy={isBusy}
        downloads={downloads}
        filterOf={filterOf.value}
        onFilterOf={(column) => (filterOf.value = column)}
        onChange={change}
      >
        {props.tools ?? null}
      </TableTools>
      {settings.filters.length > 0 && (
        <FilterChips filters={settings.filters} columns={columns} onChange={(filters) => change({ filters })} />
      )}
      {error && head && <TableProblem text={`${error.message} ${error.hint}`.trim()} onRetry={() => pages.retry()} />}
      {isBusy && <span class="tv-busy" aria-hidden="true" />}
      {error && !head ? (
        <ErrorState isSmall title="The table could not be read" error={error} onRetry={() => pages.retry()} />
      ) : head && (head.matched === 0 || lanes.length === 0) ? (
        <NoRows head={head} hidden={columns.length - lanes.length} settings={settings} onChange={change} />
      ) : (
        <TableGrid
          key={id}
          model={model}
          label={props.name}
          id={scope.elementId(`${size}-${id.replace(/[^\w-]/g, "_")}`)}
          lanes={lanes}
          gutterPx={gutterPx}
          rowPx={rowPx}
          count={count}
          widthsPlace={widthsPlace}
          sort={query.sort}
          isBusy={isBusy}
          takesFocus={size === "full" && shown !== undefined}
          onSort={(sort) => change({ sort })}
          onHide={(column) => change({ hidden: [...settings.hidden, column] })}
          onFilter={(column) => (filterOf.value = column)}
        />
      )}
    </div>
  );
}

function statusOf(head: TableHead | null, shownColumns: number, columns: number, hasFailed: boolean): string {
  if (!head) return hasFailed ? "" : "loading";
  const rows =
    head.matched === head.total
      ? formatCount(head.total, "row")
      : `${head.matched.toLocaleString("en-US")} of ${formatCount(head.total, "row")}`;
  return `${rows} × ${shownColumns === columns ? formatCount(columns, "column") : `${shownColumns} of ${formatCount(columns, "column")}`}`;
}

/** Why there is nothing: no rows, none that match, no columns, or all of them hidden. */
function NoRows({
  head,
  hidden,
  settings,
  onChange,
}: {
  head: TableHead;
  hidden: number;
  settings: TableSettings;
  onChange: (change: Partial<TableSettings>) => void;
}): JSX.Element {
  if (head.columns.length === 0) return <EmptyState isSmall title="The table has no columns" />;
  if (head.total === 0) {
    return (
      <EmptyState isSmall title="The table has no rows">
        Its columns: {head.columns.map((column) => column.name).join(", ")}.
      </EmptyState>
    );
  }
  if (head.matched === 0) {
    const isSearched = settings.search.trim() !== "";
    return (
      <EmptyState
        isSmall
        title={
          <>
            No row matches {isSearched && <code>{settings.search}</code>}
            {isSearched && settings.filters.length > 0 ? " and " : ""}
            {settings.filters.length > 0 ? formatCount(settings.filters.length, "filter") : ""}
          </>
        }
        action={
          <Button onClick={() => onChange({ search: DEFAULT_SETTINGS.search, filters: DEFAULT_SETTINGS.filters })}>Show all rows</Button>
        }
      >
        {formatCount(head.total, "row")} {head.total === 1 ? "is" : "are"} hidden by it.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      isSmall
      icon="eyeOff"
      title={`All ${formatCount(hidden, "column")} are hidden`}
      action={<Button onClick={() => onChange({ hidden: [] })}>Show all columns</Button>}
    />
  );
}

/** The whole table as the server writes it; null for what it can't name in an address (joins, very many parts). */
function csvUrl(scope: Scope, { tables = [], join, run, key, step, index }: TableRef, name: string): string | null {
  const { source } = scope;
  if (join || tables.length > PARTS_IN_URL) return null;
  const parameters = new URLSearchParams({ name: `${safeFileName(name)}.csv` });
  if (tables.length > 0) parameters.set("tables", tables.join(","));
  for (const [field, value] of Object.entries({ run, key, step, index })) {
    if (value !== undefined && value !== null) parameters.set(field, String(value));
  }
  return source.url(`api/tables/csv?${parameters.toString()}`);
}
