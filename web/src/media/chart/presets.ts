/** Vega-Lite specifications of the known presets, in a look of our own. Pure functions. */
import type { ChartRecord } from "@/api/schema";
import { type Bins, countInBins } from "@/media/chart/bins";
import { areasUnder } from "@/media/chart/curves";
import { type CellShare, type Matrix, cellsOf } from "@/media/chart/matrix";
import type { ChartRows } from "@/media/chart/rows";
import { type Field, fieldOf, namesOf } from "@/media/chart/values";
import type { Json } from "@/media/vega/spec";

export type PresetName = "line" | "scatter" | "bar" | "histogram" | "lineseries" | "area-under-curve" | "confusion_matrix";

const NAMES: Readonly<Record<string, PresetName>> = {
  "wandb/line/v0": "line",
  "wandb/scatter/v0": "scatter",
  "wandb/bar/v0": "bar",
  "wandb/histogram/v0": "histogram",
  "wandb/lineseries/v0": "lineseries",
  "wandb/area-under-curve/v0": "area-under-curve",
  "wandb/confusion_matrix/v0": "confusion_matrix",
  "wandb/confusion_matrix/v1": "confusion_matrix",
};

/** null: not one that we know. */
export function presetOf(record: ChartRecord): PresetName | null {
  return record.spec ? null : (NAMES[record.preset] ?? null);
}

/** What a preset that we do not know is like, from the fields that it has; null: like nothing. */
export function likelyPreset(record: ChartRecord, data: ChartRows): PresetName | null {
  const has = (...names: string[]): boolean => names.every((name) => fieldOf(data, record.fields?.[name]) !== undefined);
  if (has("x", "y")) return fieldOf(data, record.fields?.["x"])?.measure === "nominal" || has("stroke") ? "line" : "scatter";
  if (has("label", "value")) return "bar";
  if (has("step", "lineKey", "lineVal")) return "lineseries";
  return has("value") ? "histogram" : null;
}

export interface Place {
  width: number;
  height: number;
  /** Room and time for zooming, and for all labels. */
  isFull: boolean;
  isDark: boolean;
}

/** A specification, and the size that it needs: more than the place has where it would be unreadable; then the card scrolls. */
export interface Plan {
  spec: Json;
  width: number;
  height: number;
}

/** Beyond these a nearest point is not looked for at every move, and points are not marked. */
const NEAREST_LIMIT = 5_000;
const MARKS_LIMIT = 60;
const LEGEND_LIMIT = 30;
const BAR_ROOM = 15;
const WIDE_FROM = 420;

/** The column behind a preset's field, with words for one that is not there. */
function need(data: ChartRows, record: ChartRecord, field: string): Field {
  const name = record.fields?.[field];
  const found = fieldOf(data, name);
  if (!found) {
    throw new Error(name === undefined ? `The chart says no column for “${field}”.` : `The table has no column “${name}”.`);
  }
  return found;
}

function axisTitle(record: ChartRecord, name: string, other: string): string {
  return record.strings?.[name] || other;
}

export function linePlan(record: ChartRecord, data: ChartRows, place: Place, names: { x: string; y: string; color: string }): Plan {
  const x = need(data, record, names.x);
  const y = need(data, record, names.y);
  const color = fieldOf(data, record.fields?.[names.color]);
  const lines = color ? namesOf(color) : [];
  const values = x.values.map((at, index) => ({ x: at, y: y.values[index] ?? null, c: String(color?.values[index] ?? "none") }));
  const isSparse = values.length / Math.max(1, lines.length) <= MARKS_LIMIT && values.length <= 600;
  const xTitle = names.x === "step" ? axisTitle(record, "xname", x.name) : x.name;
  return {
    ...place,
    spec: framed(
      place,
      values,
      [
        {
          mark: {
            type: "line",
            point: isSparse ? { size: 18, filled: true } : false,
            strokeWidth: 1.75,
            clip: true,
            invalid: "break-paths-show-path-domains",
          },
          encoding: colored(color, lines, place, "c"),
          params: color ? [legendPick("c")] : [],
        },
        ...nearest(
          values.length,
          [
            { field: "x", title: xTitle, type: x.measure },
            { field: "y", title: names.y === "lineVal" ? "value" : y.name, type: y.measure },
            ...(color ? [{ field: "c", title: names.color === "lineKey" ? "line" : color.name }] : []),
          ],
          place,
        ),
      ],
      { x: position(x, "x", xTitle), y: position(y, "y", names.y === "lineVal" ? "" : y.name) },
    ),
  };
}

export function scatterPlan(record: ChartRecord, data: ChartRows, place: Place): Plan {
  const [x, y] = [need(data, record, "x"), need(data, record, "y")];
  const values = x.values.map((at, index) => ({ x: at, y: y.values[index] ?? null }));
  const opacity = values.length > 5_000 ? 0.25 : values.length > 500 ? 0.5 : 0.75;
  return {
    ...place,
    spec: framed(place, values, [
      { mark: { type: "point", filled: true, size: values.length > 2_000 ? 12 : 28, opacity, clip: true, invalid: "filter" } },
      ...nearest(values.length, [{ field: "x", title: x.name, type: x.measure }, { field: "y", title: y.name, type: y.measure }], place),
    ], { x: position(x, "x", x.name), y: position(y, "y", y.name) }),
  };
}

/** Upright while the labels fit under the bars, else lying. */
export function barPlan(record: ChartRecord, data: ChartRows, place: Place): Plan {
  const [label, value] = [need(data, record, "label"), need(data, record, "value")];
  const values = label.values.map((name, at) => ({ l: String(name ?? "none"), v: value.values[at] ?? null }));
  const longest = Math.max(0, ...values.map(({ l }) => Math.min(20, l.length)));
  const isUpright = values.length * Math.max(24, longest * 6.5) <= place.width - 60;
  const height = isUpright ? place.height : Math.max(place.height, place.isFull ? values.length * BAR_ROOM + 60 : 0);
  const names: Json = {
    field: "l",
    type: "nominal",
    sort: null,
    title: label.name,
    axis: { labelAngle: 0, grid: false, ticks: false, labelOverlap: true, titleAnchor: "middle" },
  };
  const amounts: Json = { field: "v", type: "quantitative", title: value.name, stack: null };
  const tooltip = [{ field: "l", title: label.name }, { field: "v", title: value.name, type: "quantitative" }];
  return {
    ...place,
    height,
    spec: framed(
      { ...place, height },
      values,
      [{ mark: { type: "bar", cornerRadiusEnd: 2, opacity: 0.9 }, encoding: { tooltip } }],
      isUpright ? { x: names, y: amounts } : { y: names, x: amounts },
    ),
  };
}

export function histogramPlan(record: ChartRecord, data: ChartRows, place: Place, wanted: number): Plan & { bins: Bins | null } {
  const value = need(data, record, "value");
  if (value.measure !== "quantitative") {
    const counts = new Map<string, number>();
    for (const one of value.values) counts.set(String(one ?? "none"), (counts.get(String(one ?? "none")) ?? 0) + 1);
    const rows: ChartRows = {
      columns: [
        { name: value.name, type: "string" },
        { name: "count", type: "integer" },
      ],
      rows: [...counts],
      total: counts.size,
    };
    return { ...barPlan({ ...record, fields: { label: value.name, value: "count" } }, rows, place), bins: null };
  }
  const bins = countInBins(value.values, wanted);
  const values = bins.counts.map((count, at) => ({ from: bins.edges[at], to: bins.edges[at + 1], count }));
  const tooltip = [
    { field: "from", title: "from", type: "quantitative", format: "~g" },
    { field: "to", title: "to", type: "quantitative", format: "~g" },
    { field: "count", type: "quantitative", format: ",d" },
  ];
  return {
    ...place,
    bins,
    spec: framed(
      place,
      values,
      [{ mark: { type: "bar", binSpacing: values.length > 60 ? 0 : 1, opacity: 0.9 }, encoding: { x2: { field: "to" }, tooltip } }],
      {
        x: {
          field: "from",
          type: "quantitative",
          bin: "binned",
          title: value.name,
          scale: { zero: false, nice: false },
          axis: { grid: false },
        },
        y: { field: "count", type: "quantitative", title: "count", axis: { tickMinStep: 1 } },
      },
    ),
  };
}

/** ROC and precision-recall curves: the unit square, with areas in the legend. */
export function curvePlan(record: ChartRecord, data: ChartRows, place: Place): Plan {
  const [x, y] = [need(data, record, "x"), need(data, record, "y")];
  const className = fieldOf(data, record.fields?.["class"]);
  const raw = x.values.map((_, at) => String(className?.values[at] ?? "all"));
  const isRoc = /true pos|tpr/i.test(`${record.strings?.["y-axis-title"] ?? ""} ${y.name}`);
  const word = isRoc ? "AUC" : "AP";
  const rough = areasUnder(x, y, raw);
  const labels = new Map<string, string>();
  for (const name of new Set(raw)) {
    const exact = record.areas?.[name];
    const area = exact ?? rough.get(name);
    labels.set(
      name,
      area === undefined || Number.isNaN(area)
        ? `${name} · no curve`
        : `${name} · ${word} ${exact === undefined ? "≈ " : ""}${area.toFixed(3)}`,
    );
  }
  const values = x.values.map((at, index) => ({ x: at, y: y.values[index] ?? null, c: labels.get(raw[index] ?? "") ?? "" }));
  const lines = [...labels.values()];
  const chance = {
    data: {
      values: [
        { x: 0, y: 0 },
        { x: 1, y: 1 },
      ],
    },
    mark: { type: "line", strokeDash: [4, 4], strokeWidth: 1, opacity: 0.6, color: "#8a8f98", tooltip: null },
  };
  const square: Json = { domain: [0, 1], nice: false };
  const [xTitle, yTitle] = [axisTitle(record, "x-axis-title", x.name), axisTitle(record, "y-axis-title", y.name)];
  const colorField: Field = { name: className?.name ?? "class", measure: "nominal", values: values.map(({ c }) => c) };
  return {
    ...place,
    spec: framed(
      place,
      values,
      [
        ...(isRoc ? [chance] : []),
        {
          mark: {
            type: "line",
            strokeWidth: 1.75,
            clip: true,
            interpolate: isRoc ? "linear" : "monotone",
            ...(isRoc ? { order: null } : {}),
          },
          encoding: { ...colored(colorField, lines, place, "c"), order: { value: null } },
          params: [legendPick("c")],
        },
        ...nearest(
          values.length,
          [
            { field: "x", title: xTitle, type: "quantitative" },
            { field: "y", title: yTitle, type: "quantitative" },
            { field: "c", title: "class" },
          ],
          place,
        ),
      ],
      {
        x: { field: "x", type: "quantitative", title: xTitle, scale: square, axis: { format: "~g" } },
        y: { field: "y", type: "quantitative", title: yTitle, scale: square, axis: { format: "~g" } },
      },
    ),
  };
}

const CELL_TEXT_FROM = 26;
const CELL_LEAST = 11;
const LIGHT_RAMP = ["#f0f4fa", "#c9ddf3", "#8fbce4", "#4d92cb", "#1f63a8", "#0b3a76"];
const DARK_RAMP = ["#20242e", "#1f3a5f", "#245b94", "#3a86c8", "#7fb6e6", "#d7eafb"];

export function matrixPlan(matrix: Matrix, place: Place, share: CellShare): Plan {
  const { classes } = matrix;
  const labelRoom = Math.min(120, 8 + 6.2 * Math.max(4, ...classes.map((name) => name.length)));
  const wanted = classes.length * CELL_LEAST + labelRoom + 60;
  const [width, height] = place.isFull ? [Math.max(place.width, wanted), Math.max(place.height, wanted)] : [place.width, place.height];
  const cell = Math.min((width - labelRoom - 90) / classes.length, (height - labelRoom - 40) / classes.length);
  const field = share === "count" ? "count" : share;
  const values = cellsOf(matrix);
  const most = Math.max(1e-9, ...values.map((one) => one[field]));
  const text = share === "count" ? "~s" : ".0%";
  const tooltip = [
    { field: "actual", title: "actual" },
    { field: "predicted", title: "predicted" },
    { field: "count", type: "quantitative", title: "count", format: "," },
    { field: "row", type: "quantitative", title: "of the actual", format: ".1%" },
    { field: "column", type: "quantitative", title: "of the predicted", format: ".1%" },
  ];
  const axis: Json = {
    labelOverlap: cell >= 11 ? false : true,
    ticks: false,
    domain: false,
    grid: false,
    labelLimit: 120,
    labelFontSize: cell >= 13 ? 11 : 9,
  };
  const scale: Json = { domain: classes, paddingInner: cell > 20 ? 0.03 : 0 };
  const widest = Math.max(...classes.map((name) => name.length)) * 6.2;
  const layers: Json[] = [
    {
      mark: { type: "rect" },
      encoding: {
        color: {
          field,
          type: "quantitative",
          scale: {
            type: share === "count" ? "sqrt" : "linear",
            domain: [0, share === "count" ? most : 1],
            range: place.isDark ? DARK_RAMP : LIGHT_RAMP,
          },
          legend: { title: share === "count" ? "count" : "share", format: share === "count" ? "~s" : ".0%", gradientThickness: 10 },
        },
        tooltip,
      },
    },
  ];
  if (cell >= CELL_TEXT_FROM) {
    const isStrong = share === "count" ? `sqrt(datum.${field} / ${most}) > 0.55` : `datum.${field} > 0.55`;
    layers.push({
      transform: [{ filter: `datum.count > 0` }],
      mark: { type: "text", fontSize: Math.min(12, Math.max(9, cell / 3.4)), tooltip: null },
      encoding: {
        text: { field, type: "quantitative", format: share === "count" && most < 10_000 ? "d" : text },
        color: { condition: { test: isStrong, value: place.isDark ? "#0b1220" : "#ffffff" }, value: place.isDark ? "#e9eaee" : "#17181c" },
      },
    });
  }
  return {
    width,
    height,
    spec: framed({ ...place, width, height }, values, layers, {
      x: {
        field: "predicted",
        type: "nominal",
        sort: null,
        title: "Predicted",
        scale,
        axis: { ...axis, labelAngle: cell < widest + 6 ? -60 : 0 },
      },
      y: { field: "actual", type: "nominal", sort: null, title: "Actual", scale, axis },
    }),
  };
}

/** The parts that all have in common: size, data, layers over the same axes. */
function framed(place: Place, values: readonly Json[], layer: readonly Json[], encoding: Json): Json {
  return {
    width: place.width,
    height: place.height,
    autosize: { type: "fit", contains: "padding" },
    data: { values },
    encoding,
    layer: layer.map((one, at) =>
      at === 0 && place.isFull && isZoomable(encoding)
        ? { ...one, params: [...((one["params"] as Json[] | undefined) ?? []), { name: "zoom", select: "interval", bind: "scales" }] }
        : one,
    ),
  };
}

function isZoomable(encoding: Json): boolean {
  return (
    ["x", "y"].every((channel) => ["quantitative", "temporal"].includes(String((encoding[channel] as Json | undefined)?.["type"]))) &&
    !("x2" in encoding)
  );
}

function position({ measure }: Field, channel: "x" | "y", title: string): Json {
  const axis: Json = measure === "nominal" ? { labelAngle: 0, labelOverlap: true } : channel === "x" ? { grid: false } : {};
  return {
    field: channel,
    type: measure,
    title,
    axis,
    ...(measure === "nominal" ? { sort: null } : { scale: { zero: false, nice: channel === "y" } }),
  };
}

function colored(color: Field | undefined, lines: readonly string[], place: Place, field: string): Json {
  if (!color) return {};
  const isWide = place.width >= WIDE_FROM;
  const legend: Json = {
    title: null,
    symbolType: "stroke",
    symbolLimit: Math.max(2, Math.min(LEGEND_LIMIT, Math.floor((place.height - 30) / (isWide ? 15 : 60)))),
    orient: isWide ? "right" : "bottom",
    columns: isWide ? 1 : Math.max(1, Math.floor(place.width / 140)),
  };
  return {
    color: { field, type: "nominal", sort: null, scale: { domain: lines }, legend: lines.length > 1 || field === "c" ? legend : null },
    opacity: { condition: { param: "pick", value: 1 }, value: 0.12 },
  };
}

function legendPick(field: string): Json {
  return { name: "pick", select: { type: "point", fields: [field] }, bind: "legend" };
}

/** A ring around the point nearest to the pointer, with its values beside it. */
function nearest(count: number, tooltip: readonly Json[], place: Place): Json[] {
  if (count > NEAREST_LIMIT) return [];
  return [
    {
      mark: {
        type: "point",
        size: 46,
        strokeWidth: 2,
        filled: false,
        color: place.isDark ? "#e9eaee" : "#17181c",
        clip: true,
        invalid: "filter",
      },
      params: [{ name: "near", select: { type: "point", nearest: true, on: "pointerover", clear: "pointerout" } }],
      encoding: {
        opacity: { condition: { param: "near", empty: false, value: 1 }, value: 0 },
        tooltip: tooltip.map((one) => ({ type: "nominal", ...(one["type"] === "quantitative" ? { format: ".6~g" } : {}), ...one })),
      },
    },
  ];
}
