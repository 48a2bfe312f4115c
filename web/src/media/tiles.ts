/**
 * A tile's promise: what it shows stays until the next thing is decoded, and a tile without a picture says why.
 * One `Tile` lives as long as its element; it is told what to show and tells what it does show.
 */
import { type ReadonlySignal, effect, signal, untracked } from "@preact/signals";
import { onRecovery } from "@/api/recovery";
import type { MediaCell } from "@/api/schema";
import { countUpTo } from "@/lib/clock/resolve";
import type { Preparation } from "@/lib/preparation";
import { prepareItem } from "@/media/prepare";
import { forgetFailures } from "@/state/media/decodedCache";
import { markPending, markSettled } from "@/state/clock/waiting";
import { cellAt, peekCell, prefetchCell } from "@/state/media/cells";
import { type ShownItem, type TileRef, reportShown, tileId } from "@/state/media/mediaView";
import { trackOf } from "@/state/clock/tracks";

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

export type TileStatus =
  | { is: "loading" }
  | { is: "shown" }
  | { is: "missing"; text: string }
  | { is: "failed"; text: string };

const tiles = new Set<Tile>();

// What a tile could not fetch, or could not decode for want of its bytes, is tried again.
onRecovery(() => {
  for (const tile of tiles) if (tile.status.peek().is === "failed") tile.retry();
});

export class Tile {
  private readonly shownSignal = signal<ShownItem | null>(null);
  private readonly statusSignal = signal<TileStatus>({ is: "loading" });
  private wanted: Wanted | null = null;
  private stopWatching: (() => void) | undefined;
  private preparing: { preparation: Preparation; order: number } | null = null;
  private drawn: { preparation: Preparation; order: number } | null = null;
  private order = 0;
  private blankSince: number | null = performance.now();

  constructor() {
    tiles.add(this);
  }

  /** What is drawn, perhaps still of an earlier step. */
  get shown(): ReadonlySignal<ShownItem | null> {
    return this.shownSignal;
  }

  get status(): ReadonlySignal<TileStatus> {
    return this.statusSignal;
  }

  get asked(): Wanted | null {
    return this.wanted;
  }

  ask(wanted: Wanted): void {
    const before = this.wanted;
    this.wanted = wanted;
    const isSameSlot = before?.slot !== undefined && before.slot === wanted.slot && before.run === wanted.run && before.key === wanted.key;
    const isSameItem = before && (isSameSlot || tileId(before) === tileId(wanted));
    const isSameCell = isSameItem && before.step === wanted.step && before.index === wanted.index;
    if (isSameCell && before.isOtherStep === wanted.isOtherStep && before.nothing === wanted.nothing) return;
    if (!isSameItem && before) this.clear();
    this.stopWatching?.();
    const { step } = wanted;
    if (step === undefined) this.wait();
    else if (step === null) this.say({ is: "missing", text: wanted.nothing });
    else {
      const cell = untracked(() => cellAt(wanted.run, wanted.key, step));
      this.stopWatching = effect(() => {
        const state = cell.value;
        untracked(() => {
          if (state.is === "ready") this.take(state.cell, wanted);
          else if (state.is === "failed") this.say({ is: "failed", text: state.error.message });
          else this.wait();
        });
      });
    }
    schedulePrefetch();
  }

  /** Try again after a failure. */
  retry(): void {
    const { wanted } = this;
    forgetFailures();
    this.wanted = null;
    if (wanted) this.ask(wanted);
  }

  dispose(): void {
    tiles.delete(this);
    this.stopWatching?.();
    this.clear();
    markSettled(this);
  }

  private wait(): void {
    if (this.statusSignal.peek().is !== "loading") this.statusSignal.value = { is: "loading" };
    if (!this.shownSignal.peek()) this.blankSince ??= performance.now();
    markPending(this);
  }

  private say(status: TileStatus): void {
    this.clear();
    this.blankSince = null;
    this.statusSignal.value = status;
    markSettled(this);
  }

  private take(cell: MediaCell, wanted: Wanted): void {
    const text = wordsFor(cell, wanted.index);
    if (text) {
      this.say({ is: "missing", text });
      return;
    }
    const item = cell.items[wanted.index];
    const order = ++this.order;
    const preparation = prepareItem(item, { width: wanted.width, height: wanted.height, isUrgent: true });
    this.preparing?.preparation.release();
    this.preparing = { preparation, order };
    const { run, key, index, askedAt, isOtherStep } = wanted;
    const shown: ShownItem = { run, key, index, item, cell, askedAt, isOtherStep };
    if (preparation.isReady) {
      this.show(shown, preparation, order);
      return;
    }
    this.wait();
    preparation.ready.then(
      () => this.show(shown, preparation, order),
      (thrown: unknown) => {
        if (order !== this.order) return;
        this.say({ is: "failed", text: thrown instanceof Error ? thrown.message : String(thrown) });
      },
    );
  }

  /** Something newer than what is drawn has become ready; it need not be the newest that was asked for. */
  private show(shown: ShownItem, preparation: Preparation, order: number): void {
    if (!tiles.has(this) || order < (this.drawn?.order ?? 0) || (this.wanted && tileId(this.wanted) !== tileId(shown))) return;
    if (this.drawn && this.drawn.preparation !== preparation) this.drawn.preparation.release();
    this.drawn = { preparation, order };
    if (this.preparing?.order === order) this.preparing = null;
    const isNewest = order === this.order;
    const { wanted } = this;
    const isOtherStep = wanted && isNewest ? wanted.isOtherStep : true;
    this.shownSignal.value = { ...shown, isOtherStep };
    if (isNewest) {
      this.statusSignal.value = { is: "shown" };
      markSettled(this);
    }
    if (this.blankSince !== null) {
      performance.measure("diorama:tile-blank", {
        start: this.blankSince,
        end: performance.now(),
        detail: { run: shown.run, key: shown.key, index: shown.index, step: shown.cell.step },
      });
      this.blankSince = null;
    }
    reportShown(this, this.shownSignal.peek());
  }

  private clear(): void {
    this.order += 1;
    this.preparing?.preparation.release();
    this.drawn?.preparation.release();
    this.preparing = null;
    this.drawn = null;
    this.shownSignal.value = null;
    reportShown(this, null);
  }
}

/** Why a cell has nothing for an index, or "" when it has. */
export function wordsFor(cell: MediaCell, index: number): string {
  const step = cell.step.toLocaleString("en");
  if (cell.state === "missing") return `nothing at step ${step}`;
  if (index < cell.items.length) return "";
  return cell.items.length === 0 ? `an empty list at step ${step}` : `only ${cell.items.length} of these at step ${step}`;
}

// ---- neighbours of what is shown are fetched before anybody asks ----

const NEIGHBOURS = 3;
const SETTLE_MS = 40;
let timer: ReturnType<typeof setTimeout> | undefined;
let ahead: (() => void)[] = [];
let lastSteps = new Map<string, { step: number; direction: 1 | -1 }>();

function schedulePrefetch(): void {
  clearTimeout(timer);
  timer = setTimeout(prefetchNeighbours, SETTLE_MS);
}

function prefetchNeighbours(): void {
  for (const stop of ahead) stop();
  ahead = [];
  const byCell = new Map<string, Wanted[]>();
  for (const tile of tiles) {
    const { asked } = tile;
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
      const { release } = prepareItem(item, { width, height, isUrgent: false });
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
