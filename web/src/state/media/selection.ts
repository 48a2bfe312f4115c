/** Which tile is selected, whether it covers the page, which sample is followed; and what the tiles show. */
import { type ReadonlySignal, type Signal, batch, computed, signal } from "@preact/signals";
import { type ShownItem, type TileRef, sampleOf, tileFromId, tileId } from "@/state/media/tile";
import type { MakeUrlSignal } from "@/state/page/url";

interface SelectionNeeds {
  urlSignal: MakeUrlSignal;
}

export function makeSelection({ urlSignal }: SelectionNeeds) {
  const selected: Signal<TileRef | null> = urlSignal<TileRef | null>("sel", null, {
    parse: tileFromId,
    format: (tile) => (tile ? tileId(tile) : ""),
    history: "silent",
  });

  /** The selected tile covers the centre of the page. */
  const isFull: Signal<boolean> = urlSignal("full", false);

  function openFull(tile: TileRef): void {
    batch(() => {
      selected.value = tile;
      isFull.value = true;
    });
  }

  /** The id of the sample that is followed; "" follows none. See `sample.ts`. */
  const followedSample: Signal<string> = urlSignal("sample", "");

  const shownBy = new Map<object, ShownItem>();
  const shownVersion = signal(0);
  let isScheduled = false;

  /** Tell the page what a tile (the owner) shows; null: nothing any more. The inspector reads from here. */
  function reportShown(owner: object, item: ShownItem | null): void {
    if (item) shownBy.set(owner, item);
    else if (!shownBy.delete(owner)) return;
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(() => {
      isScheduled = false;
      shownVersion.value += 1;
    }, 30);
  }

  /** Everything that is on a tile now, each once. */
  const shownItems: ReadonlySignal<readonly ShownItem[]> = computed(() => {
    void shownVersion.value;
    return [...new Map([...shownBy.values()].map((shown) => [tileId(shown), shown])).values()];
  });

  const selectedItem: ReadonlySignal<ShownItem | null> = computed(() => {
    const tile = selected.value;
    if (!tile) return null;
    const exact = shownItems.value.find((shown) => tileId(shown) === tileId(tile));
    // A followed sample may lie elsewhere in the list of another step: it is still what was selected.
    const sample = followedSample.value;
    return exact ?? (sample === ""
      ? null
      : (shownItems.value.find((shown) => shown.run === tile.run && shown.key === tile.key && sampleOf(shown.item) === sample) ?? null));
  });

  return { selected, isFull, openFull, followedSample, reportShown, shownItems, selectedItem };
}

export type ScopeSelection = ReturnType<typeof makeSelection>;
