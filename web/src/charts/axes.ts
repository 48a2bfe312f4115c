// uPlot's axes in our dress: tick places and labels for steps, durations, moments and log scales.

import type uPlot from "uplot";
import { formatDuration, formatLogTick, formatTicks } from "./format";

export type XKind = "number" | "time" | "relative";

export function xKindOf(axisName: string): XKind {
  return axisName === "time" ? "time" : axisName === "relative" ? "relative" : "number";
}

const DURATION_STEPS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200,
  86400, 172800, 432000, 864000,
];

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
    space: kind === "time" ? 70 : 52,
    ticks: { show: false },
    grid: { show: false },
    ...(kind === "relative" && !isLog ? { incrs: DURATION_STEPS } : {}),
    values: (_chart, splits, _axis, _space, step) => {
      if (isLog) return splits.map((value: number | null) => (value === null ? "" : formatLogTick(value)));
      if (kind === "relative") return splits.map(formatDuration);
      if (kind === "time") return splits.map((value, i) => momentTick(value, splits[i - 1], step));
      return formatTicks(splits, step);
    },
  };
}

export function yAxis(isLog: boolean, look: Look): uPlot.Axis {
  return {
    stroke: look.text,
    font: look.font,
    size: (chart, values) => labelWidth(chart, values, look.font),
    gap: 6,
    space: isLog ? 18 : 30,
    ticks: { show: false },
    grid: { stroke: look.line, width: 1 },
    values: (_chart, splits, _axis, _space, step) =>
      isLog ? splits.map((value: number | null) => (value === null ? "" : formatLogTick(value))) : formatTicks(splits, step),
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
