/** Histograms of a key over steps: fetched for what is on the page, again when the live stream names the key. */
import { type ReadonlySignal, type Signal, batch, computed, signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { onRecovery } from "@/api/recovery";
import { Ends } from "@/lib/ends";
import type { HistogramReply, HistogramRequest } from "@/api/schema";
import { Recent } from "@/lib/recent";
import { onLive } from "@/state/server/live";
import type { Source } from "@/api/source";
import { type Checks, type PanelSettingsRoom, isBoolean } from "@/state/page/panelSettings";
import type { MakeUrlSignal } from "@/state/page/url";

export type HistogramState = { is: "loading" } | { is: "ready"; reply: HistogramReply } | { is: "failed"; error: ApiError };

interface Entry {
  run: number;
  key: string;
  state: Signal<HistogramState>;
  isWatched: boolean;
  isOld: boolean;
  isFetching: boolean;
}

export type HistogramViewName = "heat" | "ridges" | "bars";

export interface HistogramSettings {
  /** How histograms over steps are drawn. */
  view: HistogramViewName;
  /** Heat maps are coloured by the logarithm of the count. */
  isLog: boolean;
}

const isView = (value: unknown): value is HistogramViewName => value === "heat" || value === "ridges" || value === "bars";

export const HISTOGRAM_CHECKS: Checks<HistogramSettings> = { view: isView, isLog: isBoolean };

export const STEPS_DRAWN = 200;
const REFRESH_MS = 1_500;
const ENTRY_LIMIT = 120;

interface HistogramsNeeds {
  source: Source;
  urlSignal: MakeUrlSignal;
  panelSettings: PanelSettingsRoom;
}

export function makeHistograms({ source, urlSignal, panelSettings: { layered } }: HistogramsNeeds) {
  const histogramView: Signal<HistogramViewName> = urlSignal<HistogramViewName>("hist", "heat", {
    parse: (text) => (isView(text) ? text : undefined),
  });
  const isHistogramLog: Signal<boolean> = urlSignal("hist.log", true);

  const panels = layered<HistogramSettings>({
    page: computed(() => ({ view: histogramView.value, isLog: isHistogramLog.value })),
    changePage: ({ view, isLog }) => batch(() => {
      if (view !== undefined) histogramView.value = view;
      if (isLog !== undefined) isHistogramLog.value = isLog;
    }),
    checks: HISTOGRAM_CHECKS,
  });

  const entries = new Recent<string, Entry>({ limit: ENTRY_LIMIT, mayGo: (_id, entry) => !entry.isWatched });
  let isFollowing = false;

  /** At most STEPS_DRAWN steps of the key, evenly spread. Reading its value subscribes to it. */
  function histogramsOf(run: number, key: string): ReadonlySignal<HistogramState> {
    follow();
    const entry = entries.getOrMake(`${run}|${key}`, () => {
      const made: Entry = {
        run,
        key,
        state: signal<HistogramState>(
          { is: "loading" },
          { watched: () => (made.isWatched = true), unwatched: () => (made.isWatched = false) },
        ),
        isWatched: false,
        isOld: true,
        isFetching: false,
      };
      return made;
    });
    if (entry.isOld) void fetchHistograms(entry);
    return entry.state;
  }

  function reloadHistograms(run: number, key: string): void {
    const entry = entries.get(`${run}|${key}`);
    if (entry) void fetchHistograms(entry);
  }

  async function fetchHistograms(entry: Entry): Promise<void> {
    if (entry.isFetching) return;
    entry.isFetching = true;
    entry.isOld = false;
    try {
      const body: HistogramRequest = { run: entry.run, key: entry.key, limit: STEPS_DRAWN };
      entry.state.value = { is: "ready", reply: await source.postJson<HistogramReply>("api/histograms", body) };
    } catch (thrown) {
      // What was there stays; only a panel that has nothing says that it failed.
      if (entry.state.peek().is !== "ready") entry.state.value = { is: "failed", error: apiErrorFrom(thrown) };
    } finally {
      entry.isFetching = false;
    }
  }

  const ends = new Ends();

  function follow(): void {
    if (isFollowing) return;
    isFollowing = true;
    ends.add(onRecovery(() => {
      for (const entry of entries.values()) {
        if (entry.state.peek().is !== "failed") continue;
        if (entry.isWatched) void fetchHistograms(entry);
        else entry.isOld = true;
      }
    }));
    const changed = new Set<Entry>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    ends.add(() => clearTimeout(timer), onLive((event) => {
      for (const run of event.runs) {
        for (const key of run.keys) {
          const entry = entries.get(`${run.uid}|${key}`);
          if (!entry) continue;
          entry.isOld = true;
          if (entry.isWatched) changed.add(entry);
        }
      }
      if (changed.size === 0) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        for (const entry of changed) if (entry.isWatched) void fetchHistograms(entry);
        changed.clear();
      }, REFRESH_MS);
    }));
  }

  return { panels, histogramsOf, reloadHistograms, stop: () => ends.end() };
}

export type ScopeHistograms = ReturnType<typeof makeHistograms>;
