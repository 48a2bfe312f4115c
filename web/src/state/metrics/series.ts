// Curves' data: each (run, key) of a visible chart as columns cut to what the screen shows.
//
// Charts `watch` queries; those of one moment go out together, in few requests. What a live event
// touches is fetched again while it is watched, and stays drawn until the answer is there. What
// nobody watches is kept for a while, so that scrolling back draws at once.

import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { onRecovery } from "@/api/recovery";
import { Ends } from "@/lib/ends";
import type { LiveEvent, SeriesReply, SeriesRequest } from "@/api/schema";
import { groupPairs } from "@/lib/pairs";
import { Recent } from "@/lib/recent";
import { onLive } from "@/state/server/live";
import type { Source } from "@/api/source";

export interface SeriesQuery {
  run: number;
  key: string;
  /** "step", "time", "relative" or a metric's key */
  x: string;
  /** null is everything */
  range: readonly [number, number] | null;
  buckets: number;
  isSystem: boolean;
  /** also what an earlier session logged at steps that a later one logged again */
  hasReplaced?: boolean;
}

/** One curve. Exact: `low`, `high` and `mean` are the values themselves and every `count` is 1. */
export interface Series {
  run: number;
  key: string;
  total: number;
  isExact: boolean;
  xLow: Float64Array;
  xHigh: Float64Array;
  low: Float64Array;
  high: Float64Array;
  mean: Float64Array;
  last: Float64Array;
  /** points in each bucket; null when exact */
  count: Float64Array | null;
  /** those of them that are finite; null when exact, or when the server does not say */
  finite: Float64Array | null;
  /** What an earlier session of the run logged at steps that a later one logged again: no part of the columns here. */
  replaced?: Series;
  /** Of several runs together; `run` is the first of them. */
  group?: { name: string; runCount: number };
}

export interface SeriesState {
  /** what to draw: the newest answer, also while a newer one is on its way */
  series: Series | null;
  isLoading: boolean;
  error: ApiError | null;
}

export interface Watch {
  state: ReadonlySignal<SeriesState>;
  release(): void;
}

interface Entry {
  query: SeriesQuery;
  state: Signal<SeriesState>;
  watchers: number;
  isStale: boolean;
  request: AbortController | null;
}

const MAX_REQUESTS = 4;
const MAX_PAIRS_PER_REQUEST = 120;
const KEPT_UNWATCHED = 600;
const LIVE_WAIT_MS = 200;
const RETRY_WAIT_MS = 4000;

function isIdle({ watchers, request }: Entry): boolean {
  return watchers === 0 && !request;
}

/** Entries that can share a request: same x, range and detail, and a full product of runs and keys. */
function requestsFor(due: Entry[]): Entry[][] {
  const alike = new Map<string, Entry[]>();
  for (const entry of due) {
    const { x, range, buckets, isSystem, hasReplaced } = entry.query;
    const id = JSON.stringify([x, range, buckets, isSystem, hasReplaced === true]);
    const list = alike.get(id);
    if (list) list.push(entry);
    else alike.set(id, [entry]);
  }
  const requests: Entry[][] = [];
  for (const list of alike.values()) {
    for (const { runs, keys } of groupPairs(list.map((entry) => entry.query), MAX_PAIRS_PER_REQUEST)) {
      const names = new Set(keys);
      const uids = new Set(runs);
      requests.push(list.filter(({ query }) => names.has(query.key) && uids.has(query.run)));
    }
  }
  return requests;
}

type Head = SeriesReply["series"][number];

/** A series of the reply's columns. */
export function seriesFrom(head: Head, column: (range: readonly [number, number]) => Float64Array): Series {
  const named = (name: string): Float64Array => {
    const place = head.columns[name];
    if (!place) throw new RangeError(`the series ${head.key} came without its column "${name}"`);
    return column(place);
  };
  const common = { run: head.run, key: head.key, total: head.total, isExact: head.is_exact };
  if (head.is_exact) {
    const x = named("x");
    const values = named("last");
    return { ...common, xLow: x, xHigh: x, low: values, high: values, mean: values, last: values, count: null, finite: null };
  }
  return {
    ...common,
    xLow: named("x_min"),
    xHigh: named("x_max"),
    low: named("min"),
    high: named("max"),
    mean: named("mean"),
    last: named("last"),
    count: named("count"),
    finite: head.columns["finite"] ? column(head.columns["finite"]) : null,
  };
}

export function emptySeries({ run: uid, key }: Pick<SeriesQuery, "run" | "key">): Series {
  const none = new Float64Array(0);
  const columns = { xLow: none, xHigh: none, low: none, high: none, mean: none, last: none, count: null, finite: null };
  return { run: uid, key, total: 0, isExact: true, ...columns };
}

interface SeriesNeeds {
  source: Source;
}

export function makeSeries({ source }: SeriesNeeds) {
  const entries = new Recent<string, Entry>({
    limit: KEPT_UNWATCHED,
    size: (entry) => (isIdle(entry) ? 1 : 0),
    mayGo: (_id, entry) => isIdle(entry),
  });
  let requestCount = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let timerAt = Infinity;
  let isListening = false;

  /** Keep a query's answer here and up to date until released. */
  function watchSeries(query: SeriesQuery): Watch {
    listen();
    const id = JSON.stringify([query.run, query.key, query.x, query.range, query.buckets, query.isSystem, query.hasReplaced === true]);
    let entry = entries.get(id);
    if (!entry) {
      const state = signal<SeriesState>({ series: null, isLoading: true, error: null });
      entry = { query, state, watchers: 0, isStale: true, request: null };
      entries.set(id, entry);
    }
    const watched = entry;
    watched.watchers += 1;
    if (watched.isStale) plan(0);
    let isReleased = false;
    return {
      state: watched.state,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        watched.watchers -= 1;
        entries.get(id); // used until now
        if (watched.watchers === 0) plan(0);
      },
    };
  }

  /** Ask again for every query that failed. */
  function retryFailedSeries(): void {
    for (const entry of entries.values()) if (entry.state.peek().error) entry.isStale = true;
    plan(0);
  }

  const ends = new Ends();
  ends.add(() => clearTimeout(timer));

  function listen(): void {
    if (isListening) return;
    isListening = true;
    ends.add(onLive(takeEvent), onRecovery(retryFailedSeries));
  }

  function takeEvent(event: LiveEvent): void {
    const changed = new Map(event.runs.map((run) => [run.uid, new Set(run.keys)]));
    let isWatched = false;
    for (const entry of entries.values()) {
      const { run, key, x } = entry.query;
      const keys = changed.get(run);
      if (!keys || !(keys.has(key) || keys.has(x))) continue;
      entry.isStale = true;
      isWatched ||= entry.watchers > 0;
    }
    if (isWatched) plan(LIVE_WAIT_MS);
  }

  /** Look at what is due in `waitMs`, or earlier when that is planned already. */
  function plan(waitMs: number): void {
    if (ends.isOver) return;
    const at = performance.now() + waitMs;
    if (at >= timerAt) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(run, waitMs);
  }

  function run(): void {
    timerAt = Infinity;
    abandon();
    entries.trim();
    const due = [...entries.values()].filter((entry) => entry.isStale && entry.watchers > 0 && !entry.request);
    for (const group of requestsFor(due)) {
      if (requestCount >= MAX_REQUESTS) return; // the end of a request looks again
      void load(group);
    }
  }

  /** Stop requests whose every chart has gone. */
  function abandon(): void {
    const wanted = new Map<AbortController, boolean>();
    for (const entry of entries.values()) {
      if (entry.request) wanted.set(entry.request, (wanted.get(entry.request) ?? false) || entry.watchers > 0);
    }
    for (const [request, isWanted] of wanted) if (!isWanted) request.abort();
  }

  async function load(group: Entry[]): Promise<void> {
    const first = group[0];
    if (!first) return;
    const { x, range, buckets, isSystem, hasReplaced } = first.query;
    const body: SeriesRequest = {
      runs: [...new Set(group.map((entry) => entry.query.run))],
      keys: [...new Set(group.map((entry) => entry.query.key))],
      x,
      x_min: range?.[0] ?? null,
      x_max: range?.[1] ?? null,
      buckets,
      is_system: isSystem,
      ...(hasReplaced ? { with_superseded: true } : {}),
    };
    const request = new AbortController();
    requestCount += 1;
    for (const entry of group) {
      entry.request = request;
      entry.isStale = false;
      entry.state.value = { ...entry.state.peek(), isLoading: true };
    }
    let nextWait = 0;
    try {
      const { head, column } = await source.postColumns<SeriesReply>("api/series", body, { signal: request.signal });
      const found = new Map(head.series.map((one) => [JSON.stringify([one.run, one.key, one.is_superseded === true]), one]));
      for (const entry of group) {
        const one = found.get(JSON.stringify([entry.query.run, entry.query.key, false]));
        const replaced = found.get(JSON.stringify([entry.query.run, entry.query.key, true]));
        const series = one ? seriesFrom(one, column) : emptySeries(entry.query);
        if (replaced) series.replaced = seriesFrom(replaced, column);
        entry.state.value = { series, isLoading: false, error: null };
      }
    } catch (thrown) {
      const error = apiErrorFrom(thrown);
      for (const entry of group) {
        entry.isStale = true;
        entry.state.value = { ...entry.state.peek(), isLoading: error.isAborted, error: error.isAborted ? null : error };
      }
      nextWait = error.isAborted ? 0 : RETRY_WAIT_MS;
    } finally {
      requestCount -= 1;
      for (const entry of group) entry.request = null;
    }
    plan(group.some((entry) => entry.isStale) ? Math.max(nextWait, LIVE_WAIT_MS) : nextWait);
  }

  return { watchSeries, retryFailedSeries, stop: () => ends.end() };
}

export type ScopeSeries = ReturnType<typeof makeSeries>;
