/** How numbers are distributed: a heat map over steps, ridge lines, or the bars of the clock's step. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { HistogramReply, RunView } from "@/api/schema";
import { positionOfStep } from "@/lib/clock/resolve";
import { formatReading } from "@/lib/text/axisFormat";
import { BinText } from "@/media/histogram/HistogramCard";
import { Plot } from "@/media/histogram/Plot";
import { type Counted, type Span, binAt, columnAt, columnEdges, largestCount, spanOf, spread } from "@/media/histogram/maths";
import { frameOf, paintBars, paintClock, paintHeatMap, paintRidges, ridgeBases, valueFromX } from "@/media/histogram/paint";
import { isKnown } from "@/media/registry";
import { type PanelProps, runsHavingKey } from "@/panels/panel";
import { MiddleText } from "@/parts/MiddleText";
import { EmptyState, ErrorState } from "@/parts/States";
import { Choice } from "@/parts/Toggle";
import { Tooltip } from "@/parts/Tooltip";
import type { HistogramSettings, HistogramState } from "@/state/charts/histograms";
import { type Scope, useScope } from "@/state/scope";
import "@/media/histogram/histogram.css";
import "@/panels/histogram.css";

const HEIGHT = 188;
const SMALL_HEIGHT = 112;
const RIDGES = 32;
const SMALL_MULTIPLES = 12;

export function HistogramPanel({ panel }: PanelProps<"histogram">): JSX.Element {
  const scope = useScope();
  const { histograms: { panels: { change, settingsOf } }, runs: { labelOf, runColor } } = scope;
  const [{ key }] = panel.keys;
  const settings = settingsOf(panel).value;
  const { view, isLog } = settings;
  const runs = runsHavingKey(scope, panel);
  const [chosen, setChosen] = useState<number | "all">("all");
  const drawn = chosen === "all" ? runs : runs.filter((run) => run.uid === chosen);
  const one = drawn.length > 0 ? drawn : runs;
  const options = runs.slice(0, SMALL_MULTIPLES);
  const shared = view === "bars" ? null : sharedSpan(scope, one.slice(0, SMALL_MULTIPLES), key);
  return (
    <section class="histogram-panel" aria-label={key}>
      <header class="histogram-head">
        <h3>
          <MiddleText text={key} />
        </h3>
        {view === "heat" && (
          <button
            type="button"
            class="histogram-log"
            aria-pressed={isLog}
            title="Colour by the logarithm of the count, in all panels"
            onClick={() => change(panel, { isLog: !isLog })}
          >
            log
          </button>
        )}
      </header>
      <div class="histogram-bar">
        {runs.length > 1 && view !== "bars" && (
          <div class="histogram-runs" role="tablist" aria-label="Runs">
            <button type="button" role="tab" aria-selected={chosen === "all"} onClick={() => setChosen("all")}>
              all
            </button>
            {options.map((run) => (
              <button
                key={run.uid}
                type="button"
                role="tab"
                class="histogram-dot"
                aria-selected={chosen === run.uid}
                aria-label={labelOf(run)}
                title={labelOf(run)}
                style={{ "--run": runColor(run.uid) }}
                onClick={() => setChosen(chosen === run.uid ? "all" : run.uid)}
              />
            ))}
          </div>
        )}
        <Choice
          label="How to draw the histograms of all panels"
          value={view}
          options={[
            { value: "heat", label: "heat", title: "All panels: heat map over steps, colour is count" },
            { value: "ridges", label: "ridges", title: "All panels: a line for each step, oldest behind" },
            { value: "bars", label: "bars", title: "All panels: the bars of the clock's step" },
          ]}
          onChange={(next) => change(panel, { view: next })}
        />
      </div>
      {runs.length === 0 && <EmptyState isSmall title="No shown run has logged it." />}
      {view === "bars"
        ? runs.length > 0 && <BarsAtClock keyName={key} runs={runs} />
        : one
            .slice(0, SMALL_MULTIPLES)
            .map((run) => (
              <OverSteps
                key={run.uid}
                run={run}
                keyName={key}
                settings={settings}
                span={shared}
                height={one.length > 1 ? SMALL_HEIGHT : HEIGHT}
                hasName={one.length > 1}
              />
            ))}
      {view !== "bars" && one.length > SMALL_MULTIPLES && (
        <p class="histogram-note">
          {SMALL_MULTIPLES} of {one.length} runs drawn
        </p>
      )}
    </section>
  );
}

/** All runs over the same values, so that their pictures can be compared. */
function sharedSpan(scope: Scope, runs: readonly RunView[], key: string): Span | null {
  const { histogramsOf } = scope.histograms;
  const spans = runs.flatMap((run) => {
    const state = histogramsOf(run.uid, key).value;
    const span = state.is === "ready" ? spanOf(histogramsIn(state.reply)) : null;
    return span ? [{ bins: [span.min, span.max], values: [] }] : [];
  });
  return spanOf(spans);
}

function histogramsIn(reply: HistogramReply): Counted[] {
  return reply.steps.map((_, at) => ({ bins: reply.bins[at] ?? [], values: reply.values[at] ?? [] }));
}

function OverSteps({
  run,
  keyName,
  settings,
  span,
  height,
  hasName,
}: {
  run: RunView;
  keyName: string;
  settings: HistogramSettings;
  span: Span | null;
  height: number;
  hasName: boolean;
}): JSX.Element {
  const { histograms: { histogramsOf, reloadHistograms }, runs: { labelOf, runColor } } = useScope();
  const state: HistogramState = histogramsOf(run.uid, keyName).value;
  if (state.is === "failed") {
    return (
      <ErrorState
        isSmall
        title="The histograms could not be loaded"
        error={state.error}
        onRetry={() => reloadHistograms(run.uid, keyName)}
      />
    );
  }
  return (
    <div class="histogram-run" style={{ "--run": runColor(run.uid) }}>
      {hasName && (
        <div class="histogram-run-name">
          <MiddleText text={labelOf(run)} />
        </div>
      )}
      {state.is === "loading" ? (
        <div style={{ height: `${height}px` }} aria-busy="true" />
      ) : (
        <StepsPlot reply={state.reply} run={run} settings={settings} span={span} height={height} />
      )}
      {state.is === "ready" && (
        <p class="histogram-note">
          {state.reply.steps.length < state.reply.total
            ? `${formatReading(state.reply.steps.length)} of ${formatReading(state.reply.total)} steps drawn`
            : `${formatReading(state.reply.total)} ${state.reply.total === 1 ? "step" : "steps"}`}
          {settings.view === "ridges" && state.reply.steps.length > RIDGES && ` · ${RIDGES} ridges`}
        </p>
      )}
    </div>
  );
}

interface HoverAt {
  at: number;
  bin: number;
  clientX: number;
  clientY: number;
}

interface StepsPlotProps {
  reply: HistogramReply;
  run: RunView;
  settings: HistogramSettings;
  span: Span | null;
  height: number;
}

function StepsPlot({ reply, run, settings: { view, isLog }, span, height }: StepsPlotProps): JSX.Element {
  const {
    clock: { axis, moveTo, now },
    runs: { runColor },
    steps: { stepsOf },
    tracks: { trackOf },
  } = useScope();
  const [hover, setHover] = useState<HoverAt | null>(null);
  const all = histogramsIn(reply);
  if (!span || reply.steps.length === 0) return <EmptyState isSmall title="No steps yet" />;
  const largest = largestCount(all);
  const edges = columnEdges(reply.steps);
  const steps: Span = { min: edges[0] ?? 0, max: edges.at(-1) ?? 1 };
  const picks = spread(reply.steps.length, RIDGES);
  const isHeat = view === "heat";
  const track = trackOf(run.uid, reply.key);
  const clock = stepsOf([run.uid], reply.key)[0]?.step ?? (axis.value === "step" ? now.value : null);

  const find = (at: { x: number; y: number; width: number }): { at: number; bin: number } => {
    const frame = frameOf(at.width, height);
    if (isHeat) {
      const column = columnAt(edges, valueFromX(frame, steps, at.x));
      const value = span.min + (span.max - span.min) * (1 - (at.y - frame.top) / frame.height);
      const histogram = all[column];
      return { at: column, bin: histogram ? binAt(histogram, value) : -1 };
    }
    // The front ridge whose base lies nearest below the pointer.
    const bases = ridgeBases(frame, picks.length);
    const index = bases.findIndex((base) => base >= at.y - 1);
    const pick = picks[index < 0 ? picks.length - 1 : index] ?? -1;
    const histogram = all[pick];
    return { at: pick, bin: histogram ? binAt(histogram, valueFromX(frame, span, at.x)) : -1 };
  };
  const hovered = hover ? all[hover.at] : undefined;
  return (
    <>
      <Plot
        class="plot-clickable"
        label={`${reply.key} of ${run.name}: histograms of ${reply.steps.length} steps`}
        height={height}
        paint={(context, width, _height, ink, ratio) => {
          const frame = frameOf(width, height);
          if (isHeat) {
            paintHeatMap(
              context,
              frame,
              { steps: reply.steps, histograms: all, x: steps, y: span, largest, isLog },
              ink,
              ratio,
            );
            if (clock !== null && clock !== undefined) paintClock(context, frame, steps, clock, ink.accent);
          } else {
            const ridges = picks.map((pick) => ({ step: reply.steps[pick] ?? 0, histogram: all[pick] ?? { bins: [], values: [] } }));
            paintRidges(context, frame, ridges, span, largest, runColor(run.uid), ink, hover ? picks.indexOf(hover.at) : -1);
          }
        }}
        onHover={(at) => {
          const found = at ? find(at) : null;
          setHover(at && found && found.at >= 0 ? { ...found, clientX: at.clientX, clientY: at.clientY } : null);
        }}
        onClick={(at) => {
          const step = reply.steps[find(at).at];
          if (step === undefined) return;
          const there = track ? positionOfStep(track, step) : null;
          if (there !== null) moveTo(there);
        }}
      />
      {hover && hovered && (
        <Tooltip x={hover.clientX} y={hover.clientY}>
          <div>
            <b>step {formatReading(reply.steps[hover.at] ?? 0)}</b> · {run.name}
          </div>
          {hover.bin >= 0 ? (
            <BinText histogram={{ bins: [...hovered.bins], values: [...hovered.values] }} bin={hover.bin} />
          ) : (
            <div>no bin here</div>
          )}
        </Tooltip>
      )}
    </>
  );
}

/** The exact histograms at the clock's step, all runs over one another. */
function BarsAtClock({ keyName, runs }: { keyName: string; runs: readonly RunView[] }): JSX.Element {
  const { cells: { cellAt }, runs: { runColor }, steps: { stepsOf } } = useScope();
  const [hover, setHover] = useState<{ value: number; clientX: number; clientY: number } | null>(null);
  const steps = stepsOf(runs.map((run) => run.uid), keyName);
  const found = runs.flatMap((run, at) => {
    const step = steps[at]?.step;
    if (step === null || step === undefined) return [];
    const state = cellAt(run.uid, keyName, step).value;
    const item = state.is === "ready" ? state.cell.items[0] : undefined;
    return isKnown(item) && item.kind === "histogram" ? [{ run, step, histogram: item }] : [];
  });
  const span = spanOf(found.map(({ histogram }) => histogram));
  if (!span) {
    const isLoading = steps.some(({ step }) => step !== null);
    return <div class="histogram-none" style={{ height: `${HEIGHT}px` }}>{isLoading ? "" : steps[0]?.nothing}</div>;
  }
  const largest = largestCount(found.map(({ histogram }) => histogram));
  const [first] = found;
  const focus = hover && first ? binAt(first.histogram, hover.value) : -1;
  const shownSteps = [...new Set(found.map(({ step }) => formatReading(step)))].slice(0, 3).join(", ");
  return (
    <>
      <Plot
        label={`${keyName}: histogram at the clock's step`}
        height={HEIGHT}
        paint={(context, width, _height, ink) =>
          paintBars(
            context,
            frameOf(width, HEIGHT),
            found.map(({ run, histogram }) => ({
              histogram,
              color: runColor(run.uid),
            })),
            span,
            largest,
            ink,
            focus,
            true,
          )
        }
        onHover={(at) =>
          setHover(at ? { value: valueFromX(frameOf(at.width, HEIGHT), span, at.x), clientX: at.clientX, clientY: at.clientY } : null)
        }
      />
      <p class="histogram-note">
        {found.length === 1
          ? `step ${formatReading(first?.step ?? 0)}`
          : `${found.length} of ${runs.length} runs at ${shownSteps}`}
      </p>
      {hover && (
        <Tooltip x={hover.clientX} y={hover.clientY}>
          {found.map(({ run, step, histogram }) => {
            const bin = binAt(histogram, hover.value);
            return bin < 0 ? null : (
              <div key={run.uid} class="histogram-tip" style={{ "--run": runColor(run.uid) }}>
                <b>{run.name}</b> · step {formatReading(step)}
                <BinText histogram={histogram} bin={bin} />
              </div>
            );
          })}
        </Tooltip>
      )}
    </>
  );
}
