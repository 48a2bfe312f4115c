/**
 * Draws a picture with its masks and shapes into a tile's canvas. All lengths are device pixels and everything is
 * placed by the same transform, so nothing can shift against the picture, whatever the screen's pixel ratio.
 */
import type { ImageRecord, MaskLayer } from "@/api/schema";
import { classNameOf } from "@/lib/image/classColors";
import { type OverlayState, isClassVisible, layerOf } from "@/lib/image/overlayState";
import type { Placement } from "@/lib/image/transform";
import { MaskGl } from "@/media/image/maskGl";
import type { GreyImage } from "@/media/image/maskPng";
import { type ColorTable, colorTable, paintMask } from "@/media/image/maskPixels";
import { paintShapes } from "@/media/image/paintShapes";
import { LABELS_FROM_TILE, type Scene } from "@/media/image/scene";
import { paintValues } from "@/media/image/paintValues";
import { readStored } from "@/state/page/storage";
import { classColor, dealColors } from "@/state/page/classColors";

export function paintScene(context: CanvasRenderingContext2D, scene: Scene): void {
  const { record, picture, placement, tile } = scene;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, tile.width, tile.height);
  if (scene.values) {
    const { grid, tone } = scene.values;
    const across = { ...placement, scale: (placement.scale * record.width) / grid.width };
    const down = { ...placement, scale: (placement.scale * record.height) / grid.height };
    paintByProcessor(context, scene, across, down, (...to) => paintValues(to[0], to[1], to[2], grid, tone, to[3], to[4]));
  } else if (picture) {
    context.imageSmoothingEnabled = !scene.isPixelated;
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, placement.x, placement.y, record.width * placement.scale, record.height * placement.scale);
  }
  paintMasks(context, scene);
  paintShapes(context, scene);
}

// ---- masks ----

let gl: MaskGl | null | undefined;
let scratch: CanvasRenderingContext2D | null = null;

/** The graphics card, or null for the processor. `diorama.masks` in the browser's storage overrides the choice. */
function maskGl(): MaskGl | null {
  if (gl === undefined || gl?.isLost) {
    const choice = readStored("masks");
    gl = choice === "processor" ? null : MaskGl.create(choice === "card");
  }
  return gl;
}

function paintMasks(context: CanvasRenderingContext2D, scene: Scene): void {
  const layers = Object.entries(scene.record.masks ?? {});
  const names = layers.map(([name]) => name);
  for (const [name, layer] of layers) {
    const look = layerOf(scene.overlays, "mask", name, names);
    const ids = look.isVisible && !layer.note ? scene.maskOf(layer) : undefined;
    if (!ids) continue;
    const colors = colorsOfLayer(layer, scene.record, scene.overlays, ids);
    const outline = look.style === "outline" ? outlineWidth(scene) : null;
    const across = { ...scene.placement, scale: (scene.placement.scale * scene.record.width) / ids.width };
    const down = { ...scene.placement, scale: (scene.placement.scale * scene.record.height) / ids.height };
    const paint = { ids, colors, opacity: look.opacity, outline };
    const card = maskGl();
    if (card) card.paint(context, scene.tile.width, scene.tile.height, paint, across, down);
    else paintByProcessor(context, scene, across, down, (...to) => paintMask(to[0], to[1], to[2], paint, to[3], to[4]));
  }
}

/** Thin on small tiles, where two pixels would hide what they surround. */
function outlineWidth({ tile, ratio }: Scene): number {
  return Math.max(1, Math.round((tile.width / ratio < LABELS_FROM_TILE ? 1 : 2) * ratio));
}

function paintByProcessor(
  context: CanvasRenderingContext2D,
  { tile, record, placement }: Scene,
  across: Placement,
  down: Placement,
  paint: (out: Uint8ClampedArray, width: number, height: number, across: Placement, down: Placement) => void,
): void {
  // Only where the picture lies: margins cost nothing.
  const left = Math.max(0, Math.floor(placement.x));
  const top = Math.max(0, Math.floor(placement.y));
  const width = Math.min(tile.width, Math.ceil(placement.x + record.width * placement.scale)) - left;
  const height = Math.min(tile.height, Math.ceil(placement.y + record.height * placement.scale)) - top;
  if (width <= 0 || height <= 0) return;
  scratch ??= document.createElement("canvas").getContext("2d");
  if (!scratch) return;
  if (scratch.canvas.width < width) scratch.canvas.width = width;
  if (scratch.canvas.height < height) scratch.canvas.height = height;
  const pixels = new ImageData(width, height);
  paint(pixels.data, width, height, { ...across, x: across.x - left }, { ...down, y: down.y - top });
  scratch.putImageData(pixels, 0, 0);
  context.drawImage(scratch.canvas, 0, 0, width, height, left, top, width, height);
}

const tables = new WeakMap<MaskLayer, { overlays: OverlayState; table: ColorTable }>();

function colorsOfLayer(layer: MaskLayer, record: ImageRecord, state: OverlayState, ids: GreyImage): ColorTable {
  const known = tables.get(layer);
  if (known?.overlays === state) return known.table;
  const labels = layer.class_labels ?? record.classes;
  // The whole list, seen or hidden: who is drawn must not decide who gets which colour.
  dealColors(labels, layer.class_colors ?? record.class_colors);
  const present = layer.id_count ? [] : Object.keys(layer.areas ?? {}).map(Number); // many ids: not all are listed
  const { ids: list } = ids;
  const size = list ? list.length : present.length > 0 ? Math.max(...present) + 1 : 2 ** ids.bitDepth;
  const table = colorTable(size, (place) => {
    const id = list ? (list[place] as number) : place;
    const name = classNameOf(id, labels);
    return isClassVisible(state, name) ? classColor(state, name, id) : null;
  });
  tables.set(layer, { overlays: state, table });
  return table;
}
