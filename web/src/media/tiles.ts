/**
 * A tile's promise: what it shows stays until the next thing is decoded, and a tile without a picture says why.
 * One `Tile` lives as long as its element; it is told what to show and tells what it does show.
 */
import { type ReadonlySignal, effect, signal, untracked } from "@preact/signals";
import { onRecovery } from "@/api/recovery";
import type { MediaCell } from "@/api/schema";
import type { Preparation } from "@/lib/preparation";
import { type Prefetch, type Wanted, prefetchOf } from "@/media/prefetch";
import { prepareItem } from "@/media/prepare";
import { forgetFailures } from "@/state/contents/decodedCache";
import { type ShownItem, tileId } from "@/state/media/tile";
import type { Scope } from "@/state/scope";

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
  private readonly prefetch: Prefetch;

  constructor(private readonly scope: Scope) {
    tiles.add(this);
    this.prefetch = prefetchOf(this.scope);
    this.prefetch.join(this);
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
      const cell = untracked(() => this.scope.cells.cellAt(wanted.run, wanted.key, step));
      this.stopWatching = effect(() => {
        const state = cell.value;
        untracked(() => {
          if (state.is === "ready") this.take(state.cell, wanted);
          else if (state.is === "failed") this.say({ is: "failed", text: state.error.message });
          else this.wait();
        });
      });
    }
    this.prefetch.plan();
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
    this.prefetch.leave(this);
    this.stopWatching?.();
    this.clear();
    this.scope.waiting.markSettled(this);
  }

  private wait(): void {
    if (this.statusSignal.peek().is !== "loading") this.statusSignal.value = { is: "loading" };
    if (!this.shownSignal.peek()) this.blankSince ??= performance.now();
    this.scope.waiting.markPending(this);
  }

  private say(status: TileStatus): void {
    this.clear();
    this.blankSince = null;
    this.statusSignal.value = status;
    this.scope.waiting.markSettled(this);
  }

  private take(cell: MediaCell, wanted: Wanted): void {
    const text = wordsFor(cell, wanted.index);
    if (text) {
      this.say({ is: "missing", text });
      return;
    }
    const item = cell.items[wanted.index];
    const order = ++this.order;
    const { width, height } = wanted;
    const overlays = this.scope.overlays.overlays.peek();
    const preparation = prepareItem(item, { width, height, isUrgent: true, overlays });
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
      this.scope.waiting.markSettled(this);
    }
    if (this.blankSince !== null) {
      performance.measure("diorama:tile-blank", {
        start: this.blankSince,
        end: performance.now(),
        detail: { run: shown.run, key: shown.key, index: shown.index, step: shown.cell.step },
      });
      this.blankSince = null;
    }
    this.scope.selection.reportShown(this, this.shownSignal.peek());
  }

  private clear(): void {
    this.order += 1;
    this.preparing?.preparation.release();
    this.drawn?.preparation.release();
    this.preparing = null;
    this.drawn = null;
    this.shownSignal.value = null;
    this.scope.selection.reportShown(this, null);
  }
}

/** Why a cell has nothing for an index, or "" when it has. */
export function wordsFor(cell: MediaCell, index: number): string {
  const step = cell.step.toLocaleString("en");
  if (cell.state === "missing") return `nothing at step ${step}`;
  if (index < cell.items.length) return "";
  return cell.items.length === 0 ? `an empty list at step ${step}` : `only ${cell.items.length} of these at step ${step}`;
}
