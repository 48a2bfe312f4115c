// The exact values under a pointer that rests on bucketed curves: the few points around it are
// fetched unbucketed, for all curves in one request.

import type { ReadonlySignal } from "@preact/signals";
import { effect } from "@preact/signals";
import type { SeriesState, Watch } from "@/state/metrics/series";
import type { ChartModel, Reading } from "@/charts/model";
import type { Scope } from "@/state/scope";

const REST_MS = 120;
/** More points than this between two pixels are not worth a request. */
const MOST_POINTS = 20_000;

interface Asked {
  from: number;
  to: number;
  watches: Map<number, Watch>;
  stop: () => void;
}

export class ExactReader {
  private asked: Asked | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wanted = "";

  constructor(
    private readonly scope: Scope, private readonly model: ChartModel,
    private readonly onAnswer: () => void,
  ) {}

  /** The pointer is at x, over these samples: ask once it rests. */
  read(x: number, readings: readonly Reading[]): void {
    if (this.asked && x >= this.asked.from && x <= this.asked.to) return;
    const curves = new Map(this.model.curves.peek().map((curve) => [curve.series.run, curve.series]));
    // x itself may lie in the gap between two buckets
    let from = x;
    let to = x;
    let points = 0;
    const runs: number[] = [];
    for (const { run, index } of readings) {
      const series = curves.get(run);
      if (!series?.count) continue;
      points += series.count[index] ?? 0;
      from = Math.min(from, series.xLow[index] ?? Infinity);
      to = Math.max(to, series.xHigh[index] ?? -Infinity);
      runs.push(run);
    }
    const wanted = JSON.stringify([x, runs]);
    if (wanted === this.wanted) return;
    this.forget();
    if (runs.length === 0 || points > MOST_POINTS) return;
    this.wanted = wanted;
    this.timer = setTimeout(() => this.ask(from, to, runs), REST_MS);
  }

  /** The logged value nearest to x, when it is known. */
  valueOf(run: number, x: number): { x: number; value: number } | null {
    const series = this.asked && x >= this.asked.from && x <= this.asked.to ? this.asked.watches.get(run)?.state.peek().series : null;
    if (!series?.isExact) return null;
    let nearest: { x: number; value: number } | null = null;
    for (let i = 0; i < series.xLow.length; i++) {
      const place = series.xLow[i] ?? NaN;
      if (!nearest || Math.abs(place - x) < Math.abs(nearest.x - x)) nearest = { x: place, value: series.last[i] ?? NaN };
    }
    return nearest;
  }

  forget(): void {
    clearTimeout(this.timer);
    this.wanted = "";
    this.asked?.stop();
    this.asked = null;
  }

  dispose(): void {
    this.forget();
  }

  private ask(from: number, to: number, runs: readonly number[]): void {
    const { keyName: key, isSystem, settings } = this.model;
    const x = settings.peek().x;
    const { watchSeries } = this.scope.series;
    const watches = new Map(runs.map((run) => [run, watchSeries({ run, key, x, isSystem, range: [from, to], buckets: MOST_POINTS })]));
    const states: ReadonlySignal<SeriesState>[] = [...watches.values()].map((watch) => watch.state);
    const unsubscribe = effect(() => {
      if (states.some((state) => state.value.series)) this.onAnswer();
    });
    this.asked = {
      from,
      to,
      watches,
      stop: () => {
        unsubscribe();
        for (const watch of watches.values()) watch.release();
      },
    };
  }
}
