/** The shape of a key's tiles, kept in the browser so that a page does not jump when it is opened again. */
import { signal } from "@preact/signals";
import { Recent } from "@/lib/recent";
import { readStored, store } from "@/state/page/storage";

export interface KeyShape {
  aspect: number;
  items: number;
  hasCaption: boolean;
  samples: (string | null)[];
  /** Of a tile that fills a row. */
  fillHeight?: number;
  /** The most items that any step was seen with: a panel must not change its width while the clock runs. */
  mostItems?: number;
}

const SHAPES_KEPT = 200;
const SAMPLES_KEPT = 64;
const shapes = new Recent<string, KeyShape>({ limit: SHAPES_KEPT });
let isRead = false;
const shapesVersion = signal(0);

/** How many items the key's lists have at most, as far as they were seen; 1 for a key that never was. Subscribes. */
export function mostItemsOf(place: string): number {
  void shapesVersion.value;
  const shape = rememberedShape(place);
  return shape?.mostItems ?? shape?.items ?? 1;
}

/** Where the shape of a key is remembered. */
export function shapePlace(run: { entity: string; project: string } | undefined, key: string): string {
  return `${run?.entity ?? ""}/${run?.project ?? ""}/${key}`;
}

export function rememberedShape(place: string): KeyShape | undefined {
  if (!isRead) {
    isRead = true;
    try {
      const kept = JSON.parse(readStored("tile-shapes") ?? "[]") as [string, KeyShape][];
      for (const [name, shape] of kept) {
        if (typeof shape?.aspect === "number" && typeof shape.items === "number") {
          shapes.set(name, {
            ...shape,
            samples: shape.samples ?? [],
          });
        }
      }
    } catch {
      // written by another version: the shapes are learned again
    }
  }
  return shapes.peek(place);
}

export function rememberShape(place: string, shape: KeyShape): void {
  const before = shapes.peek(place);
  const mostItems = Math.max(shape.items, before?.mostItems ?? 0);
  shape = { ...shape, mostItems };
  if (before && JSON.stringify(before) === JSON.stringify(shape)) return;
  shapes.set(place, { ...shape, samples: shape.samples.slice(0, SAMPLES_KEPT) });
  if (before?.mostItems !== mostItems) shapesVersion.value += 1;
  store("tile-shapes", JSON.stringify([...shapes]));
}
