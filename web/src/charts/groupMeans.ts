// Runs that are gathered in groups, as one curve each: the mean of the runs at every place, with their least and
// greatest value as its band. A run counts between its first and its last point; between points it runs straight.

import type { Series } from "@/state/metrics/series";
import { columnsOf } from "@/charts/curve";

/** More places than this are thinned evenly. */
const MOST_PLACES = 2000;

/** `groupOf` says by which name a run goes; runs without one are left as they are. Order: the first run of each group. */
export function groupMeans(all: readonly Series[], groupOf: ReadonlyMap<number, string>): Series[] {
  const groups = new Map<string, Series[]>();
  const single: Series[] = [];
  for (const series of all) {
    const name = groupOf.get(series.run);
    if (name === undefined) single.push(series);
    else if (series.mean.length > 0) groups.set(name, [...(groups.get(name) ?? []), series]);
  }
  return [...[...groups].map(([name, members]) => meanOf(name, members)), ...single];
}

function meanOf(name: string, members: readonly Series[]): Series {
  const columns = members.map(columnsOf);
  const x = placesOf(columns.map((one) => one.x));
  const mean = new Float64Array(x.length);
  const low = new Float64Array(x.length).fill(Infinity);
  const high = new Float64Array(x.length).fill(-Infinity);
  const counts = new Float64Array(x.length);
  for (const { x: own, mean: values } of columns) {
    let at = 0;
    const end = own.length - 1;
    for (let i = 0; i < x.length; i++) {
      const place = x[i] ?? NaN;
      if (place < (own[0] ?? NaN) || place > (own[end] ?? NaN)) continue;
      while (at < end && (own[at + 1] ?? NaN) <= place) at++;
      const value = valueBetween(own, values, at, place);
      if (!Number.isFinite(value)) continue;
      counts[i] = (counts[i] ?? 0) + 1;
      mean[i] = (mean[i] ?? 0) + value;
      low[i] = Math.min(low[i] ?? Infinity, value);
      high[i] = Math.max(high[i] ?? -Infinity, value);
    }
  }
  for (let i = 0; i < x.length; i++) {
    const count = counts[i] ?? 0;
    if (count > 0) {
      mean[i] = Math.min(high[i] ?? NaN, Math.max(low[i] ?? NaN, (mean[i] ?? NaN) / count));
    } else {
      mean[i] = NaN;
      low[i] = NaN;
      high[i] = NaN;
    }
  }
  const total = Math.max(...members.map((series) => series.total));
  const first = members[0];
  return {
    run: first?.run ?? 0,
    key: first?.key ?? "",
    total,
    isExact: false,
    xLow: x,
    xHigh: x,
    low,
    high,
    mean,
    last: mean,
    count: null,
    finite: null,
    group: { name, runCount: members.length },
  };
}

function valueBetween(x: Float64Array, values: Float64Array, at: number, place: number): number {
  const from = x[at] ?? NaN;
  const value = values[at] ?? NaN;
  if (place === from || at + 1 >= x.length) return value;
  const part = (place - from) / ((x[at + 1] ?? NaN) - from);
  return value + ((values[at + 1] ?? NaN) - value) * part;
}

/** Every place that some run has a point at, ascending, thinned where there are too many. */
function placesOf(columns: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(columns.reduce((sum, one) => sum + one.length, 0));
  let length = 0;
  for (const one of columns) {
    all.set(one, length);
    length += one.length;
  }
  all.sort();
  const places = all.filter((value, i) => !Number.isNaN(value) && (i === 0 || value !== all[i - 1]));
  if (places.length <= MOST_PLACES) return places;
  const every = (places.length - 1) / (MOST_PLACES - 1);
  return Float64Array.from({ length: MOST_PLACES }, (_, i) => places[Math.round(i * every)] ?? NaN);
}
