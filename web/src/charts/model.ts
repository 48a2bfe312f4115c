// What one chart shows, as signals: which series it watches, the curves made of them, the limits
// of its axes and the values under the pointer. The canvas (LineChart.tsx) and the header
// (panels/ChartPanel.tsx) only read it. A chart out of sight watches nothing.

import { batch, computed, effect, signal, untracked, type ReadonlySignal, type Signal } from "@preact/signals";
import type { ApiError } from "@/api/errors";
import type { SharedAxis } from "@/state/clock/sharedAxes";
import type { ChartSettings } from "@/state/charts/settings";
import type { Series, SeriesState } from "@/state/metrics/series";
import { groupMeans } from "@/charts/groupMeans";
import {
  type Curve,
  type YLimits,
  curveFrom,
  hiddenOnLog,
  indicesWithin,
  lastOf,
  padX,
  sampleAt,
  sampleUpTo,
  xExtent,
  yLimits,
} from "@/charts/curve";
import type { Scope } from "@/state/scope";

export interface ChartOptions {
  keyName: string;
  isSystem?: boolean;
  settings: ReadonlySignal<ChartSettings>;
}

export type ChartStatus =
  | { is: "loading" }
  | { is: "ready" }
  | { is: "empty" }
  | { is: "failed"; error: ApiError };

/** The value of one run at a place. */
export interface Reading {
  run: number;
  /** index into the curve's columns */
  index: number;
  x: number;
  value: number;
  /** of several runs together: what they are called */
  name?: string;
}

type Watched = Map<number, ReadonlySignal<SeriesState>>;

const BUCKET_CHOICES = [256, 512, 1024, 2048, 4096];
/** Detail is fetched this much beyond the visible range, so that panning does not show bare edges. */
const MARGIN = 0.5;
const FINE_WAIT_MS = 90;
/** Detail is fetched anew when what is there was made for a range this much wider. */
const COARSEST = 3;

export class ChartModel {
  readonly uids: Signal<readonly number[]>;
  readonly isVisible = signal(false);
  /** width of the plot in CSS pixels: decides the number of buckets */
  readonly widthPx = signal(0);
  readonly keyName: string;
  readonly isSystem: boolean;
  readonly settings: ReadonlySignal<ChartSettings>;
  readonly shared: ReadonlySignal<SharedAxis>;
  /** whether the x axis is the clock's, so that scrub bar and media ticks belong on it */
  readonly isOnClock: ReadonlySignal<boolean>;
  readonly status: ReadonlySignal<ChartStatus>;
  /** a newer answer is on its way while something is drawn */
  readonly isRefreshing: ReadonlySignal<boolean>;
  readonly curves: ReadonlySignal<Curve[]>;
  readonly xLimits: ReadonlySignal<[number, number]>;
  readonly yLimits: ReadonlySignal<YLimits>;
  /** every run has logged it once: a bar says more than a dot */
  readonly isSingle: ReadonlySignal<boolean>;
  /** what is not shown, in words; "" when all is */
  readonly note: ReadonlySignal<string>;
  /** values under the pointer, else at the scrub bar, else each run's last */
  readonly readings: ReadonlySignal<Reading[]>;
  /** when the present data were first asked for (performance.now), until they have been drawn */
  askedAt: number | null = null;

  private readonly coarse = signal<Watched>(new Map());
  private readonly fine = signal<Watched>(new Map());
  private readonly fineRange = signal<[number, number] | null>(null);
  private readonly stops: (() => void)[] = [];

  constructor(private readonly scope: Scope, options: ChartOptions, uids: readonly number[]) {
    this.keyName = options.keyName;
    this.isSystem = options.isSystem ?? false;
    this.uids = signal(uids);
    this.settings = options.settings;
    const xName = computed(() => this.settings.value.x);
    this.shared = computed(() => this.scope.sharedAxes.sharedAxis(xName.value));
    this.isOnClock = computed(() => xName.value === this.scope.clock.axis.value);
    const isLogX = computed(() => this.settings.value.isLogX);
    const buckets = computed(() => BUCKET_CHOICES.find((count) => count >= this.widthPx.value) ?? 4096);
    const isActive = computed(() => this.isVisible.value && this.widthPx.value > 0);

    const coarseSeries = computed(() => seriesOf(this.coarse.value));
    const extentX = computed(() => xExtent(coarseSeries.value, isLogX.value));
    const isAllExact = computed(() => coarseSeries.value.every((series) => series.isExact));

    this.xLimits = computed(() => {
      const zoomed = this.shared.value.zoom.value;
      if (zoomed && (!isLogX.value || zoomed[0] > 0)) return zoomed;
      return padX(extentX.value ?? (isLogX.value ? [1, 10] : [0, 1]), isLogX.value);
    });

    // The finest data that covers what is in sight; while finer data loads, the coarse stays.
    const drawn = computed(() => {
      const [from, to] = this.xLimits.value;
      const range = this.fineRange.value;
      if (!range || range[0] > from || range[1] < to) return coarseSeries.value;
      const fine = this.fine.value;
      return coarseSeries.value.map((series) => fine.get(series.run)?.value.series ?? series);
    });

    this.curves = computed(() => {
      const { smoothing, isLogX: isLog } = this.settings.value;
      const [from, to] = this.xLimits.value;
      const width = isLog ? Math.log10(to / from) : to - from;
      const groupOf = this.isSystem ? null : this.scope.runs.groupNames.value;
      const shown = groupOf && this.scope.charts.isMeanOfGroups.value ? groupMeans(drawn.value, groupOf) : drawn.value;
      return shown.filter((series) => series.mean.length > 0).map((series) => curveFrom(series, { smoothing, isLogX: isLog }, width));
    });

    this.isSingle = computed(() => this.curves.value.length > 0 && this.curves.value.every((curve) => curve.series.total === 1));

    this.yLimits = computed(() => {
      const { y, isLogY, isBandShown } = this.settings.value;
      const [from, to] = this.xLimits.value;
      return yLimits(this.curves.value, from, to, y, isLogY, isBandShown);
    });

    this.status = computed((): ChartStatus => {
      const states = [...this.coarse.value.values()].map((state) => state.value);
      if (this.uids.value.length === 0) return { is: "empty" };
      if (states.some((state) => state.series && state.series.mean.length > 0)) return { is: "ready" };
      const error = states.find((state) => state.error)?.error;
      if (error) return { is: "failed", error };
      if (states.length === 0 || states.some((state) => !state.series)) return { is: "loading" };
      return { is: "empty" };
    });

    this.isRefreshing = computed(() =>
      [...this.coarse.value.values(), ...this.fine.value.values()].some((state) => state.value.isLoading && !state.value.series),
    );

    this.note = computed(() => this.noteOf());
    this.readings = computed(() => {
      const hovered = this.shared.value.hover.value;
      return hovered === null ? this.readingsUpTo(this.focusX()) : this.readingsAt(hovered);
    });

    // What is drawn stays until the answer to a new question is here, if it lies on the same axis and in sight.
    let coarseX: string | null = null;
    let fineHeld: { x: string; range: [number, number] } | null = null;
    this.stops.push(
      effect(() => {
        if (!isActive.value) return;
        const query = { x: xName.value, range: null, buckets: buckets.value };
        const mayHold = coarseX === query.x;
        coarseX = query.x;
        return this.watch(this.coarse, this.uids.value, query, mayHold);
      }),
      effect(() => {
        const range = this.fineRange.value;
        if (!isActive.value || !range || isAllExact.value) return;
        // the margins on both sides must not make the buckets in sight coarser
        const count = Math.min(4096, buckets.value * (1 + 2 * MARGIN));
        const query = { x: xName.value, range, buckets: count };
        const [from, to] = this.xLimits.peek();
        const mayHold = fineHeld?.x === query.x && fineHeld.range[0] <= from && fineHeld.range[1] >= to;
        fineHeld = query;
        return this.watch(this.fine, this.uids.value, query, mayHold);
      }),
      effect(() => this.followZoom()),
    );
  }

  dispose(): void {
    for (const stop of this.stops) stop();
    batch(() => {
      this.coarse.value = new Map();
      this.fine.value = new Map();
    });
  }

  /** x under the pointer of any chart on this axis, else the scrub bar's; null for neither. */
  focusX(): number | null {
    const hovered = this.shared.value.hover.value;
    if (hovered !== null) return hovered;
    return this.isOnClock.value ? this.scope.clock.position.value : null;
  }

  /** Under the pointer: each curve's nearest sample; a curve that has none near is left out. */
  readingsAt(x: number): Reading[] {
    const [from, to] = this.xLimits.value;
    return this.curves.value.flatMap((curve) => {
      const index = sampleAt(curve, x, (to - from) * 0.01);
      return index === null ? [] : readingOf(curve, index);
    });
  }

  /** At the scrub bar: each curve's last sample up to x; null: its last of all. In the order of the runs. */
  private readingsUpTo(x: number | null): Reading[] {
    return this.curves.value.flatMap((curve) => {
      const last = lastOf(curve);
      if (!last) return [];
      if (x === null || x >= last.x) return { run: curve.series.run, index: curve.x.length - 1, ...last, ...nameOf(curve) };
      const index = sampleUpTo(curve, x);
      return index === null ? [] : readingOf(curve, index);
    });
  }

  private watch(
    into: Signal<Watched>,
    uids: readonly number[],
    query: { x: string; range: [number, number] | null; buckets: number },
    mayHold: boolean,
  ): () => void {
    const hasReplaced = !this.isSystem && this.scope.charts.isReplacedShown.value;
    return untracked(() => {
      const watches = new Map(
        uids.map((run) => {
          const { keyName: key, isSystem } = this;
          return [run, this.scope.series.watchSeries({ run, key, isSystem, hasReplaced, ...query })] as const;
        }),
      );
      if ([...watches.values()].some((watch) => !watch.state.value.series)) this.askedAt ??= performance.now();
      const before = into.peek();
      const next: Watched = new Map();
      for (const [run, { state }] of watches) next.set(run, heldBy(state, mayHold ? before.get(run) : undefined));
      into.value = next;
      return () => {
        for (const watch of watches.values()) watch.release();
      };
    });
  }

  /** Ask for detail once the zoom stands still, unless what is there is good enough. */
  private followZoom(): (() => void) | undefined {
    const zoomed = this.shared.value.zoom.value;
    if (!zoomed) {
      this.fineRange.value = null;
      return;
    }
    const [from, to] = zoomed;
    const width = to - from;
    const have = this.fineRange.peek();
    if (have && have[0] <= from && have[1] >= to && have[1] - have[0] <= width * (1 + 2 * MARGIN) * COARSEST) return;
    const timer = setTimeout(() => {
      this.fineRange.value = [from - width * MARGIN, to + width * MARGIN];
    }, FINE_WAIT_MS);
    return () => clearTimeout(timer);
  }

  private noteOf(): string {
    const { isLogX, isLogY } = this.settings.value;
    const notes: string[] = [];
    const shown = this.curves.value.map((curve) => curve.series);
    for (const [isLog, name] of [[isLogX, "x"], [isLogY, "y"]] as const) {
      if (!isLog) continue;
      const { points, isAtLeast } = hiddenOnLog(shown, name);
      if (points > 0) notes.push(`${isAtLeast ? "at least " : ""}${counted(points, "point")} with ${name} ≤ 0 not shown on the log axis`);
    }
    const { outside } = this.yLimits.value;
    if (outside > 0) {
      const isExact = shown.every((series) => series.isExact);
      notes.push(`${counted(outside, isExact ? "point" : "bucket")} outside the y range`);
    }
    return notes.join(" · ");
  }

  /** How many points or buckets of all curves are in sight: for the measurements. */
  visibleCount(): number {
    const [from, to] = this.xLimits.peek();
    return this.curves.peek().reduce((sum, curve) => {
      const [first, end] = indicesWithin(curve.x, from, to);
      return sum + end - first;
    }, 0);
  }
}

function readingOf(curve: Curve, index: number): Reading {
  return { run: curve.series.run, index, x: curve.x[index] ?? NaN, value: curve.line[index] ?? NaN, ...nameOf(curve) };
}

function nameOf({ series: { group } }: Curve): { name?: string } {
  return group ? { name: `${group.name} (${group.runCount})` } : {};
}

/** The state, with the series drawn before for as long as its own has not arrived. */
function heldBy(state: ReadonlySignal<SeriesState>, before: ReadonlySignal<SeriesState> | undefined): ReadonlySignal<SeriesState> {
  const held = before?.peek().series ?? null;
  if (held === null || state.peek().series) return state;
  return computed(() => (state.value.series ? state.value : { ...state.value, series: held }));
}

function seriesOf(watched: Watched): Series[] {
  return [...watched.values()].flatMap((state) => state.value.series ?? []);
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}
