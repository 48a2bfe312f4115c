// uPlot's axes in our dress: tick places and labels for steps, durations, moments and log scales.

import type uPlot from "uplot";
import { type LabelledTicks, logTicks } from "@/lib/charts/ticks";
import { formatElapsed, formatTicks } from "@/lib/text/axisFormat";
import { pixelRatio } from "@/state/page/screen";

export type XKind = "number" | "time" | "relative";

export function xKindOf(axisName: string): XKind {
  return axisName === "time" ? "time" : axisName === "relative" ? "relative" : "number";
}

const DURATION_STEPS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200,
  86400, 172800, 432000, 864000,
];

const X_SPACE_PX = 52;
const Y_SPACE_PX = 30;

interface Look {
  text: string;
  line: string;
  font: string;
}

export function xAxis(kind: XKind, isLog: boolean, look: Look): uPlot.Axis {
  return {
    stroke: look.text,
    font: look.font,
    size: 20,
    gap: 4,
    space: kind === "time" ? 70 : X_SPACE_PX,
    ticks: { show: false },
    grid: { show: false },
    ...(isLog ? logPlaces((chart) => chart.bbox.width, X_SPACE_PX) : {}),
    ...(kind === "relative" && !isLog ? { incrs: DURATION_STEPS } : {}),
    ...(isLog ? {} : { values: (_chart: uPlot, splits: number[], _axis: number, _space: number, step: number) => {
      if (kind === "relative") return splits.map(formatElapsed);
      if (kind === "time") return splits.map((value, i) => momentTick(value, splits[i - 1], step));
      return formatTicks(splits, step);
    } }),
  };
}

export function yAxis(isLog: boolean, look: Look): uPlot.Axis {
  return {
    stroke: look.text,
    font: look.font,
    size: (chart, values) => labelWidth(chart, values, look.font),
    gap: 6,
    space: Y_SPACE_PX,
    ticks: { show: false },
    grid: { stroke: look.line, width: 1 },
    ...(isLog
      ? logPlaces((chart) => chart.bbox.height, Y_SPACE_PX)
      : { values: (_chart: uPlot, splits: number[], _axis: number, _space: number, step: number) => formatTicks(splits, step) }),
  };
}

/** uPlot's own places on a log axis begin at its odd end and are mostly dropped: these are round, and never fewer than two. */
function logPlaces(lengthOf: (chart: uPlot) => number, spacePx: number): Pick<uPlot.Axis, "splits" | "values" | "filter"> {
  const ticksOf = (chart: uPlot, from: number, to: number): LabelledTicks => logTicks(
    from,
    to,
    Math.floor(lengthOf(chart) / pixelRatio.peek() / spacePx),
  );
  let labels = new Map<number, string>();
  return {
    splits: (chart, _axis, from, to) => {
      const ticks = ticksOf(chart, from, to);
      labels = new Map(ticks.values.map((value, at) => [value, ticks.labels[at] ?? ""]));
      return ticks.values;
    },
    filter: (_chart, splits) => splits,
    values: (_chart, splits) => splits.map((value) => labels.get(value) ?? ""),
  };
}

const LEAST_LABEL_PX = 34;

function labelWidth(chart: uPlot, values: string[] | null, font: string): number {
  if (!values) return LEAST_LABEL_PX;
  const context = chart.ctx;
  context.save();
  context.font = font;
  const widest = values.reduce((most, text) => Math.max(most, context.measureText(text).width), 0);
  context.restore();
  // in coarse steps, so that the plot does not shiver while live values grow
  return Math.max(LEAST_LABEL_PX, Math.ceil((widest + 12) / 6) * 6);
}

function momentTick(value: number, before: number | undefined, step: number): string {
  const moment = new Date(value * 1000);
  const two = (part: number): string => String(part).padStart(2, "0");
  const day = `${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  if (step >= 86400) return day;
  const time = `${two(moment.getHours())}:${two(moment.getMinutes())}${step < 60 ? `:${two(moment.getSeconds())}` : ""}`;
  const isNewDay = before !== undefined && new Date(before * 1000).toDateString() !== moment.toDateString();
  return isNewDay ? `${day} ${time}` : time;
}
