/** Neighbours of what the tiles of a scope show are fetched before anybody asks for them. */
import { effect, untracked } from "@preact/signals";
import type { MediaCell } from "@/api/schema";
import { countUpTo } from "@/lib/clock/resolve";
import { prepareItem } from "@/media/prepare";
import type { TileRef } from "@/state/media/tile";
import { scopePart } from "@/state/scope";

export interface Wanted extends TileRef {
  /** The step that the clock's rule chose; null when the rule found none, undefined while that is not known. */
  step: number | null | undefined;
  askedAt: number | null;
  isOtherStep: boolean;
  /** Words for a step of null: why there is nothing. */
  nothing: string;
  /** Device pixels. */
  width: number;
  height: number;
  /** A sample that is followed: its item stays the same item wherever it lies in the list. */
  slot?: string;
}

/** A tile, as far as it matters here. */
interface Asking {
  readonly asked: Wanted | null;
}

export interface Prefetch {
  join(tile: Asking): void;
  leave(tile: Asking): void;
  /** Something else is shown: look again when the clock rests. */
  plan(): void;
}

const NEIGHBOURS = 3;
const SETTLE_MS = 40;

export const prefetchOf = scopePart(({ cells: { peekCell, prefetchCell }, overlays: { overlays }, tracks: { trackOf } }): Prefetch => {
  const tiles = new Set<Asking>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ahead: (() => void)[] = [];
  let lastSteps = new Map<string, { step: number; direction: 1 | -1 }>();

  function prefetchNeighbours(): void {
    for (const stop of ahead) stop();
    ahead = [];
    const byCell = new Map<string, Wanted[]>();
    for (const { asked } of tiles) {
      if (asked?.step === null || asked?.step === undefined) continue;
      const id = `${asked.run}|${asked.key}`;
      const list = byCell.get(id);
      if (list) list.push(asked);
      else byCell.set(id, [asked]);
    }
    const now = new Map<string, { step: number; direction: 1 | -1 }>();
    for (let distance = 1; distance <= NEIGHBOURS; distance++) {
      for (const [id, wanted] of byCell) {
        const first = wanted[0];
        const track = first && untracked(() => trackOf(first.run, first.key));
        const step = first?.step;
        if (!track || step === null || step === undefined) continue;
        const before = lastSteps.get(id);
        const direction = before && before.step !== step ? (step > before.step ? 1 : -1) : (before?.direction ?? 1);
        now.set(id, { step, direction });
        const at = countUpTo(track.steps, step) - 1;
        for (const sign of [direction, -direction]) {
          const neighbour = track.steps[at + sign * distance];
          if (neighbour !== undefined) prefetchStep(neighbour, wanted);
        }
      }
    }
    lastSteps = now;
  }

  function prefetchStep(step: number, wanted: readonly Wanted[]): void {
    const first = wanted[0];
    if (!first) return;
    const prepareAll = (cell: MediaCell): void => {
      for (const { index, width, height } of wanted) {
        const item = cell.items[index];
        if (item === undefined) continue;
        const { release } = prepareItem(item, { width, height, isUrgent: false, overlays: overlays.peek() });
        ahead.push(release);
      }
    };
    const known = peekCell(first.run, first.key, step);
    if (known) {
      prepareAll(known);
      return;
    }
    const cell = prefetchCell(first.run, first.key, step);
    let isDone = false;
    const stop = effect(() => {
      const state = cell.value;
      if (state.is !== "ready" || isDone) return;
      isDone = true;
      untracked(() => prepareAll(state.cell));
    });
    ahead.push(stop);
  }

  return {
    join: (tile) => void tiles.add(tile),
    leave: (tile) => void tiles.delete(tile),
    plan: () => {
      clearTimeout(timer);
      timer = setTimeout(prefetchNeighbours, SETTLE_MS);
    },
  };
});
