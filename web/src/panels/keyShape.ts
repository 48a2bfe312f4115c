/** The shape of a key's tiles in a panel. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { RunView } from "@/api/schema";
import { isKnown, isRecord, viewOfRecord } from "@/media/registry";
import { captionOf } from "@/panels/MediaTile";
import { placesOf } from "@/state/media/sample";
import type { RunStep } from "@/state/media/steps";
import { sampleOf } from "@/state/media/tile";
import { type KeyShape, rememberShape, rememberedShape, shapePlace } from "@/state/page/tileShapes";
import { useScope } from "@/state/scope";

const LEARN_FROM_RUNS = 40;
const NOT_KNOWN: KeyShape = { aspect: 4 / 3, items: 1, hasCaption: false, samples: [] };

/** How many items there are and which shape they have, learned from the cells, kept while the next ones are loading. */
export function useKeyShape(key: string, runs: readonly RunView[], steps: readonly RunStep[], sample: string): KeyShape {
  const { cellAt } = useScope().cells;
  const place = shapePlace(runs[0], key);
  const followed = useRef(sample);
  const before = useRef<KeyShape | null>(null);
  if (followed.current !== sample) before.current = null;
  followed.current = sample;
  before.current ??= (sample === "" ? rememberedShape(place) : null) ?? null;
  const learned: KeyShape = { aspect: 0, items: 0, hasCaption: false, samples: [] };
  let isLoading = false;
  let isKnownNow = false;
  for (const [at, run] of runs.slice(0, LEARN_FROM_RUNS).entries()) {
    const step = steps[at]?.step;
    if (step === undefined) isLoading = true;
    if (step === null || step === undefined) continue;
    const state = cellAt(run.uid, key, step).value;
    if (state.is === "loading") isLoading = true;
    if (state.is !== "ready" || state.cell.items.length === 0) continue;
    isKnownNow = true;
    const items = sample === "" ? state.cell.items : placesOf(state.cell.items, sample).map((at) => state.cell.items[at]);
    learned.items = Math.max(learned.items, items.length);
    const first = items.find(isRecord);
    if (learned.aspect === 0 && isKnown(first)) learned.aspect = viewOfRecord(first).aspect(first) ?? NOT_KNOWN.aspect;
    for (const item of items) {
      if (isKnown(item)) learned.fillHeight = Math.max(learned.fillHeight ?? 0, viewOfRecord(item).fillHeight?.(item) ?? 0);
    }
    learned.hasCaption ||= items.some((item) => captionOf({
      run: 0,
      key,
      index: 0,
      item,
      cell: state.cell,
      askedAt: null,
      isOtherStep: false,
    }) !== "");
    for (const [index, item] of items.entries()) learned.samples[index] ??= sampleOf(item);
  }
  if (sample !== "") learned.items = Math.max(1, learned.items); // a run without the sample says so in a tile
  const old = before.current;
  const next = isKnownNow ? { ...learned, aspect: learned.aspect || NOT_KNOWN.aspect } : (old ?? NOT_KNOWN);
  // Never lower than before: what is below must not move while the clock runs.
  if (next.fillHeight === 0) delete next.fillHeight;
  if (old?.fillHeight !== undefined) next.fillHeight = Math.max(next.fillHeight ?? 0, old.fillHeight);
  if (isLoading && old) {
    next.items = Math.max(next.items, old.items);
    next.hasCaption ||= old.hasCaption;
  }
  useLayoutEffect(() => {
    before.current = next;
    if (isKnownNow && !isLoading && sample === "") rememberShape(place, next);
  });
  return next;
}
