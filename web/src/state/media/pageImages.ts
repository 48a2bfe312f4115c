/**
 * The records of all pictures of the page at the clock's step, those below the fold included: what the inspector
 * counts. They are asked for behind everything that is looked at, once the clock rests.
 */
import { type ReadonlySignal, type Signal, computed, effect, signal, untracked } from "@preact/signals";
import type { ImageRecord } from "@/api/schema";
import { isImage } from "@/lib/image/isImage";
import { keys } from "@/state/runs/keys";
import { type CellState, prefetchCell } from "@/state/media/cells";
import { stepsOf } from "@/state/media/rows";
import { visibleRuns } from "@/state/runs/runs";
import { panelFilter, panelQuery } from "@/state/page/layout";

const REST_MS = 250;
const CELLS_MOST = 600;

export interface PageImages {
  records: readonly ImageRecord[];
  /** Not every picture is counted: some are still on their way, or there are too many. */
  isPartial: boolean;
}

interface Place {
  run: number;
  key: string;
  step: number;
}

/** Where the page has pictures now. */
const places: ReadonlySignal<Place[]> = computed(() => {
  const test = panelFilter(panelQuery.value);
  const runs = visibleRuns.value;
  return keys.value.flatMap((view): Place[] => {
    if (view.kind !== "image" || (typeof test === "function" && !test(view.key))) return [];
    const having = new Set(view.runs.map((run) => run.run));
    const uids = runs.map((run) => run.uid).filter((uid) => having.has(uid));
    return stepsOf(uids, view.key).flatMap(({ step }, at) => (typeof step === "number" ? { run: uids[at] ?? 0, key: view.key, step } : []));
  });
});

const cells: Signal<readonly ReadonlySignal<CellState>[]> = signal([]);
const isCut = signal(false);
let isStarted = false;

function start(): void {
  if (isStarted) return;
  isStarted = true;
  queueMicrotask(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    effect(() => {
      const wanted = places.value;
      clearTimeout(timer);
      timer = setTimeout(() => untracked(() => {
        isCut.value = wanted.length > CELLS_MOST;
        cells.value = wanted.slice(0, CELLS_MOST).map(({ run, key, step }) => prefetchCell(run, key, step));
      }), REST_MS);
    });
  });
}

export const pageImages: ReadonlySignal<PageImages> = computed(() => {
  start();
  const states = cells.value.map((cell) => cell.value);
  return {
    records: states.flatMap((state) => (state.is === "ready" ? state.cell.items.filter(isImage) : [])),
    isPartial: isCut.value || states.some((state) => state.is === "loading"),
  };
});
