/** What lies under the pointer: the pixel's own numbers, its classes, the boxes around it. */
import type { ImageRecord } from "@/api/schema";
import { classNameOf } from "@/lib/image/classColors";
import { hit, textOfShape } from "@/lib/image/shapes";
import type { Point } from "@/lib/image/transform";
import { type GreyImage } from "@/media/image/maskPng";
import { shownShapes } from "@/media/image/paintShapes";
import { drawnMasks, gridOf, grids, masks, pictures, wholeOf } from "@/media/image/pictures";
import { valueText, valuesAt } from "@/media/image/values";
import { classColor } from "@/state/page/classColors";
import type { Probe } from "@/state/media/probe";
import type { TileRef } from "@/state/media/tile";
import type { Scope } from "@/state/scope";

/** What `probeAt` needs before it can tell the values. */
export function loadForProbe(record: ImageRecord): Promise<unknown> {
  const values = gridOf(record);
  return values ? grids.load(values).ready : pictures.load(wholeOf(record)).ready;
}

let reader: CanvasRenderingContext2D | null = null;

/** reach: pixels of the picture within which a keypoint is meant. */
export function probeAt(scope: Scope, record: ImageRecord, tile: TileRef, at: Point, reach = 0): Probe {
  const { overlays } = scope.overlays;
  const state = overlays.peek();
  const channels = channelsAt(record, at);
  return {
    run: tile.run,
    key: tile.key,
    index: tile.index,
    x: at.x,
    y: at.y,
    ...(channels ? { channels } : {}),
    classes: drawnMasks(record, state).flatMap(([layer, mask]) => {
      const ids = masks.get(mask.blob.sha256);
      const id = ids && idAt(ids, record, at);
      if (id === undefined) return [];
      const name = classNameOf(id, mask.class_labels ?? record.classes);
      return [{ layer, id, name, color: classColor(state, name, id) }];
    }),
    boxes: shownShapes(record, state)
      .flatMap((shown) => {
        const found = hit(shown.outline, { x: at.x + 0.5, y: at.y + 0.5 }, reach);
        return found === false ? [] : [{ ...shown, point: typeof found === "number" ? found : undefined }];
      })
      .sort((a, b) => sizeOf(a) - sizeOf(b))
      .map(({ layer, shape, outline, className, color, point, kind }) => ({
        layer,
        text: textOfShape(shape, className, outline, point) || kind,
        color,
      })),
  };
}

/** The smallest is what is meant; a joint before all that lies around it. */
function sizeOf({ outline, point }: { outline: { rect: { width: number; height: number } }; point: number | undefined }): number {
  return point === undefined ? outline.rect.width * outline.rect.height : 0;
}

function idAt(ids: GreyImage, record: ImageRecord, at: Point): number | undefined {
  const x = Math.floor(((at.x + 0.5) / record.width) * ids.width);
  const y = Math.floor(((at.y + 0.5) / record.height) * ids.height);
  const found = ids.values[y * ids.width + x];
  return ids.ids && found !== undefined ? ids.ids[found] : found;
}

/** The values as they were logged; undefined while they are not decoded. */
function channelsAt(record: ImageRecord, at: Point): readonly (number | string)[] | undefined {
  const values = gridOf(record);
  if (values) {
    const grid = grids.get(values.sha256);
    return grid && valuesAt(grid, at.x, at.y);
  }
  const channels = pixelAt(record, at);
  // What a data loader made of an 8-bit picture: the picture's numbers divided by 255.
  return record.original?.form === "unit"
    ? channels?.map((channel) => valueText(channel / 255, record.original?.dtype.endsWith("8") ? 16 : 8))
    : channels;
}

/** The channels as the picture's mode has them. */
function pixelAt(record: ImageRecord, at: Point): readonly number[] | undefined {
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
