// One metric of the visible runs: name, values, curves; and what stands there when there are none.

import { effect, useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { apiErrorFrom } from "@/api/errors";
import type { RunView } from "@/api/schema";
import { axisName, formatPosition, formatReading, formatShort } from "@/lib/text/axisFormat";
import { csvOf, pngOf, saveFile } from "@/charts/download";
import { LineChart } from "@/charts/LineChart";
import { ChartModel, type Reading } from "@/charts/model";
import { IconButton } from "@/parts/Button";
import { Menu } from "@/parts/Menu";
import { MiddleText } from "@/parts/MiddleText";
import { Popover } from "@/parts/Popover";
import { EmptyState, ErrorState } from "@/parts/States";
import { BUILT_IN_AXES } from "@/state/clock/axes";
import { isAutomatic } from "@/state/page/panelSettings";
import { token } from "@/state/page/theme";
import { showToast } from "@/state/page/toasts";
import { type Panel, runsOfPanel } from "@/panels/panel";
import { PanelForm } from "@/panels/registry";
import { SingleValues } from "@/panels/SingleValues";
import { type Scope, useScope } from "@/state/scope";
import "@/panels/chart.css";

export interface ChartPanelProps {
  panel: Panel<"chart" | "system">;
  /** in full size already: no button for it */
  isFull?: boolean;
}

/** Values in the heading; more runs than this are counted. */
const MOST_VALUES = 4;
/** Width of a letter in the heading, about. */
const LETTER_PX = 7.6;

export function ChartPanel({ panel, isFull = false }: ChartPanelProps): JSX.Element {
  const scope = useScope();
  const { charts: { panels: { ownOf } }, series: { retryFailedSeries } } = scope;
  const [{ key: keyName }] = panel.keys;
  const uids = runsOfPanel(scope, panel).map((run) => run.uid);
  const model = useChartModel(panel, uids);
  const body = useRef<HTMLDivElement>(null);
  const status = model.status.value;
  return (
    <section class={`chart${isFull ? " chart-full" : ""}`} aria-label={panel.title}>
      <header class="chart-head">
        <h3 class="chart-name">
          <MiddleText text={panel.title} title={keyName} />
        </h3>
        {Object.keys(ownOf(panel)).length > 0 && (
          <span class="chart-own" role="img" aria-label="Has its own settings" title="Has its own settings" />
        )}
        <Values model={model} most={isFull ? 8 : MOST_VALUES} />
        <Tools model={model} body={body} panel={panel} isFull={isFull} />
      </header>
      <div class="chart-body" ref={body}>
        <LineChart model={model} />
        {status.is === "ready" && model.isSingle.value && <SingleValues readings={model.readings.value} axis={model.settings.value.x} />}
        {status.is === "loading" && <div class="chart-cover chart-loading" role="status" aria-label="Loading" />}
        {status.is === "empty" && (
          <div class="chart-cover">
            <EmptyState isSmall title={uids.length === 0 ? "No run is shown" : emptyTitle(scope, panel, model.settings.value.x)} />
          </div>
        )}
        {status.is === "failed" && (
          <div class="chart-cover">
            <ErrorState isSmall title="The curves could not be loaded" error={status.error} onRetry={retryFailedSeries} />
          </div>
        )}
        <Note model={model} />
      </div>
      {isFull && <Legend model={model} />}
    </section>
  );
}

/** Why runs that are shown have no curve. Reading it subscribes. */
function emptyTitle({ keys: { keyOf } }: Scope, { keys: [key] }: ChartPanelProps["panel"], x: string): string {
  if (BUILT_IN_AXES.includes(x) || keyOf(key) === undefined) return "No selected run has this metric";
  return `Nothing of it was logged with ${axisName(x)}`;
}

function useChartModel(panel: ChartPanelProps["panel"], uids: readonly number[]): ChartModel {
  const scope = useScope();
  const [{ key: keyName }] = panel.keys;
  const isSystem = panel.type === "system";
  const settings = scope.charts.panels.settingsOf(panel);
  const model = useMemo(() => new ChartModel(scope, { keyName, isSystem, settings }, uids), [keyName, isSystem, settings]);
  useLayoutEffect(() => () => model.dispose(), [model]);
  useLayoutEffect(() => {
    const before = model.uids.peek();
    if (before.length !== uids.length || before.some((uid, i) => uid !== uids[i])) model.uids.value = uids;
  });
  return model;
}

/** The runs' values at the pointer, at the scrub bar, or their last: written without rendering. */
function Values({ model, most }: { model: ChartModel; most: number }): JSX.Element {
  const scope = useScope();
  const { runOf } = scope.runs;
  const host = useRef<HTMLSpanElement>(null);
  const width = useSignal(0);
  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    const sizes = new ResizeObserver(() => (width.value = element.clientWidth));
    sizes.observe(element);
    return () => sizes.disconnect();
  }, [width]);
  useLayoutEffect(
    () =>
      effect(() => {
        const readings = model.readings.value;
        const x = model.focusX();
        if (!host.current) return;
        drawValues(scope, host.current, readings, most, Math.floor(width.value / LETTER_PX));
        const where =
          x === null ? "last values" : `values at ${axisName(model.settings.value.x)} ${formatPosition(model.settings.value.x, x)}`;
        host.current.title = [
          where,
          ...readings.map((reading) => `${reading.name ?? runOf(reading.run)?.name ?? reading.run}: ${formatReading(reading.value)}`),
        ].join("\n");
      }),
    [model, most, width],
  );
  return <span ref={host} class="chart-values" />;
}

/** As many values as have room, each with its run's colour where there are several; the others are counted. */
function drawValues(scope: Scope, host: HTMLElement, readings: readonly Reading[], most: number, letters: number): void {
  const { runColor } = scope.runs;
  const values = readings.map((reading) => formatShort(reading.value));
  const count = valuesThatFit(values, most, letters);
  const drawn = readings.slice(0, count).map((reading, at) => {
    const value = document.createElement("span");
    value.className = readings.length > 1 ? "chart-value chart-value-run" : "chart-value";
    value.style.setProperty("--run", runColor(reading.run));
    value.textContent = values[at] ?? "";
    return value;
  });
  host.replaceChildren(...drawn, readings.length > count ? ` +${readings.length - count}` : "");
}

/** Letters that a run's dot and the room beside it take. */
const DOT_LETTERS = 2.6;

function valuesThatFit(values: readonly string[], most: number, letters: number): number {
  const dot = values.length > 1 ? DOT_LETTERS : 0;
  for (let count = Math.min(most, values.length); count > 1; count--) {
    const rest = values.length > count ? ` +${values.length - count}`.length : 0;
    if (values.slice(0, count).reduce((sum, text) => sum + text.length + dot, rest) <= letters) return count;
  }
  return Math.min(1, values.length);
}

function Note({ model }: { model: ChartModel }): JSX.Element | null {
  const text = model.note.value;
  return text === "" ? null : <div class="chart-note" role="note">{text}</div>;
}

/** In full size: every run with its value. */
function Legend({ model }: { model: ChartModel }): JSX.Element {
  const { labelOf, runColor, runOf } = useScope().runs;
  const readings = useComputed(() => new Map(model.readings.value.map((reading) => [reading.run, reading])));
  const curves = model.curves.value;
  const isGrouped = curves.some((curve) => curve.series.group);
  return (
    <ul class="chart-legend">
      {(isGrouped ? curves.map((curve) => curve.series.run) : model.uids.value).map((uid) => {
        const reading = readings.value.get(uid);
        const value = reading?.value;
        const run = runOf(uid);
        return (
          <li key={uid} class="chart-legend-run">
            <span class="chart-legend-line" style={{ background: runColor(uid) }} />
            <MiddleText text={reading?.name ?? (run ? labelOf(run) : `run ${uid}`)} />
            <span class="chart-legend-value">{value === undefined ? "–" : formatReading(value)}</span>
          </li>
        );
      })}
    </ul>
  );
}

interface ToolsProps extends ChartPanelProps {
  model: ChartModel;
  body: { current: HTMLDivElement | null };
}

function Tools({ model, body, panel, isFull }: ToolsProps): JSX.Element {
  const scope = useScope();
  const { fullChart, panels: { ownOf } } = scope.charts;
  const [{ key: keyName }] = panel.keys;
  const [isOpen, setOpen] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  const hasOwn = Object.keys(ownOf(panel)).length > 0;
  const isZoomed = model.shared.value.zoom.value !== null;
  return (
    <span class={`chart-tools${isOpen ? " chart-tools-shown" : ""}`}>
      {isZoomed && (
        <IconButton
          icon="reset"
          size={14}
          label="Show all of the x axis (double-click)"
          onClick={() => (model.shared.peek().zoom.value = null)}
        />
      )}
      <IconButton
        buttonRef={anchor}
        icon="settings"
        size={14}
        label={hasOwn ? "Settings of this chart (its own)" : "Settings of this chart"}
        isPressed={hasOwn}
        isExpanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      />
      <Menu
        label="More for this chart"
        icon="download"
        align="end"
        items={[
          {
            label: "Download PNG",
            isDisabled: model.isSingle.value,
            onSelect: () => void savePng(scope, model, body.current, panel.title),
          },
          {
            label: "Download CSV",
            detail: "values in sight",
            onSelect: () => void saveCsv(scope, model, runsOfPanel(scope, panel)),
          },
        ]}
      />
      {/* The address names the chart in full size by its key, and so only a key's automatic panel. */}
      {!isFull && panel.type === "chart" && isAutomatic(panel) && (
        <IconButton icon="expand" size={14} label="Full size" onClick={() => (fullChart.value = keyName)} />
      )}
      {isOpen && (
        <Popover anchor={anchor} label={`Settings of ${keyName}`} align="end" onClose={() => setOpen(false)}>
          <PanelForm panel={panel} />
        </Popover>
      )}
    </span>
  );
}

async function savePng(scope: Scope, model: ChartModel, body: HTMLDivElement | null, title: string): Promise<void> {
  const { runColor, runOf } = scope.runs;
  const canvas = body?.querySelector<HTMLCanvasElement>(".uplot canvas");
  if (!canvas) return;
  try {
    const entries = model.readings.peek().map((reading) => ({
      color: runColor(reading.run),
      text: `${reading.name ?? runOf(reading.run)?.name ?? reading.run}  ${formatReading(reading.value)}`,
    }));
    const colors = { surface: token("--surface"), text: token("--text"), faint: token("--text-2") };
    saveFile(await pngOf(canvas, uPlot.pxRatio, { title, entries, colors }), `${title}.png`);
  } catch (thrown) {
    showToast("The picture could not be made.", { tone: "error", hint: apiErrorFrom(thrown).message });
  }
}

async function saveCsv(scope: Scope, model: ChartModel, runs: readonly RunView[]): Promise<void> {
  try {
    const { text, isExact } = await csvOf(scope, {
      runs: runs.map(({ uid, name }) => ({ uid, name })),
      key: model.keyName,
      x: model.settings.peek().x,
      range: model.shared.peek().zoom.peek(),
      isSystem: model.isSystem,
    });
    saveFile(new Blob([text], { type: "text/csv" }), `${model.keyName}.csv`);
    if (!isExact) showToast(
      "The file holds buckets, not every point.",
      { hint: "Zoom in for single values, or read them all with the API's scan_history()." },
    );
  } catch (thrown) {
    const error = apiErrorFrom(thrown);
    showToast("The values could not be loaded.", { tone: "error", hint: error.message });
  }
}
