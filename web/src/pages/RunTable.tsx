/** All runs of the project as a table: any number of rows, columns from config and summary, sorted by a click. */
import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useCallback, useLayoutEffect, useRef } from "preact/hooks";
import { apiErrorFrom } from "@/api/errors";
import type { RunView } from "@/api/schema";
import { onEscape } from "@/lib/browser/escape";
import { safeFileName, saveText } from "@/lib/browser/saving";
import { RUN_COLORS } from "@/lib/runs/colors";
import { filterHints } from "@/lib/runs/filterText";
import { selectionAfter } from "@/lib/runs/groups";
import { valueAt } from "@/lib/runs/paths";
import { exactText, formatCount, formatDate } from "@/lib/text/format";
import { Button, IconButton } from "@/parts/Button";
import { ColorDot } from "@/parts/ColorDot";
import { Icon } from "@/parts/Icon";
import { Link } from "@/panels/Link";
import { MiddleText } from "@/parts/MiddleText";
import { RunStateBadge } from "@/parts/RunState";
import { EmptyState, ErrorState, Skeleton } from "@/parts/States";
import { VirtualList, type VirtualListHandle } from "@/parts/VirtualList";
import { ColumnPicker } from "@/panels/ColumnPicker";
import { NoProject } from "@/panels/NoProject";
import { RunFilter } from "@/panels/RunFilter";
import { handleRunListKey } from "@/panels/runListKeys";
import { runPath } from "@/state/page/route";
import { type TableColumn, cellText } from "@/state/runs/runTable";
import { showToast } from "@/state/page/toasts";
import { useScope } from "@/state/scope";
import "@/pages/table.css";

const ROW_PX = 30;
const HEAD_PX = 32;
const NAME_PX = 260;

export function RunTable(): JSX.Element {
  return (
    <main class="table-page" aria-label="Run table">
      <TableTools />
      <TableBody />
    </main>
  );
}

function TableTools(): JSX.Element {
  const { route, runTable: { tableCsv }, runs: { matched, query, selectedRuns, setShown, showOnly, total } } = useScope();
  const isSaving = useSignal(false);
  const selected = [...selectedRuns.value];
  const save = async (): Promise<void> => {
    const here = route.peek();
    if (!("project" in here)) return;
    isSaving.value = true;
    try {
      saveText(`${safeFileName(here.project)}-runs.csv`, await tableCsv(here.entity, here.project), "text/csv");
    } catch (thrown) {
      const error = apiErrorFrom(thrown);
      showToast(`The table could not be saved: ${error.message}`, { tone: "error", hint: error.hint });
    } finally {
      isSaving.value = false;
    }
  };
  return (
    <div class="table-tools">
      <RunFilter />
      <span class="logs-count" role="status">
        {query.value === ""
          ? formatCount(total.value, "run")
          : `${matched.value.toLocaleString("en-US")} of ${formatCount(total.value, "run")}`}
      </span>
      <div class="top-space" />
      {selected.length > 1 && (
        <div class="table-selection" role="toolbar" aria-label="Selected runs">
          <span>{selected.length} selected</span>
          <Button look="plain" onClick={() => showOnly(selected)}>
            Show only these
          </Button>
          <IconButton icon="eye" size={14} label="Show the selected runs" onClick={() => setShown(selected, true)} />
          <IconButton icon="eyeOff" size={14} label="Hide the selected runs" onClick={() => setShown(selected, false)} />
          <IconButton icon="close" size={14} label="Select none (Esc)" onClick={() => (selectedRuns.value = new Set())} />
        </div>
      )}
      <ColumnPicker />
      <Button
        icon="download"
        label="Save all rows of this table as CSV"
        isDisabled={isSaving.value || matched.value === 0}
        onClick={() => void save()}
      >
        CSV
      </Button>
    </div>
  );
}

function TableBody(): JSX.Element {
  const scope = useScope();
  const {
    runTable: { tableColumns },
    runs: { availableColumns, ensureRows, focusedRun, listState, query, reloadRuns, rows, runs, selectedRuns, total },
  } = scope;
  const list = useRef<VirtualListHandle | null>(null);
  const anchor = useRef<number | null>(null);
  const order = useComputed(() => runs.value.map((run) => run.uid));
  // A new one whenever rows change: what is in sight is then asked for again if it is no longer held.
  const onRange = useCallback((first: number, last: number) => ensureRows(first, last), [rows.value]);
  useLayoutEffect(() => onEscape(() => {
    if (selectedRuns.peek().size === 0) return false;
    selectedRuns.value = new Set();
    return true;
  }), []);

  const state = listState.value;
  const shown = tableColumns.value;
  if (state.is === "failed" && state.error.status === 404) return <NoProject />;
  if (state.is === "failed") return <ErrorState title="The runs could not be loaded" error={state.error} onRetry={reloadRuns} />;
  if (rows.value.length === 0 && state.is === "ready") {
    if (total.value === 0) {
      return (
        <EmptyState icon="columns" title="No runs yet">
          Runs appear here when a script logs to this project.
        </EmptyState>
      );
    }
    return (
      <EmptyState
        icon="search"
        title={<>No run matches <code>{query.value}</code></>}
        action={<Button onClick={() => (query.value = "")}>Clear the filter</Button>}
      >
        {formatCount(total.value, "run")} {total.value === 1 ? "is" : "are"} hidden by it.
        {filterHints(query.value, availableColumns.value).map((hint) => <div key={hint}>{hint}</div>)}
      </EmptyState>
    );
  }
  const isFirstLoad = rows.value.length === 0;
  const pick = (run: RunView, how: "one" | "toggle" | "extend"): void => {
    selectedRuns.value = selectionAfter(order.peek(), selectedRuns.peek(), anchor.current, run.uid, how);
    focusedRun.value = run.uid;
    if (how !== "extend") anchor.current = run.uid;
  };
  return (
    <VirtualList
      class="table"
      label="Runs"
      role="grid"
      isMultiselectable
      count={isFirstLoad ? 12 : rows.value.length}
      rowHeight={ROW_PX}
      headerHeight={HEAD_PX}
      width={NAME_PX + shown.reduce((sum, column) => sum + column.width, 0)}
      header={<HeadRow columns={shown} />}
      handle={list}
      activeId={focusedRun.value === null ? undefined : `table-run-${focusedRun.value}`}
      {...(isFirstLoad ? {} : { onRange })}
      onKeyDown={(event) =>
        handleRunListKey(scope, event, {
          uids: order.value,
          anchor,
          reveal: (uid) => list.current?.reveal(rows.value.findIndex((run) => run?.uid === uid)),
        })
      }
      renderRow={(index) => {
        const run = rows.value[index];
        return run ? (
          <BodyRow run={run} columns={shown} index={index} onPick={pick} />
        ) : (
          <div class="table-row">
            <div class="table-cell table-name">
              <Skeleton width="60%" />
            </div>
          </div>
        );
      }}
    />
  );
}

function HeadRow({ columns }: { columns: readonly TableColumn[] }): JSX.Element {
  return (
    <div class="table-row table-head" role="row" aria-rowindex={1}>
      <HeadCell column={{ path: "name", title: "Name", width: NAME_PX, isNumber: false }} />
      {columns.map((column) => <HeadCell key={column.path} column={column} />)}
    </div>
  );
}

function HeadCell({ column }: { column: TableColumn }): JSX.Element {
  const { sort } = useScope().runs;
  const isSorted = sort.value.replace(/^-/, "") === column.path;
  const isDown = sort.value.startsWith("-");
  return (
    <div
      class={`table-cell${column.path === "name" ? " table-name" : ""}${column.isNumber ? " table-number" : ""}`}
      role="columnheader"
      aria-sort={isSorted ? (isDown ? "descending" : "ascending") : "none"}
      style={{ width: `${column.width}px` }}
    >
      <button
        type="button"
        class="table-sort"
        title={`${column.path}\nClick to sort`}
        onClick={() =>
          (sort.value = isSorted ? (isDown ? column.path : `-${column.path}`) : column.isNumber ? `-${column.path}` : column.path)
        }
      >
        <MiddleText text={column.title} title={column.path} />
        {isSorted && <Icon name={isDown ? "chevronDown" : "chevronUp"} size={12} />}
      </button>
    </div>
  );
}

interface BodyRowProps {
  run: RunView;
  columns: readonly TableColumn[];
  index: number;
  onPick: (run: RunView, how: "one" | "toggle" | "extend") => void;
}

function BodyRow({ run, columns, index, onPick }: BodyRowProps): JSX.Element {
  const { focusedRun, isNameTwice, isShown, runColor, selectedRuns, setRunColor, setShown, showOnly } = useScope().runs;
  const isOn = isShown(run.uid);
  return (
    <div
      id={`table-run-${run.uid}`}
      class={`table-row${focusedRun.value === run.uid ? " table-focused" : ""}${isOn ? "" : " table-off"}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selectedRuns.value.has(run.uid)}
      onClick={(event) => onPick(run, event.shiftKey ? "extend" : event.ctrlKey || event.metaKey ? "toggle" : "one")}
    >
      <div class="table-cell table-name" role="rowheader" style={{ width: `${NAME_PX}px` }}>
        <button
          type="button"
          class="rail-eye"
          aria-label={`${isOn ? "Hide" : "Show"} ${run.name}`}
          aria-pressed={isOn}
          tabIndex={-1}
          onClick={(event) => {
            event.stopPropagation();
            if (event.altKey) showOnly([run.uid]);
            else setShown([run.uid], !isOn);
          }}
        >
          <Icon name={isOn ? "eye" : "eyeOff"} size={14} />
        </button>
        <ColorDot
          color={runColor(run.uid)}
          label={run.name}
          palette={RUN_COLORS}
          isDim={!isOn}
          tabIndex={-1}
          onChange={(color) => setRunColor(run.uid, color)}
        />
        <Link class="table-link" path={runPath(run)} label={run.name} title={`Open ${run.name}`} tabIndex={-1}>
          <MiddleText text={run.name} />
        </Link>
        {isNameTwice(run.name) && <span class="rail-id">{run.id}</span>}
      </div>
      {columns.map((column) => <BodyCell key={column.path} run={run} column={column} />)}
    </div>
  );
}

function BodyCell({ run, column }: { run: RunView; column: TableColumn }): JSX.Element {
  const style = { width: `${column.width}px` };
  if (column.path === "state") return <div class="table-cell" role="gridcell" style={style}><RunStateBadge run={run} /></div>;
  const text = cellText(run, column.path);
  return (
    <div
      class={`table-cell${column.isNumber ? " table-number" : ""}`}
      role="gridcell"
      style={style}
      title={titleOf(run, column.path, text)}
    >
      <span class="truncate">{text}</span>
    </div>
  );
}

function titleOf(run: RunView, path: string, text: string): string {
  if (path === "created_at" || path === "last_activity_at") return formatDate(run[path]);
  const value = valueAt(run, path);
  return value === undefined || value === null || path === "tags" ? text : exactText(value).slice(0, 2000);
}
