/**
 * The records of all pictures of the page at the clock's step, those below the fold included: what the inspector
 * counts. They are asked for behind everything that is looked at, once the clock rests.
 */
import { type ReadonlySignal, type Signal, computed, effect, signal, untracked } from "@preact/signals";
import type { ImageRecord } from "@/api/schema";
import { Ends } from "@/lib/ends";
import { isImage } from "@/lib/image/isImage";
import type { ScopeCells, CellState } from "@/state/media/cells";
import { type ScopePanelSearch, panelFilter } from "@/state/runs/panelSearch";
import type { ScopeKeys } from "@/state/runs/keys";
import type { ScopeRuns } from "@/state/runs/runs";
import type { ScopeSteps } from "@/state/media/steps";

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

interface PageImagesNeeds {
  cells: ScopeCells;
  keys: ScopeKeys;
  panelSearch: ScopePanelSearch;
  runs: ScopeRuns;
  steps: ScopeSteps;
}

export function makePageImages({
  cells: { prefetchCell },
  keys: { keys },
  panelSearch: { panelQuery },
  runs: { visibleRuns },
  steps: { stepsOf },
}: PageImagesNeeds) {
  /** Where the page has pictures now. */
  const places: ReadonlySignal<Place[]> = computed(() => {
    const test = panelFilter(panelQuery.value);
    const runs = visibleRuns.value;
    return keys.value.flatMap((view): Place[] => {
      if (view.kind !== "image" || (typeof test === "function" && !test(view.key))) return [];
      const having = new Set(view.runs.map((run) => run.run));
      const uids = runs.map((run) => run.uid).filter((uid) => having.has(uid));
      const { key } = view;
      return stepsOf(uids, key).flatMap(({ step }, at) => (typeof step === "number" ? { run: uids[at] ?? 0, key, step } : []));
    });
  });

  const cells: Signal<readonly ReadonlySignal<CellState>[]> = signal([]);
  const isCut = signal(false);
  let isStarted = false;
  const ends = new Ends();

  function start(): void {
    if (isStarted) return;
    isStarted = true;
    queueMicrotask(() => {
      if (ends.isOver) return;
      let timer: ReturnType<typeof setTimeout> | undefined;
      ends.add(() => clearTimeout(timer), effect(() => {
        const wanted = places.value;
        clearTimeout(timer);
        timer = setTimeout(() => untracked(() => {
          isCut.value = wanted.length > CELLS_MOST;
          cells.value = wanted.slice(0, CELLS_MOST).map(({ run, key, step }) => prefetchCell(run, key, step));
        }), REST_MS);
      }));
    });
  }

  const pageImages: ReadonlySignal<PageImages> = computed(() => {
    start();
    const states = cells.value.map((cell) => cell.value);
    return {
      records: states.flatMap((state) => (state.is === "ready" ? state.cell.items.filter(isImage) : [])),
      isPartial: isCut.value || states.some((state) => state.is === "loading"),
    };
  });

  return { pageImages, stop: () => ends.end() };
}

export type ScopePageImages = ReturnType<typeof makePageImages>;
