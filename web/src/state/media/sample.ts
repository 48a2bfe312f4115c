/** Following one sample: of every list, media panels show only the items that bear its id, over steps and runs. */
import { sampleOf } from "@/state/media/tile";
import type { ScopeCells } from "@/state/media/cells";

/** Where the sample's items lie in a list. */
export function placesOf(items: readonly unknown[], sample: string): number[] {
  return items.flatMap((item, at) => (sampleOf(item) === sample ? [at] : []));
}

interface SampleNeeds {
  cells: ScopeCells;
}

export function makeSample({ cells: { cellAt, peekCell } }: SampleNeeds) {
  /**
   * The place of the `nth` item of the sample in a run's list at a step: null where the list has none, undefined while that
   * is not known. Reading it in a component subscribes to the cell.
   */
  function samplePlace(
    run: number,
    key: string,
    step: number | null | undefined,
    sample: string,
    nth: number,
  ): number | null | undefined {
    if (step === null || step === undefined) return undefined;
    const state = cellAt(run, key, step).value;
    if (state.is === "failed") return nth; // the tile itself tells why
    if (state.is !== "ready") return undefined;
    if (state.cell.state !== "ok") return nth; // the tile says so
    return placesOf(state.cell.items, sample)[nth] ?? null;
  }

  /** What a tile should ask for when a sample is followed: its item, or words where the list has none. */
  function askForSample<T extends { step: number | null | undefined; nothing: string }>(
    asked: T,
    run: number,
    key: string,
    sample: string,
    nth: number,
  ): T & { index: number; slot: string } {
    const place = samplePlace(run, key, asked.step, sample, nth);
    const slot = `${nth}:${sample}`;
    if (asked.step === null || typeof place === "number") return { ...asked, index: place ?? nth, slot };
    if (place === undefined) return { ...asked, step: undefined, index: nth, slot };
    return { ...asked, step: null, nothing: `no sample “${sample}” at step ${asked.step?.toLocaleString("en") ?? ""}`, index: nth, slot };
  }

  /** Which of its sample's items an item is, in the run's list as far as it is known. */
  function nthOfSample(run: number, key: string, step: number | null | undefined, sample: string, index: number): number {
    const items = step === null || step === undefined ? undefined : peekCell(run, key, step)?.items;
    return Math.max(0, items ? placesOf(items, sample).indexOf(index) : 0);
  }

  /** The place of the `nth` item of the sample, as far as it is known. */
  function knownPlace(run: number, key: string, step: number | null | undefined, sample: string, nth: number): number {
    const items = step === null || step === undefined ? undefined : peekCell(run, key, step)?.items;
    return items ? (placesOf(items, sample)[nth] ?? nth) : nth;
  }

  return { samplePlace, askForSample, nthOfSample, knownPlace };
}

export type ScopeSample = ReturnType<typeof makeSample>;
