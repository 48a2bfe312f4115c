/** The runs at the left of the workspace: which there are, which are drawn, and what tells them apart. */
import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useCallback, useLayoutEffect, useRef } from "preact/hooks";
import type { RunView } from "@/api/schema";
import { onEscape } from "@/lib/browser/escape";
import { filterHints } from "@/lib/runs/filterText";
import { type RailItem, railItems, selectionAfter } from "@/lib/runs/groups";
import { columnTitle, tellingPaths } from "@/lib/runs/paths";
import { formatCount } from "@/lib/text/format";
import { Button, IconButton } from "@/parts/Button";
import { Icon } from "@/parts/Icon";
import { EmptyState, ErrorState, Skeleton } from "@/parts/States";
import { VirtualList, type VirtualListHandle } from "@/parts/VirtualList";
import { handleRunListKey } from "@/panels/runListKeys";
import { GroupMenu, RailColumnsMenu, SortMenu } from "@/panels/RailMenus";
import { RunFilter } from "@/panels/RunFilter";
import { RunRow } from "@/panels/RunRow";
import { DRAWN_MOST, groupName } from "@/state/runs/runs";
import { RAIL_WIDTH, isRailOpen, railWidth, setRailWidth } from "@/state/page/layout";
import { type Scope, useScope } from "@/state/scope";
import "@/panels/rail.css";

const ROW_PX = 42;
const GROUP_PX = 28;

export function RunRail(): JSX.Element {
  if (!isRailOpen.value) {
    return (
      <aside class="rail rail-closed" aria-label="Runs">
        <IconButton icon="panelLeft" label="Show the run list (Ctrl B)" onClick={() => (isRailOpen.value = true)} />
      </aside>
    );
  }
  return (
    <aside class="rail" aria-label="Runs" style={{ width: `${railWidth.value}px` }}>
      <RunFilter />
      <RailHead />
      <RailBody />
      <SelectionBar />
      <RailEdge />
    </aside>
  );
}

function shownPaths(scope: Scope): string[] {
  const { railPaths, runs } = scope.runs;
  return railPaths.value.length > 0 ? [...railPaths.value] : tellingPaths(runs.value).map((path) => `config.${path}`);
}

function RailHead(): JSX.Element {
  const scope = useScope();
  const { eyedRuns, isShown, listState, matched, query, rows, runs, setShown, shown, total, visibleRuns } = scope.runs;
  const paths = useComputed(() => shownPaths(scope));
  const isAllOn = runs.value.length > 0 && runs.value.every((run) => isShown(run.uid));
  const isCut = eyedRuns.value.length > DRAWN_MOST;
  const isReady = listState.value.is === "ready" || rows.value.length > 0;
  return (
    <>
      <div class="rail-head">
        <IconButton
          icon={isAllOn ? "eye" : "eyeOff"}
          size={14}
          label={isAllOn ? "Hide all" : "Show all"}
          onClick={() => {
            if (isAllOn) setShown(runs.value.map((run) => run.uid), false);
            else if (query.value === "") shown.value = "all";
            else setShown(runs.value.map((run) => run.uid), true);
          }}
        />
        <span
          class="rail-count truncate"
          role="status"
          title={isCut ? `${eyedRuns.value.length} runs have their eye on; the first ${DRAWN_MOST} of them are drawn.` : undefined}
        >
          {isReady
            ? isCut
              ? `first ${DRAWN_MOST} of ${eyedRuns.value.length.toLocaleString("en-US")} shown`
              : `${visibleRuns.value.length} of ${formatCount(total.value, "run")} shown`
            : listState.value.is === "failed" ? "No runs" : "Loading runs"}
        </span>
        <IconButton icon="panelLeft" size={14} label="Hide the run list (Ctrl B)" onClick={() => (isRailOpen.value = false)} />
      </div>
      <div class="rail-menus">
        <GroupMenu />
        <SortMenu />
        <RailColumnsMenu shown={paths.value} />
      </div>
      {query.value !== "" && isReady && matched.value > 0 && (
        <div class="rail-match">
          {matched.value.toLocaleString("en-US")} of {total.value.toLocaleString("en-US")} match
        </div>
      )}
    </>
  );
}

function RailBody(): JSX.Element {
  const scope = useScope();
  const { availableColumns, ensureRows, focusedRun, groupBy, listState, query, reloadRuns, rows, selectedRuns, total } = scope.runs;
  const closed = useSignal<ReadonlySet<string>>(new Set());
  const anchor = useRef<number | null>(null);
  const list = useRef<VirtualListHandle | null>(null);
  const paths = useComputed(() => shownPaths(scope));
  const items = useComputed(() => railItems(rows.value, groupBy.value, groupName, (name) => !closed.value.has(name)));
  const order = useComputed(() => items.value.flatMap((item) => (item.is === "run" ? [item.run.uid] : [])));

  useLayoutEffect(() => onEscape(() => {
    if (selectedRuns.peek().size === 0) return false;
    selectedRuns.value = new Set();
    return true;
  }), []);

  const pick = useCallback((run: RunView, how: "one" | "toggle" | "extend"): void => {
    selectedRuns.value = selectionAfter(order.peek(), selectedRuns.peek(), anchor.current, run.uid, how);
    focusedRun.value = run.uid;
    if (how !== "extend") anchor.current = run.uid;
  }, [order]);

  const onRange = useCallback((first: number, last: number): void => {
    const shownItems = items.peek().slice(first, last + 1);
    for (const item of shownItems) if (item.is === "gap") ensureRows(item.index, item.index);
  }, [items.value]); // a new one whenever rows change, so that gaps in sight are filled

  const rowHeight = useCallback((index: number) => (items.value[index]?.is === "group" ? GROUP_PX : ROW_PX), [items.value]);

  const state = listState.value;
  if (state.is === "failed" && state.error.status === 404) {
    return (
      <EmptyState isSmall title="No runs">
        The project is not there.
      </EmptyState>
    );
  }
  if (state.is === "failed") return <ErrorState isSmall title="The runs could not be loaded" error={state.error} onRetry={reloadRuns} />;
  if (rows.value.length === 0) {
    if (state.is !== "ready") return (
      <div class="rail-skeletons" aria-busy="true">{Array.from({ length: 6 }, (_, index) => <SkeletonRow key={index} />)}</div>
    );
    if (total.value > 0) {
      return (
        <EmptyState
          isSmall
          title={<>No run matches <code>{query.value}</code></>}
          action={<Button onClick={() => (query.value = "")}>Clear the filter</Button>}
        >
          {formatCount(total.value, "run")} {total.value === 1 ? "is" : "are"} hidden by it.
          {filterHints(query.value, availableColumns.value).map((hint) => <div key={hint}>{hint}</div>)}
        </EmptyState>
      );
    }
    return <EmptyState isSmall title="No runs yet">Runs appear here when a script logs to this project.</EmptyState>;
  }

  const onKeyDown = (event: KeyboardEvent): void =>
    handleRunListKey(scope, event, {
      uids: order.value,
      anchor,
      reveal: (uid) => list.current?.reveal(items.value.findIndex((item) => item.is === "run" && item.run.uid === uid)),
    });

  const renderItem = (index: number): JSX.Element | null => {
    const item = items.value[index];
    if (!item) return null;
    if (item.is === "gap") return <SkeletonRow />;
    if (item.is === "run") return <RunRow run={item.run} paths={paths.value} onPick={pick} />;
    return (
      <GroupRow item={item} isOpen={!closed.value.has(item.name)} onToggle={() => (closed.value = toggled(closed.value, item.name))} />
    );
  };

  return (
    <VirtualList
      class="rail-list"
      label="Runs"
      role="listbox"
      isMultiselectable
      count={items.value.length}
      rowHeight={groupBy.value === "" ? ROW_PX : rowHeight}
      renderRow={renderItem}
      onRange={onRange}
      handle={list}
      activeId={focusedRun.value === null ? undefined : scope.elementId(`rail-run-${focusedRun.value}`)}
      onKeyDown={onKeyDown}
    />
  );
}

function GroupRow({ item, isOpen, onToggle }: { item: RailItem & { is: "group" }; isOpen: boolean; onToggle: () => void }): JSX.Element {
  const { groupBy, isShown, setShown } = useScope().runs;
  const isOn = item.uids.some(isShown);
  return (
    <div class="rail-group" role="group">
      <IconButton
        icon={isOn ? "eye" : "eyeOff"}
        size={14}
        label={isOn ? "Hide the group" : "Show the group"}
        tabIndex={-1}
        onClick={() => setShown(item.uids, !isOn)}
      />
      <button type="button" class="rail-group-name truncate" aria-expanded={isOpen} tabIndex={-1} onClick={onToggle}>
        <Icon name={isOpen ? "chevronDown" : "chevronRight"} size={12} />
        <span class="truncate">{columnTitle(groupBy.value)}: <b>{item.name}</b></span>
        <span class="rail-group-count">{item.uids.length}</span>
      </button>
    </div>
  );
}

function SkeletonRow(): JSX.Element {
  return (
    <div class="rail-row" aria-hidden="true">
      <div class="rail-text rail-text-skeleton"><Skeleton width="62%" /><Skeleton width="84%" height={9} /></div>
    </div>
  );
}

/** What can be done with several runs at once. */
function SelectionBar(): JSX.Element | null {
  const { selectedRuns, setShown, showOnly } = useScope().runs;
  const uids = [...selectedRuns.value];
  if (uids.length < 2) return null;
  return (
    <div class="rail-selection" role="toolbar" aria-label="Selected runs">
      <span>{uids.length} selected</span>
      <Button look="plain" onClick={() => showOnly(uids)}>Only these</Button>
      <IconButton icon="eye" size={14} label="Show the selected runs" onClick={() => setShown(uids, true)} />
      <IconButton icon="eyeOff" size={14} label="Hide the selected runs" onClick={() => setShown(uids, false)} />
      <IconButton icon="close" size={14} label="Select none (Esc)" onClick={() => (selectedRuns.value = new Set())} />
    </div>
  );
}

/** The right edge: drag, or arrow keys, to change the width; double click for the usual one. */
function RailEdge(): JSX.Element {
  const onPointerDown = (event: PointerEvent): void => {
    const edge = event.currentTarget;
    if (!(edge instanceof HTMLElement)) return;
    const from = event.clientX;
    const width = railWidth.value;
    edge.setPointerCapture(event.pointerId);
    const onMove = (move: PointerEvent): void => setRailWidth(width + move.clientX - from);
    edge.addEventListener("pointermove", onMove);
    edge.addEventListener("pointerup", () => edge.removeEventListener("pointermove", onMove), { once: true });
    event.preventDefault();
  };
  return (
    <div
      class="rail-edge"
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the run list"
      aria-valuenow={railWidth.value}
      aria-valuemin={RAIL_WIDTH.least}
      aria-valuemax={RAIL_WIDTH.most}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onDblClick={() => setRailWidth(RAIL_WIDTH.usual)}
      onKeyDown={(event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        setRailWidth(railWidth.value + (event.key === "ArrowLeft" ? -16 : 16));
        event.preventDefault();
        event.stopPropagation();
      }}
    />
  );
}

function toggled(set: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(name)) next.add(name);
  return next;
}
