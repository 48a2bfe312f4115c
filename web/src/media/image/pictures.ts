/** Decoded pictures and masks: where they come from and how long they stay. */
import { signal } from "@preact/signals";
import type { BlobRef, ImageRecord, MaskLayer } from "@/api/schema";
import { type OverlayState, layerOf } from "@/lib/image/overlayState";
import type { Preparation } from "@/lib/preparation";
import { decodeGrid, decodeMask, decodePicture } from "@/media/image/decode";
import type { GreyImage } from "@/media/image/maskPng";
import type { ValueGrid } from "@/media/image/values";
import type { Need } from "@/media/view";
import { DecodedCache, type Loading } from "@/state/contents/decodedCache";

const PICTURES_LIMIT_BYTES = 384 * 1024 * 1024;
const MASKS_LIMIT_BYTES = 192 * 1024 * 1024;
const GRIDS_LIMIT_BYTES = 256 * 1024 * 1024;
/** Longest side of the thumbnails that the server keeps. */
export const THUMBNAIL_SIDE = 256;
/** A thumbnail may be stretched so far before the whole picture is fetched. */
const STRETCH_ALLOWED = 1.25;

export const pictures = new DecodedCache<ImageBitmap>({
  load: decodePicture,
  sizeBytes: (bitmap) => bitmap.width * bitmap.height * 4,
  dispose: (bitmap) => bitmap.close(),
  limitBytes: PICTURES_LIMIT_BYTES,
});

export const masks = new DecodedCache<GreyImage>({
  load: decodeMask,
  sizeBytes: (image) => image.values.byteLength,
  limitBytes: MASKS_LIMIT_BYTES,
});

/** True values, which are large: only of pictures that are probed or shown by them. */
export const grids = new DecodedCache<ValueGrid>({
  load: (blob) => told(blob, decodeGrid(blob)),
  sizeBytes: (grid) => grid.values.byteLength,
  limitBytes: GRIDS_LIMIT_BYTES,
  width: 2,
});

/** Values on their way: SHA-256 -> "loading", or why they can't be had. */
export const gridStatus = signal<ReadonlyMap<string, string>>(new Map());

async function told(blob: BlobRef, loading: Promise<ValueGrid>): Promise<ValueGrid> {
  const tell = (text: string | null): void => {
    const next = new Map(gridStatus.peek());
    if (text === null) next.delete(blob.sha256);
    else next.set(blob.sha256, text);
    gridStatus.value = next;
  };
  tell("loading");
  try {
    const grid = await loading;
    tell(null);
    return grid;
  } catch (thrown) {
    tell(thrown instanceof Error ? thrown.message : String(thrown));
    throw thrown;
  }
}

/** Where a picture's true values lie when they say more than a browser shows; null when the picture is all there is. */
export function gridOf(record: ImageRecord): BlobRef | null {
  const { original } = record;
  if (original?.form === "npy") return original.blob ?? null;
  const isPng = (record.format ?? "png") === "png";
  if (original) {
    return isPng && original.form === "picture" && (original.dtype.endsWith("2") || (record.mode ?? "").startsWith("I")) && !record.note
      ? record.blob
      : null;
  }
  return isPng && (record.mode ?? "").startsWith("I") && !record.note ? record.blob : null;
}

/** The whole picture as a browser can draw it: of a tiff that is a PNG made beside it. */
export function wholeOf(record: ImageRecord): BlobRef {
  return record.preview ?? record.blob;
}

/** The thumbnail where it is large enough on the screen, else the whole picture. */
export function pictureFor(record: ImageRecord, drawnWidth: number): BlobRef {
  if (!record.thumbnail) return wholeOf(record);
  const shrink = Math.min(1, THUMBNAIL_SIDE / Math.max(record.width, record.height));
  return drawnWidth <= record.width * shrink * STRETCH_ALLOWED ? record.thumbnail : wholeOf(record);
}

/** The best picture that is decoded: the wanted one, else whichever there is. */
export function decodedPicture(record: ImageRecord, wanted: BlobRef): { blob: BlobRef; bitmap: ImageBitmap } | undefined {
  for (const blob of [wanted, wholeOf(record), record.thumbnail]) {
    const bitmap = blob ? pictures.get(blob.sha256) : undefined;
    if (blob && bitmap) return { blob, bitmap };
  }
  return undefined;
}

/** The mask layers that are drawn under an overlay state, in the order they were logged. */
export function drawnMasks(record: ImageRecord, state: OverlayState): [name: string, layer: MaskLayer][] {
  const all = Object.entries(record.masks ?? {}).filter(([, layer]) => !layer.note); // one that can't be decoded is only kept
  const names = all.map(([name]) => name);
  return all.filter(([name]) => layerOf(state, "mask", name, names).isVisible);
}

export function prepareImage(record: ImageRecord, need: Need): Preparation {
  if (record.note) return { isReady: true, ready: Promise.resolve(), release: () => undefined }; // words are drawn instead
  const wanted = pictureFor(record, Math.min(need.width, (need.height * record.width) / record.height));
  const layers = drawnMasks(record, need.overlays).map(([, layer]) => layer.blob);
  const holds = [...layers.map(({ sha256 }) => masks.hold(sha256)), pictures.hold(wanted.sha256)];
  if (record.thumbnail) holds.push(pictures.hold(record.thumbnail.sha256));
  const loads: Loading<unknown>[] = [];
  const follow = <T>(loading: Loading<T>): Promise<T> => {
    loads.push(loading);
    return loading.ready;
  };
  const isReady = decodedPicture(record, wanted) !== undefined && layers.every((blob) => masks.get(blob.sha256) !== undefined);
  const pictureLoads = [follow(pictures.load(wanted, need.isUrgent))];
  // The small one comes first and is shown until the large one is there.
  if (need.isUrgent && record.thumbnail && wanted !== record.thumbnail) pictureLoads.push(follow(pictures.load(record.thumbnail, true)));
  const maskLoads = layers.map((blob) => follow(masks.load(blob, need.isUrgent)));
  const ready = Promise.all([firstOf(pictureLoads), ...maskLoads]).then(() => undefined);
  ready.catch(() => undefined); // whoever prefetches does not listen
  return {
    isReady,
    ready,
    release: () => {
      for (const loading of loads) loading.drop();
      for (const letGo of holds) letGo();
    },
  };
}

/** The first that succeeds; when all fail, why the wanted one did. */
async function firstOf<T>(loads: readonly Promise<T>[]): Promise<T> {
  try {
    return await Promise.any(loads);
  } catch {
    return loads[0] as Promise<T>;
  }
}
