// A chart as a file: PNG of what is drawn (with title and legend), CSV of the values in sight.

import type { SeriesReply, SeriesRequest } from "@/api/schema";
import { saveBlob } from "@/lib/browser/saving";
import { formatExact } from "@/lib/text/axisFormat";
import { csvField } from "@/lib/text/csv";
import { type Series, seriesFrom } from "@/state/metrics/series";
import type { Scope } from "@/state/scope";

/** Points per run up to which a CSV holds each value; beyond, rows are buckets and say so. */
const MOST_ROWS_PER_RUN = 20_000;

export interface CsvQuery {
  runs: readonly { uid: number; name: string }[];
  key: string;
  x: string;
  range: readonly [number, number] | null;
  isSystem: boolean;
}

export async function csvOf(scope: Scope, query: CsvQuery): Promise<{ text: string; isExact: boolean }> {
  const { source } = scope;
  const body: SeriesRequest = {
    runs: query.runs.map((run) => run.uid),
    keys: [query.key],
    x: query.x,
    x_min: query.range?.[0] ?? null,
    x_max: query.range?.[1] ?? null,
    buckets: MOST_ROWS_PER_RUN,
    is_system: query.isSystem,
  };
  const { head, column } = await source.postColumns<SeriesReply>("api/series", body);
  const names = new Map(query.runs.map((run) => [run.uid, run.name]));
  const all = head.series.map((one) => seriesFrom(one, column));
  return {
    text: csvText(all.map((series) => ({ series, name: names.get(series.run) ?? String(series.run) })), query),
    isExact: all.every((series) => series.isExact),
  };
}

/** Rows run by run; exact curves have a value, bucketed ones their mean, min, max, last and count. */
export function csvText(
  all: readonly { series: Series; name: string }[],
  { key, x, range }: Pick<CsvQuery, "key" | "x" | "range">,
): string {
  const isExact = all.every(({ series }) => series.isExact);
  const bucketColumns = isExact ? [] : [`${x} to`, "min", "max", "last", "count"];
  const lines = [["run", x, key, ...bucketColumns].map(csvField).join(",")];
  for (const { series, name } of all) {
    for (let i = 0; i < series.mean.length; i++) {
      const from = series.xLow[i] ?? NaN;
      const to = series.xHigh[i] ?? NaN;
      if (range && (to < range[0] || from > range[1])) continue;
      const row = [from, series.mean[i] ?? NaN];
      if (!isExact) row.push(to, series.low[i] ?? NaN, series.high[i] ?? NaN, series.last[i] ?? NaN, series.count?.[i] ?? 1);
      lines.push([csvField(name), ...row.map(formatExact)].join(","));
    }
  }
  return `${lines.join("\n")}\n`;
}

export interface PngLegend {
  title: string;
  entries: readonly { color: string; text: string }[];
  colors: { surface: string; text: string; faint: string };
}

/** The chart's canvas below its title and above its legend. */
export async function pngOf(chart: HTMLCanvasElement, ratio: number, legend: PngLegend): Promise<Blob> {
  const line = 18 * ratio;
  const margin = 12 * ratio;
  const font = (weight: number): string => `${weight} ${12 * ratio}px system-ui, "DejaVu Sans", sans-serif`;
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (!context) throw new Error("The browser gives no canvas to draw on.");
  context.font = font(400);
  const places: { x: number; row: number }[] = [];
  let x = margin;
  let row = 0;
  for (const { text } of legend.entries) {
    const width = context.measureText(text).width + 32 * ratio;
    if (x + width > chart.width && x > margin) {
      x = margin;
      row += 1;
    }
    places.push({ x, row });
    x += width;
  }
  const top = margin + line;
  canvas.width = chart.width;
  canvas.height = top + chart.height + line * (row + 1) + margin;
  context.fillStyle = legend.colors.surface;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.textBaseline = "middle";
  context.fillStyle = legend.colors.text;
  context.font = font(600);
  context.fillText(legend.title, margin, margin + line / 2);
  context.drawImage(chart, 0, top);
  context.font = font(400);
  legend.entries.forEach(({ color, text }, i) => {
    const place = places[i] ?? { x: margin, row: 0 };
    const y = top + chart.height + line * (place.row + 0.6);
    context.fillStyle = color;
    context.fillRect(place.x, y - ratio, 12 * ratio, 2 * ratio);
    context.fillStyle = legend.colors.faint;
    context.fillText(text, place.x + 18 * ratio, y);
  });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be encoded."))), "image/png");
  });
}

/** Hand a file to the browser's downloads. */
export function saveFile(content: Blob, name: string): void {
  saveBlob(name.replaceAll(/[/\\:*?"<>|]+/g, "-"), content);
}
