// Where media exists: the steps of every media key of the visible runs, kept live.
// Fetched in groups, only for pairs that are not known yet or that the live stream named.
// Also fills the clock's `stops` and `extent`, and carries the position over to another axis.

import { batch, computed, effect, signal, untracked, type ReadonlySignal, type Signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { onRecovery } from "@/api/recovery";
import { Ends } from "@/lib/ends";
import type { KeyView, RunView, TrackReply, TrackRequest } from "@/api/schema";
import { type Track, mergePositions, orderedTrack, positionOfStep, resolveStep } from "@/lib/clock/resolve";
import { type Pair, type PairGroup, groupPairs, pairId, pairsOf } from "@/lib/pairs";
import { BUILT_IN_AXES } from "@/state/clock/axes";
import { onLive } from "@/state/server/live";
import type { ScopeSeries, Series, SeriesState } from "@/state/metrics/series";
import type { ScopeClock } from "@/state/clock/clock";
import type { ScopeKeys } from "@/state/runs/keys";
import type { ScopeRuns } from "@/state/runs/runs";
import type { Source } from "@/api/source";

const LIVE_WAIT_MS = 150;
const RETRY_WAIT_MS = 3000;
const AXIS_BUCKETS = 256;
/** The server answers for at most 10,000 pairs at once; smaller answers come sooner. */
const MOST_PAIRS = 4000;

/** Kinds that are drawn against the axis rather than shown at a step. */
function isMedia(key: KeyView): boolean {
  return key.kind !== "metric" && key.kind !== "system";
}

const EMPTY_TRACK: Track = { kind: "", total: 0, steps: new Float64Array(0), at: new Float64Array(0) };

/** First and last position on the axis of everything that the visible runs logged. */
export function extentOf(
  onAxis: string,
  keyViews: readonly KeyView[],
  runs: readonly RunView[],
  tracks: readonly Track[],
  ofAxis: readonly Pick<Series, "low" | "high">[] = [],
): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  const include = (value: number | undefined): void => {
    if (value === undefined || Number.isNaN(value)) return;
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const track of tracks) {
    const { at } = orderedTrack(track);
    include(at[0]);
    include(at[at.length - 1]);
  }
  for (const { low, high } of ofAxis) {
    for (const value of low) if (Number.isFinite(value)) include(value);
    for (const value of high) if (Number.isFinite(value)) include(value);
  }
  const uids = new Set(runs.map((run) => run.uid));
  if (onAxis === "step") {
    for (const view of keyViews) {
      if (view.kind === "system") continue;
      for (const run of view.runs) {
        if (!uids.has(run.run)) continue;
        include(run.first_step);
        include(run.last_step);
      }
    }
  } else if (onAxis === "relative") {
    for (const run of runs) {
      include(0);
      include(run.runtime_secs);
    }
  } else if (onAxis === "time") {
    for (const run of runs) {
      include(run.created_at);
      include(run.last_activity_at);
    }
  }
  return low <= high ? [low, high] : null;
}

interface TracksNeeds {
  clock: ScopeClock;
  keys: ScopeKeys;
  runs: ScopeRuns;
  series: ScopeSeries;
  source: Source;
}

export function makeTracks({
  source,
  clock: { axis, extent, position, range, stops, zoom },
  keys: { keys },
  runs: { visibleKey, visibleRuns },
  series: { watchSeries },
}: TracksNeeds) {
  const known = new Map<string, Signal<Track | undefined>>();
  const loadError = signal<ApiError | null>(null);
  /** Why tracks could not be loaded; null when all is well. It is tried again by itself. */
  const tracksError: ReadonlySignal<ApiError | null> = loadError;

  /** Pairs to fetch. The generation grows with the axis, so that answers for an old axis are dropped. */
  const dirty = new Map<string, Pair>();
  let generation = 0;
  /** The axis on which the positions in `known` stand. */
  let loadedAxis = axis.peek();
  let inFlight = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStarted = false;

  /** All (run, key) pairs of the visible runs that have media or values. */
  const wantedPairs = computed<Pair[]>(() => {
    const visible = new Set(visibleKey.value.split(",").map(Number));
    const pairs = new Map<string, Pair>();
    for (const view of keys.value) {
      if (!isMedia(view)) continue;
      for (const { run } of view.runs) {
        if (visible.has(run)) pairs.set(pairId(run, view.key), { run, key: view.key });
      }
    }
    return [...pairs.values()];
  });

  /**
   * The steps at which `key` of `run` has media. Undefined while loading; a track without steps when
   * the run has none. Reading it in a component or an effect subscribes to its changes.
   */
  function trackOf(run: number, key: string): Track | undefined {
    start();
    return trackSignal(pairId(run, key)).value;
  }

  /** Tracks of all visible (run, key) pairs that are loaded. */
  const visibleTracks: ReadonlySignal<Track[]> = computed(() => {
    start();
    return wantedPairs.value.flatMap(({ run, key }) => trackSignal(pairId(run, key)).value ?? []);
  });

  /**
   * Go over to another axis and stay at the same moment: the step that stands under the scrub bar
   * now is looked up on the new axis. The view changes at once when the new tracks are here.
   */
  async function changeAxis(next: string): Promise<void> {
    start();
    if (next === axis.peek()) return;
    generation += 1;
    const mine = generation;
    const pairs = wantedPairs.peek();
    const before = position.peek();
    let loaded: Map<string, Track>;
    try {
      const parts = await Promise.all(groupPairs(pairs, MOST_PAIRS).map((group) => fetchTracks(group, next)));
      loaded = new Map(parts.flatMap((part) => [...part]));
    } catch (thrown) {
      loadError.value = apiErrorFrom(thrown);
      return;
    }
    if (mine !== generation) return;
    generation += 1; // what was asked for since, still on the old axis, is asked for again
    batch(() => {
      const anchor = before === null ? null : anchorOn(pairs, before, loaded);
      loadedAxis = next;
      axis.value = next;
      range.value = null;
      zoom.value = null;
      position.value = anchor;
      store(pairs, loaded);
      loadError.value = null;
    });
  }

  function anchorOn(pairs: Pair[], before: number, loaded: Map<string, Track>): number | null {
    for (const { run, key } of pairs) {
      const old = trackSignal(pairId(run, key)).peek();
      const step = old && resolveStep(old, before, "nearest");
      const found = loaded.get(pairId(run, key));
      const there = typeof step === "number" && found ? positionOfStep(found, step) : null;
      if (there !== null) return there;
    }
    return null;
  }

  function trackSignal(id: string): Signal<Track | undefined> {
    let found = known.get(id);
    if (!found) known.set(id, (found = signal<Track | undefined>(undefined)));
    return found;
  }

  /** Begin to follow runs, keys, axis and the live stream: on first use, so that importing is free. */
  function start(): void {
    if (isStarted) return;
    isStarted = true;
    // Later: whoever asks first may be a computed value that these effects depend on.
    queueMicrotask(follow);
  }

  const ends = new Ends();
  ends.add(() => clearTimeout(timer));

  function follow(): void {
    if (ends.isOver) return;
    untracked(() => {
      ends.add(effect(() => {
        const pairs = wantedPairs.value;
        if (axis.value !== loadedAxis) {
          // The axis came from the address bar, not from changeAxis: what is loaded stands on the old one.
          generation += 1;
          loadedAxis = axis.value;
          for (const track of known.values()) track.value = undefined;
        }
        for (const pair of pairs) if (!trackSignal(pairId(pair.run, pair.key)).peek()) markDirty(pair);
      }));
      ends.add(onRecovery(() => {
        clearTimeout(timer);
        timer = setTimeout(() => void load(), 0);
      }));
      ends.add(onLive((event) => {
        const changed = new Map(event.runs.map((run) => [run.uid, new Set(run.keys)]));
        for (const pair of wantedPairs.peek()) if (changed.get(pair.run)?.has(pair.key)) markDirty(pair);
      }));
      ends.add(effect(() => {
        // Plain values are often logged at every step: they are stops only where there is no media.
        const tracks = visibleTracks.value;
        const media = tracks.filter((track) => track.kind !== "value" && track.kind !== "");
        stops.value = mergePositions(media.length > 0 ? media : tracks);
      }));
      const axisSeries = signal<ReadonlySignal<SeriesState>[]>([]);
      ends.add(effect(() => {
        // A metric as axis: how far it goes is known from its own curve, also where there is no media.
        const key = axis.value;
        if (BUILT_IN_AXES.includes(key) || visibleKey.value === "") {
          axisSeries.value = [];
          return;
        }
        const uids = visibleKey.value.split(",").map(Number);
        const watches = uids.map((run) => watchSeries({ run, key, x: "step", range: null, buckets: AXIS_BUCKETS, isSystem: false }));
        axisSeries.value = watches.map((watch) => watch.state);
        return () => {
          for (const watch of watches) watch.release();
        };
      }));
      ends.add(effect(() => {
        const ofAxis = axisSeries.value.flatMap((state) => state.value.series ?? []);
        const next = extentOf(axis.value, keys.value, visibleRuns.value, visibleTracks.value, ofAxis);
        const before = extent.peek();
        if (next?.[0] !== before?.[0] || next?.[1] !== before?.[1]) extent.value = next;
      }));
    });
  }

  function markDirty(pair: Pair): void {
    dirty.set(pairId(pair.run, pair.key), pair);
    if (!inFlight) timer ??= setTimeout(() => void load(), 0);
  }

  async function load(): Promise<void> {
    timer = undefined;
    if (inFlight || dirty.size === 0) return;
    inFlight = true;
    const pairs = [...dirty.values()];
    dirty.clear();
    const mine = generation;
    let wait = LIVE_WAIT_MS;
    const onAxis = axis.peek();
    const again = (some: readonly Pair[]): void => {
      for (const pair of some) dirty.set(pairId(pair.run, pair.key), pair);
    };
    let error: ApiError | null = null;
    // One group that fails does not keep back the others.
    await Promise.all(
      groupPairs(pairs, MOST_PAIRS).map(async (group) => {
        const some = pairsOf(group);
        try {
          const loaded = await fetchTracks(group, onAxis);
          if (mine === generation) store(some, loaded);
          else again(some); // the axis has changed meanwhile: these positions stand on the old one
        } catch (thrown) {
          error = apiErrorFrom(thrown);
          again(some);
          wait = RETRY_WAIT_MS;
        }
      }),
    );
    inFlight = false;
    loadError.value = error;
    if (dirty.size > 0 && !ends.isOver) timer ??= setTimeout(() => void load(), wait);
  }

  function store(pairs: Pair[], loaded: Map<string, Track>): void {
    batch(() => {
      for (const { run, key } of pairs) {
        const id = pairId(run, key);
        trackSignal(id).value = loaded.get(id) ?? EMPTY_TRACK;
      }
    });
  }

  async function fetchTracks(group: PairGroup, onAxis: string): Promise<Map<string, Track>> {
    const body: TrackRequest = { ...group, axis: onAxis };
    const { head, column } = await source.postColumns<TrackReply>("api/tracks", body);
    const loaded = new Map<string, Track>();
    for (const track of head.tracks) {
      const { steps, at } = track.columns;
      if (!steps || !at) continue;
      loaded.set(pairId(track.run, track.key), { kind: track.kind, total: track.total, steps: column(steps), at: column(at) });
    }
    return loaded;
  }

  return { tracksError, trackOf, visibleTracks, changeAxis, stop: () => ends.end() };
}

export type ScopeTracks = ReturnType<typeof makeTracks>;
