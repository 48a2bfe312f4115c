/**
 * The centre of the workspace: a section for each key prefix, a panel for each key. All of them stand in one grid:
 * panels of one or two tiles among the charts, and small sections side by side.
 */
import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { KeyView } from "@/api/schema";
import { formatCount } from "@/lib/text/format";
import { Button } from "@/parts/Button";
import { Icon } from "@/parts/Icon";
import { EmptyState, ErrorState, Skeleton } from "@/parts/States";
import { tileShapeOf } from "@/media/registry";
import { ChartPanel } from "@/panels/ChartPanel";
import { NoProject } from "@/panels/NoProject";
import { HistogramPanel } from "@/panels/HistogramPanel";
import { LazyPanel } from "@/panels/LazyPanel";
import { MediaPanel } from "@/panels/MediaPanel";
import { ValuePanel } from "@/panels/ValuePanel";
import { COLUMN_GAP, filledSpans, mostPanelColumns, panelColumns } from "@/panels/tileGrid";
import { useKeptScroll } from "@/panels/keptScroll";
import { type Section, sectionsOf } from "@/state/runs/keys";
import { route } from "@/state/page/route";
import { isFolded, setFolded } from "@/state/page/layout";
import { mostItemsOf, shapePlace } from "@/state/page/tileShapes";
import { panelFilter } from "@/state/runs/panelSearch";
import { type Scope, useScope } from "@/state/scope";
import "@/panels/sections.css";

/** The least width of a column of the grid; see .sections-grid. */
const COLUMN_PX = 280;
const SIDE_PX = 16;

const LEAST_HEIGHT = { chart: 216, media: 220, histogram: 240, value: 96 };

export function PanelSections(): JSX.Element {
  const { keys: { keys }, panelSearch: { panelQuery }, selection: { followedSample } } = useScope();
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
  useKeptScroll(place, route.value, width > 0 && found.value.length > 0);
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

interface Span {
  /** Columns that a panel takes; more than there are: the whole row. */
  wish: number;
  /** That it can use, if they would stay empty. */
  most: number;
}

function spanOf(scope: Scope, keyView: KeyView, columnWidth: number): Span {
  const { runs: { visibleRuns }, zoom: { tileWidth } } = scope;
  if (keyView.kind === "metric" || keyView.kind === "histogram") return { wish: 1, most: 1 };
  const having = new Set(keyView.runs.map((run) => run.run));
  const shown = visibleRuns.value.filter((run) => having.has(run.uid));
  if (keyView.kind === "value") {
    const wish = Math.min(3, Math.max(1, shown.length));
    return { wish, most: wish };
  }
  const size = {
    shape: tileShapeOf(keyView.kind),
    isTable: /table$/.test(keyView.kind),
    tiles: Math.max(1, shown.length) * mostItemsOf(shapePlace(shown[0], keyView.key)),
    tileWidth: tileWidth.value,
    columnWidth,
  };
  return { wish: panelColumns(size), most: mostPanelColumns(size) };
}

function SectionBlock({ section, columns, columnWidth }: GridProps & { section: Section }): JSX.Element {
  const scope = useScope();
  const { panelQuery } = scope.panelSearch;
  const here = route.value;
  const place = "project" in here ? `${here.entity}/${here.project}/${section.name}` : section.name;
  // A search opens what it finds.
  const isOpen = panelQuery.value.trim() !== "" || !isFolded(place);
  const wishes = section.keys.map((key) => spanOf(scope, key, columnWidth));
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
          <span class="section-count">{formatCount(section.keys.length, "panel")}</span>
        </button>
      </h2>
      {isOpen && (
        <div class="section-grid">
          {section.keys.map((key, at) => (
            <PanelSlot
              key={`${key.kind} ${key.key}`}
              keyView={key}
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
  keyView: KeyView;
  span: number;
  /** Alone in its row: because it is so wide, or because nothing else had room there. */
  isRow: boolean;
  /** It wants the row, however wide that is. */
  isWhole: boolean;
}

/** The kind of a key picks the panel: the one place that says so. */
function PanelSlot({ keyView, span, isRow, isWhole }: SlotProps): JSX.Element {
  const { runs: { visibleRuns }, tables: { awaitedCell } } = useScope();
  const common = {
    name: keyView.key,
    style: { gridColumn: isWhole ? "1 / -1" : `span ${span}` },
    isWanted: awaitedCell.value?.tile.key === keyView.key,
  };
  switch (keyView.kind) {
    case "metric":
      return (
        <LazyPanel class="slot" {...common} leastHeight={LEAST_HEIGHT.chart}>
          <ChartPanel keyName={keyView.key} runs={visibleRuns.value} />
        </LazyPanel>
      );
    case "histogram":
      return (
        <LazyPanel class="slot slot-histogram" {...common} leastHeight={LEAST_HEIGHT.histogram}>
          <HistogramPanel keyView={keyView} />
        </LazyPanel>
      );
    case "value":
      return <LazyPanel class="slot" {...common} leastHeight={LEAST_HEIGHT.value}><ValuePanel keyView={keyView} /></LazyPanel>;
    default:
      return (
        <LazyPanel
          class="slot"
          {...common}
          leastHeight={leastMediaHeight(keyView.kind, isWhole || isRow)}
        >
          <MediaPanel keyView={keyView} isPacked={!isWhole} />
        </LazyPanel>
      );
  }
}

/** One row of tiles with their heads and the panel's; low kinds, such as sounds, are not kept higher than they are. */
function leastMediaHeight(kind: string, isAlone: boolean): number {
  const tile = tileShapeOf(kind);
  if (!isAlone) return LEAST_HEIGHT.chart;
  return typeof tile === "object" ? Math.min(LEAST_HEIGHT.media, tile.height + 78) : LEAST_HEIGHT.media;
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
