/** What lies under the pointer: the pixel's own numbers, its classes, the boxes around it. */
import type { ImageRecord } from "@/api/schema";
import { captionOfBox, isInside } from "@/media/image/boxes";
import { type GreyImage } from "@/media/image/maskPng";
import { shownBoxes } from "@/media/image/paint";
import { classNameOf } from "@/media/image/palette";
import { drawnMasks, masks, pictures, wholeOf } from "@/media/image/pictures";
import type { Point } from "@/media/image/transform";
import type { Probe, TileRef } from "@/state/mediaView";
import { classColor, overlays } from "@/state/overlays";

/** What `probeAt` needs before it can tell the channels. */
export function loadForProbe(record: ImageRecord): Promise<unknown> {
  return isDeep(record) ? masks.load(record.blob).ready : pictures.load(wholeOf(record)).ready;
}

let reader: CanvasRenderingContext2D | null = null;

/** Whether the exact values must be read from the file itself: a browser shows 16-bit grey with 8 bits. */
export function isDeep(record: ImageRecord): boolean {
  return (record.mode ?? "").startsWith("I") && (record.format ?? "png") === "png";
}

export function probeAt(record: ImageRecord, tile: TileRef, at: Point): Probe {
  const state = overlays.peek();
  const channels = channelsAt(record, at);
  return {
    run: tile.run,
    key: tile.key,
    index: tile.index,
    x: at.x,
    y: at.y,
    ...(channels ? { channels } : {}),
    classes: drawnMasks(record).flatMap(([layer, mask]) => {
      const ids = masks.get(mask.blob.sha256);
      const id = ids && idAt(ids, record, at);
      if (id === undefined) return [];
      const name = classNameOf(id, mask.class_labels ?? record.classes);
      return [{ layer, id, name, color: classColor(state, name, id) }];
    }),
    boxes: shownBoxes(record, state)
      .filter(({ rect }) => isInside(rect, { x: at.x + 0.5, y: at.y + 0.5 }))
      .sort((a, b) => a.rect.width * a.rect.height - b.rect.width * b.rect.height)
      .map(({ layer, box, className, color }) => ({ layer, text: captionOfBox(box, className) || "box", color })),
  };
}

function idAt(ids: GreyImage, record: ImageRecord, at: Point): number | undefined {
  const x = Math.floor(((at.x + 0.5) / record.width) * ids.width);
  const y = Math.floor(((at.y + 0.5) / record.height) * ids.height);
  return ids.values[y * ids.width + x];
}

/** The channels as the picture's mode has them; undefined while the whole picture is not decoded. */
function channelsAt(record: ImageRecord, at: Point): readonly number[] | undefined {
  if (isDeep(record)) {
    const grey = masks.get(record.blob.sha256); // decoded by our own decoder, like a mask
    const value = grey?.values[at.y * grey.width + at.x];
    return value === undefined ? undefined : [value];
  }
  const picture = pictures.get(wholeOf(record).sha256);
  if (!picture) return undefined;
  reader ??= oneByOne();
  if (!reader) return undefined;
  reader.clearRect(0, 0, 1, 1);
  reader.drawImage(picture, at.x, at.y, 1, 1, 0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, alpha = 255] = reader.getImageData(0, 0, 1, 1).data;
  const mode = record.mode ?? "RGB";
  if (mode === "L" || mode === "1") return [red];
  if (mode === "LA") return [red, alpha];
  return mode.includes("A") || alpha < 255 ? [red, green, blue, alpha] : [red, green, blue];
}

function oneByOne(): CanvasRenderingContext2D | null {
  const canvas = document.createElement("canvas");
  canvas.width = 1;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context) context.imageSmoothingEnabled = false;
  return context;
}
