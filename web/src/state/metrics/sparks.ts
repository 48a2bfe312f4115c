/** Small curves beside the runs of the rail: one metric that most runs have, fetched for many runs in one request. */
import { type ReadonlySignal, type Signal, computed, effect, signal, untracked } from "@preact/signals";
import { onRecovery } from "@/api/recovery";
import { Ends } from "@/lib/ends";
import type { SeriesReply, SeriesRequest } from "@/api/schema";
import { onLive } from "@/state/server/live";
import type { ScopeKeys } from "@/state/runs/keys";
import type { Route } from "@/state/page/route";
import type { ScopeRuns } from "@/state/runs/runs";
import type { Source } from "@/api/source";

export interface SparkLine {
  x: Float64Array;
  y: Float64Array;
}

const BUCKETS = 48;
const GATHER_MS = 120;
const REFRESH_MS = 4_000;
const AT_ONCE = 60;

interface SparksNeeds {
  keys: ScopeKeys;
  route: ReadonlySignal<Route>;
  runs: ScopeRuns;
  source: Source;
}

export function makeSparks({ route, source, keys: { keys }, runs: { sort } }: SparksNeeds) {
  const lines: Signal<ReadonlyMap<number, SparkLine>> = signal(new Map());
  const wanted = new Set<number>();
  const asked = new Set<number>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let drawnKey = "";

  /** The metric that is drawn: the one the list is sorted by, else one called a loss, else the first. */
  const sparkKey: ReadonlySignal<string> = computed(() => {
    const metrics = keys.value.filter((key) => key.kind === "metric");
    const sorted = sort.value.replace(/^-/, "").replace(/^summary\./, "");
    const most = Math.max(0, ...metrics.map((key) => key.runs.length));
    const common = metrics.filter((key) => key.runs.length * 2 >= most && key.runs.some((run) => run.count > 2));
    const found = common.find((key) => key.key === sorted) ?? common.find((key) => /loss/i.test(key.key)) ?? common[0];
    return found?.key ?? "";
  });

  /** The curve of a run, asked for when a row shows it; undefined until it is there or when it has none. */
  function sparkOf(uid: number): SparkLine | undefined {
    if (!asked.has(uid)) {
      wanted.add(uid);
      schedule(GATHER_MS);
    }
    return lines.value.get(uid);
  }

  function schedule(wait: number): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      void fetchWanted();
    }, wait);
  }

  async function fetchWanted(): Promise<void> {
    const key = sparkKey.peek();
    if (key === "" || wanted.size === 0) return;
    const uids = [...wanted].slice(0, AT_ONCE);
    for (const uid of uids) {
      wanted.delete(uid);
      asked.add(uid);
    }
    const body: SeriesRequest = { runs: uids, keys: [key], x: "step", buckets: BUCKETS };
    try {
      const reply = await source.postColumns<SeriesReply>("api/series", body);
      if (key !== sparkKey.peek()) return;
      const next = new Map(lines.peek());
      for (const series of reply.head.series) {
        const x = series.columns["x"] ?? series.columns["x_min"];
        const y = series.is_exact ? series.columns["last"] : series.columns["mean"];
        if (x && y) next.set(series.run, { x: reply.column(x), y: reply.column(y) });
      }
      lines.value = next;
    } catch {
      // A decoration: the panels say what is wrong. It is asked for again when the server answers.
      for (const uid of uids) wanted.add(uid);
      return;
    }
    if (wanted.size > 0) schedule(GATHER_MS);
  }

  const ends = new Ends();
  ends.add(() => {
    clearTimeout(timer);
    wanted.clear();
  });

  /** Once, by the scope. */
  function startSparks(): void {
    ends.add(effect(() => {
      const place = route.value;
      const key = JSON.stringify(["project" in place ? [place.entity, place.project] : [], sparkKey.value]);
      untracked(() => {
        if (key === drawnKey) return;
        drawnKey = key;
        for (const uid of asked) wanted.add(uid);
        asked.clear();
        lines.value = new Map();
        schedule(GATHER_MS);
      });
    }));
    ends.add(onRecovery(() => schedule(GATHER_MS)), onLive((event) => {
      for (const run of event.runs) {
        if (!asked.has(run.uid) || !run.keys.includes(sparkKey.peek())) continue;
        wanted.add(run.uid);
        schedule(REFRESH_MS);
      }
    }));
  }

  return { sparkKey, sparkOf, startSparks, stop: () => ends.end() };
}

export type ScopeSparks = ReturnType<typeof makeSparks>;
