/** A chart of a table: title, controls, the drawing, and words where it is not all that was logged. */
import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ChartRecord } from "@/api/schema";
import { formatNumber } from "@/lib/text/format";
import { usualBins } from "@/media/chart/bins";
import { VegaPlot } from "@/media/chart/VegaPlot";
import { type CellShare, type ClassOrder, matrixFrom } from "@/media/chart/matrix";
import {
  type Place,
  type Plan,
  barPlan,
  curvePlan,
  histogramPlan,
  likelyPreset,
  linePlan,
  matrixPlan,
  presetOf,
  scatterPlan,
} from "@/media/chart/presets";
import { type ChartRows, FIRST_ROWS, MOST_ROWS, chartRows, retryRows } from "@/media/chart/rows";
import { fieldOf, textOf } from "@/media/chart/values";
import { FigureFrame } from "@/media/figure/FigureFrame";
import { FigureThumb } from "@/media/figure/FigureStill";
import { fetchText } from "@/media/figure/texts";
import { figureTheme } from "@/media/figure/theme";
import { type Json, fillSpec, isJson, modeOf } from "@/media/vega/spec";
import type { CardProps } from "@/media/view";
import { Button, IconButton } from "@/parts/Button";
import { useRecovery } from "@/parts/useRecovery";
import { Slider } from "@/parts/Slider";
import { Choice, Select } from "@/parts/Toggle";
import "@/media/chart/chart.css";

const HEAD = 30;
const VEGA_LIMIT_SECS = 5;

export function ChartCard({ record, size, box }: CardProps<ChartRecord>): JSX.Element {
  const name = titleOf(record);
  if (size === "thumb") return <FigureThumb icon="chart" text={name} />;
  return <Chart record={record} size={size} box={box} name={name} />;
}

export function titleOf(record: ChartRecord): string {
  return record.strings?.["title"] || record.caption || record.preset.replace(/^wandb\/|\/v\d+$/g, "");
}

function Chart({
  record,
  size,
  box,
  name,
}: {
  record: ChartRecord;
  size: "cell" | "full";
  box: { width: number; height: number } | undefined;
  name: string;
}): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const [measured, setMeasured] = useState<{ width: number; height: number } | null>(null);
  const [limit, setLimit] = useState(FIRST_ROWS);
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element || box) return;
    const observer = new ResizeObserver(() => setMeasured({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, [box === undefined]);
  const room = box ?? measured;
  const state = chartRows(record, limit).value;
  const retry = (): void => {
    retryRows(record);
    setLimit(limit === FIRST_ROWS ? FIRST_ROWS + 1 : FIRST_ROWS);
  };
  useRecovery(state.is === "failed" ? retry : undefined);
  return (
    <div ref={frame} class={`preset preset-${size}`} aria-busy={state.is === "loading"}>
      {state.is === "loading" && <div class="figure-words figure-over">loading</div>}
      {state.is === "failed" && (
        <div class="figure-words figure-failed figure-over" role="alert">
          <span>
            {state.error.message} {state.error.hint}
          </span>
          <Button look="plain" icon="reset" onClick={retry}>
            Try again
          </Button>
        </div>
      )}
      {state.is === "ready" && room && room.width > 0 && (
        <Drawn record={record} data={state.data} room={room} size={size} name={name} onMore={() => setLimit(MOST_ROWS)} />
      )}
    </div>
  );
}

interface DrawnProps {
  record: ChartRecord;
  data: ChartRows;
  room: { width: number; height: number };
  size: "cell" | "full";
  name: string;
  onMore: () => void;
}

function Drawn({ record, data, room, size, name, onMore }: DrawnProps): JSX.Element {
  const known = presetOf(record);
  const preset = known ?? (record.spec ? null : likelyPreset(record, data));
  const theme = figureTheme();
  const [failure, setFailure] = useState<string | null>(null);
  const [pngs, setPngs] = useState(0);
  const [bins, setBins] = useState<number | null>(null);
  const [share, setShare] = useState<CellShare>("count");
  const [order, setOrder] = useState<ClassOrder>("logged");
  const usual = useMemo(
    () => (preset === "histogram" ? usualBins(fieldOf(data, record.fields?.["value"])?.values ?? []) : 0),
    [data, preset],
  );
  const place: Place = { width: room.width, height: Math.max(60, room.height - HEAD), isFull: size === "full", isDark: theme.isDark };
  const made = useMemo<{ plan: Plan | null; reason: string; note: string }>(() => {
    try {
      return { reason: "", ...planOf() };
    } catch (thrown) {
      return { plan: null, reason: thrown instanceof Error ? thrown.message : String(thrown), note: "" };
    }
  }, [data, record, place.width, place.height, place.isFull, place.isDark, bins, share, order]);
  if (preset === null) return <CustomSpec record={record} data={data} name={name} />;

  function planOf(): { plan: Plan | null; note: string } {
    switch (preset) {
      case "line": return { plan: linePlan(record, data, place, { x: "x", y: "y", color: "stroke" }), note: "" };
      case "lineseries": return { plan: linePlan(record, data, place, { x: "step", y: "lineVal", color: "lineKey" }), note: "" };
      case "scatter": return { plan: scatterPlan(record, data, place), note: "" };
      case "bar": return { plan: barPlan(record, data, place), note: "" };
      case "area-under-curve": return { plan: curvePlan(record, data, place), note: "" };
      case "histogram": {
        const plan = histogramPlan(record, data, place, bins ?? usual);
        return { plan, note: plan.bins?.leftOut ? `${formatNumber(plan.bins.leftOut)} without a number` : "" };
      }
      case "confusion_matrix": {
        const [actual, predicted, counts] = ["Actual", "Predicted", "nPredictions"].map((name) => fieldOf(data, record.fields?.[name]));
        if (!actual || !predicted || !counts) throw new Error("The table lacks a column of the confusion matrix.");
        const matrix = matrixFrom(actual, predicted, counts, order);
        return {
          plan: matrixPlan(matrix, place, share),
          note: matrix.accuracy === null ? "" : `${formatNumber(matrix.total)} samples, ${(matrix.accuracy * 100).toFixed(1)} % right`,
        };
      }
      default: return { plan: null, note: "" };
    }
  }

  const reason = failure ?? made.reason;
  return (
    <>
      <header class="preset-head">
        <span class="preset-title truncate" title={name}>
          {name}
        </span>
        {!known && (
          <span class="preset-note truncate" title={`The preset “${record.preset}” is not known here: drawn by its fields`}>
            “{record.preset}” is not known, drawn by its fields
          </span>
        )}
        {data.rows.length < data.total && (
          <span class="preset-cut" role="status">
            {formatNumber(data.rows.length)} of {formatNumber(data.total)} rows shown
            {data.rows.length < MOST_ROWS && (
              <Button look="plain" onClick={onMore}>
                {data.total > MOST_ROWS ? `Show ${formatNumber(MOST_ROWS)}` : "Show all"}
              </Button>
            )}
          </span>
        )}
        {made.note && (
          <span class="preset-note truncate" title={made.note}>
            {made.note}
          </span>
        )}
        <span class="preset-tools" data-own-keys>
          {preset === "histogram" && made.plan && (
            <span class="preset-bins">
              <Slider
                label="Bins"
                value={bins ?? usual}
                min={2}
                max={200}
                step={1}
                text={`about ${bins ?? usual} bins`}
                onInput={setBins}
              />
            </span>
          )}
          {preset === "confusion_matrix" && (
            <>
              {room.width >= 560 && (
                <Select<ClassOrder>
                  label="Order of the classes"
                  value={order}
                  onChange={setOrder}
                  options={[
                    { value: "logged", label: "as logged" },
                    { value: "name", label: "by name" },
                    { value: "size", label: "by size" },
                  ]}
                />
              )}
              <Choice<CellShare>
                label="What the cells say"
                value={share}
                onChange={setShare}
                options={[
                  { value: "count", label: "Counts", title: "How many samples" },
                  { value: "row", label: "Rows %", title: "Shares of each actual class: recall" },
                  { value: "column", label: "Cols %", title: "Shares of each predicted class: precision" },
                ]}
              />
            </>
          )}
          <span class="preset-save">
            <IconButton icon="download" label="Save as PNG" size={14} onClick={() => setPngs(pngs + 1)} />
          </span>
        </span>
      </header>
      <div class="preset-body" style={{ height: `${place.height}px` }}>
        {reason ? (
          <div class="figure-words figure-failed" role="alert">
            {reason}
          </div>
        ) : made.plan && data.rows.length > 0 ? (
          <VegaPlot plan={made.plan} theme={theme} label={name} pngs={pngs} onFail={setFailure} />
        ) : (
          <div class="figure-words">The table has no rows.</div>
        )}
      </div>
    </>
  );
}

/** A specification of the user's own runs where users' specifications run: in a frame. */
function CustomSpec({ record, data, name }: { record: ChartRecord; data: ChartRows; name: string }): JSX.Element {
  const { spec: blob } = record;
  if (!blob) {
    return (
      <div class="figure-words figure-over">
        <span>“{record.preset}” is a preset that this page does not know.</span>
        <span>Log the chart with its Vega specification, as a dict, in the place of the name.</span>
      </div>
    );
  }
  const load = async (): Promise<string> => {
    const spec: unknown = JSON.parse(await fetchText(blob));
    if (!isJson(spec)) throw new Error("This is no Vega specification.");
    const names = data.columns.map((column) => column.name);
    const rows = data.rows.map((row): Json => Object.fromEntries(names.map((column, at) => [column, plain(row[at])])));
    return JSON.stringify(fillSpec(spec, record.fields ?? {}, record.strings ?? {}, rows, modeOf(spec)));
  };
  return (
    <FigureFrame
      frame="vega"
      figureKey={`${blob.sha256} ${record.table.blob.sha256} ${data.rows.length} ${JSON.stringify([record.fields, record.strings])}`}
      load={load}
      sizeBytes={blob.size_bytes + record.table.blob.size_bytes}
      title={`Vega chart: ${name}`}
      fileName={name}
      limitSecs={VEGA_LIMIT_SECS}
    />
  );
}

function plain(value: unknown): unknown {
  return typeof value === "object" && value !== null ? textOf(value) : value;
}
