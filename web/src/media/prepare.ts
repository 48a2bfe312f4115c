/** Loads what a logged item needs before it can be drawn. */
import type { Preparation } from "@/lib/preparation";
import { isKnown, viewOfRecord } from "@/media/registry";
import type { Need } from "@/media/view";

const READY: Preparation = { isReady: true, ready: Promise.resolve(), release: () => undefined };

export function prepareItem(item: unknown, need: Need): Preparation {
  return isKnown(item) ? (viewOfRecord(item).prepare?.(item, need) ?? READY) : READY;
}
