/**
 * The centre of the workspace: a section for each key prefix, a panel for each key. All of them stand in one grid:
 * panels of one or two tiles among the charts, and small sections side by side.
 */
import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatCount } from "@/lib/text/format";
import { Button } from "@/parts/Button";
import { Icon } from "@/parts/Icon";
import { EmptyState, ErrorState, Skeleton } from "@/parts/States";
import { NoProject } from "@/panels/NoProject";
import { LazyPanel } from "@/panels/LazyPanel";
import type { AnyPanel } from "@/panels/panel";
import { PanelView, automaticPanels, leastHeightOf, spanOfPanel } from "@/panels/registry";
import { COLUMN_GAP, filledSpans } from "@/panels/tileGrid";
import { useKeptScroll } from "@/panels/keptScroll";
import { type Section, sectionsOf } from "@/state/runs/keys";
import { projectOf } from "@/state/page/route";
import { isFolded, setFolded } from "@/state/page/layout";
import { panelFilter } from "@/state/runs/panelSearch";
import { useScope } from "@/state/scope";
import "@/panels/sections.css";

/** The least width of a column of the grid; see .sections-grid. */
const COLUMN_PX = 280;
const SIDE_PX = 16;

export function PanelSections(): JSX.Element {
  const scope = useScope();
  const { keys: { keys }, panelSearch: { panelQuery }, selection: { followedSample } } = scope;
  const filter = useComputed(() => panelFilter(panelQuery.value));
  const found = useComputed(() => {
    const test = filter.value;
    return sectionsOf(test instanceof Error ? keys.value : keys.value.filter((key) => test(key.key)));
  });
  const place = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth - 2 * SIDE_PX));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useKeptScroll(place, scope.route.value, width > 0 && found.value.length > 0);
  const columns = Math.max(1, Math.floor((width + COLUMN_GAP) / (COLUMN_PX + COLUMN_GAP)));
  const columnWidth = (width + COLUMN_GAP) / columns - COLUMN_GAP;
  const foundCount = found.value.reduce((sum, section) => sum + section.keys.length, 0);
  return (
    <main ref={place} class="sections" aria-label="Panels">
      {filter.value instanceof Error ? (
        <p class="sections-note sections-note-bad" role="alert">
          The panel search is no regular expression: {filter.value.message}
        </p>
      ) : (
        panelQuery.value.trim() !== "" &&
        keys.value.length > 0 &&
        foundCount > 0 && (
          <p class="sections-note" role="status">
            {foundCount} of {formatCount(keys.value.length, "panel")} match <code>{panelQuery.value}</code>
            <Button look="plain" onClick={() => (panelQuery.value = "")}>
              Clear
            </Button>
          </p>
        )
      )}
      {followedSample.value !== "" && (
        <p class="sections-note" role="status">
          <span>Of every list only the sample</span> <code>{followedSample.value}</code> <span>is shown.</span>
          <Button look="plain" icon="close" label="Stop following this sample" onClick={() => (followedSample.value = "")}>
            Show all samples
          </Button>
        </p>
      )}
      {width > 0 && (
        <div class="sections-grid">
          {found.value.map((section) => (
            <SectionBlock key={section.name} section={section} columns={columns} columnWidth={columnWidth} />
          ))}
        </div>
      )}
      {foundCount === 0 && <NoPanels />}
    </main>
  );
}

interface GridProps {
  /** Of the page's grid. */
  columns: number;
  columnWidth: number;
}

function SectionBlock({ section, columns, columnWidth }: GridProps & { section: Section }): JSX.Element {
  const scope = useScope();
  const { panelQuery } = scope.panelSearch;
  const project = projectOf(scope.route.value);
  const place = project === null ? section.name : `${project}/${section.name}`;
  // A search opens what it finds.
  const isOpen = panelQuery.value.trim() !== "" || !isFolded(place);
  const panels = useMemo(() => automaticPanels(section.keys), [section]);
  const wishes = panels.map((panel) => spanOfPanel(scope, panel, columnWidth));
  const least = wishes.map(({ wish }) => Math.min(columns, wish));
  const wanted = least.reduce((sum, span) => sum + span, 0);
  const spans = wanted < columns ? least : filledSpans(least, wishes.map(({ most }) => most), columns);
  return (
    <section
      class="section"
      style={{ gridColumn: isOpen && wanted < columns ? `span ${wanted}` : "1 / -1" }}
      aria-label={section.name === "" ? "Keys without a prefix" : section.name}
    >
      <h2 class="section-head">
        <button type="button" aria-expanded={isOpen} onClick={() => setFolded(place, isOpen)}>
          <Icon name={isOpen ? "chevronDown" : "chevronRight"} size={14} />
          <span class="section-name">{section.name === "" ? "other" : `${section.name}/`}</span>
          <span class="section-count">{formatCount(panels.length, "panel")}</span>
        </button>
      </h2>
      {isOpen && (
        <div class="section-grid">
          {panels.map((panel, at) => (
            <PanelSlot
              key={panel.id}
              panel={panel}
              span={spans[at] ?? 1}
              isRow={spans[at] === columns}
              isWhole={wishes[at]?.wish === Infinity}
            />
          ))}
        </div>
      )}
    </section>
  );
}

interface SlotProps {
  panel: AnyPanel;
  span: number;
  /** Alone in its row: because it is so wide, or because nothing else had room there. */
  isRow: boolean;
  /** It wants the row, however wide that is. */
  isWhole: boolean;
}

function PanelSlot({ panel, span, isRow, isWhole }: SlotProps): JSX.Element {
  const { awaitedCell } = useScope().tables;
  const awaited = awaitedCell.value?.tile.key;
  return (
    <LazyPanel
      class={`slot slot-${panel.type}`}
      name={panel.title}
      style={{ gridColumn: isWhole ? "1 / -1" : `span ${span}` }}
      isWanted={panel.keys.some(({ key }) => key === awaited)}
      leastHeight={leastHeightOf(panel, isWhole || isRow)}
    >
      <PanelView panel={panel} isPacked={!isWhole} />
    </LazyPanel>
  );
}

/** Why there is no panel: still loading, failed, nothing logged, nothing shown, or nothing found are different things. */
function NoPanels(): JSX.Element {
  const {
    keys: { keys, keysState, reloadKeys },
    panelSearch: { panelQuery },
    runs: { fixedRun, listState, query, reloadRuns, runs, shown, total, visibleRuns },
  } = useScope();
  const list = listState.value;
  const state = keysState.value;
  const isOneRun = fixedRun.value !== null;
  if (!isOneRun && list.is === "failed") {
    return list.error.status === 404 ? (
      <NoProject />
    ) : (
      <ErrorState title="The runs could not be loaded" error={list.error} onRetry={reloadRuns} />
    );
  }
  if (state.is === "failed") {
    return <ErrorState title="The keys of the runs could not be loaded" error={state.error} onRetry={reloadKeys} />;
  }
  if (keys.value.length > 0) {
    return (
      <EmptyState
        icon="search"
        title={<>No panel matches <code>{panelQuery.value}</code></>}
        action={<Button onClick={() => (panelQuery.value = "")}>Clear the search</Button>}
      >
        {formatCount(keys.value.length, "panel")} {keys.value.length === 1 ? "is" : "are"} hidden by it.
      </EmptyState>
    );
  }
  if (!isOneRun && list.is === "ready" && visibleRuns.value.length === 0) {
    if (total.value === 0) return (
      <EmptyState icon="image" title="No runs yet">Panels appear here as soon as a script logs to this project.</EmptyState>
    );
    if (runs.value.length === 0) {
      return (
        <EmptyState
          icon="search"
          title={<>No run matches <code>{query.value}</code></>}
          action={<Button onClick={() => (query.value = "")}>Clear the filter</Button>}
        />
      );
    }
    return (
      <EmptyState
        icon="eyeOff"
        title="No run is shown"
        action={<Button onClick={() => (shown.value = "auto")}>Show the first runs</Button>}
      >
        Open an eye in the run list to draw a run.
      </EmptyState>
    );
  }
  if (state.is === "ready" && visibleRuns.value.length > 0) {
    return (
      <EmptyState
        icon="image"
        title="Nothing was logged yet"
      >{isOneRun ? "The run has" : "The shown runs have"} started, but logged no value so far.</EmptyState>
    );
  }
  return <SectionSkeleton />;
}

function SectionSkeleton(): JSX.Element {
  return (
    <div aria-busy="true" aria-label="Loading panels">
      <div class="section-head"><Skeleton width={120} height={14} /></div>
      <div class="sections-grid sections-skeleton">
        {Array.from({ length: 6 }, (_, index) => <div key={index} class="slot slot-skeleton" />)}
      </div>
    </div>
  );
}
