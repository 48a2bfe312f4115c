/**
 * Draws a picture with its masks and boxes into a tile's canvas. All lengths are device pixels and everything is
 * placed by the same transform, so nothing can shift against the picture, whatever the screen's pixel ratio.
 */
import type { BoxRecord, ImageRecord, MaskLayer } from "@/api/schema";
import { type Rect, captionOfBox, isDrawable, passesScores, placeLabels, rectOfBox } from "@/media/image/boxes";
import { MaskGl } from "@/media/image/maskGl";
import type { GreyImage } from "@/media/image/maskPng";
import { type ColorTable, colorTable, paintMask } from "@/media/image/maskPixels";
import { classNameOf, inkOn } from "@/media/image/palette";
import type { Placement, Size } from "@/media/image/transform";
import { classColor, dealColors } from "@/state/overlays";
import { type OverlayState, isClassVisible, isTruthName, layerOf } from "@/state/overlayState";
import { readStored } from "@/state/storage";

export interface Scene {
  record: ImageRecord;
  picture: ImageBitmap | undefined;
  maskOf: (layer: MaskLayer) => GreyImage | undefined;
  overlays: OverlayState;
  /** Picture pixel -> device pixel of the canvas. */
  placement: Placement;
  tile: Size;
  isPixelated: boolean;
  /** Device pixels per CSS pixel. */
  ratio: number;
  /** A badge lies in the upper left corner: no label there. */
  hasBadge: boolean;
}

export function paintScene(context: CanvasRenderingContext2D, scene: Scene): void {
  const { record, picture, placement, tile } = scene;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, tile.width, tile.height);
  if (picture) {
    context.imageSmoothingEnabled = !scene.isPixelated;
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, placement.x, placement.y, record.width * placement.scale, record.height * placement.scale);
  }
  paintMasks(context, scene);
  paintBoxes(context, scene);
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
    const ids = look.isVisible ? scene.maskOf(layer) : undefined;
    if (!ids) continue;
    const colors = colorsOfLayer(layer, scene.record, scene.overlays, ids);
    const outline = look.style === "outline" ? outlineWidth(scene) : null;
    const across = { ...scene.placement, scale: (scene.placement.scale * scene.record.width) / ids.width };
    const down = { ...scene.placement, scale: (scene.placement.scale * scene.record.height) / ids.height };
    const paint = { ids, colors, opacity: look.opacity, outline };
    const card = maskGl();
    if (card) card.paint(context, scene.tile.width, scene.tile.height, paint, across, down);
    else paintByProcessor(context, scene, paint, across, down);
  }
}

/** Thin on small tiles, where two pixels would hide what they surround. */
function outlineWidth({ tile, ratio }: Scene): number {
  return Math.max(1, Math.round((tile.width / ratio < LABELS_FROM_TILE ? 1 : 2) * ratio));
}

function paintByProcessor(
  context: CanvasRenderingContext2D,
  { tile, record, placement }: Scene,
  paint: Parameters<typeof paintMask>[3],
  across: Placement,
  down: Placement,
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
  paintMask(pixels.data, width, height, paint, { ...across, x: across.x - left }, { ...down, y: down.y - top });
  scratch.putImageData(pixels, 0, 0);
  context.drawImage(scratch.canvas, 0, 0, width, height, left, top, width, height);
}

const tables = new WeakMap<MaskLayer, { overlays: OverlayState; table: ColorTable }>();

function colorsOfLayer(layer: MaskLayer, record: ImageRecord, state: OverlayState, ids: GreyImage): ColorTable {
  const known = tables.get(layer);
  if (known?.overlays === state) return known.table;
  const labels = layer.class_labels ?? record.classes;
  dealColors(labels); // the whole list, seen or hidden: who is drawn must not decide who gets which colour
  const present = Object.keys(layer.areas ?? {}).map(Number);
  const size = present.length > 0 ? Math.max(...present) + 1 : 2 ** ids.bitDepth;
  const table = colorTable(size, (id) => {
    const name = classNameOf(id, labels);
    return isClassVisible(state, name) ? classColor(state, name, id) : null;
  });
  tables.set(layer, { overlays: state, table });
  return table;
}

// ---- boxes ----

export interface ShownBox {
  layer: string;
  box: BoxRecord;
  /** In pixels of the picture. */
  rect: Rect;
  className: string | null;
  color: string;
}

/** The boxes that the overlay state lets through, in the order they were logged. */
export function shownBoxes(record: ImageRecord, state: OverlayState): ShownBox[] {
  return Object.entries(record.boxes ?? {}).flatMap(([layer, { boxes = [], class_labels: labels = record.classes }]) => {
    const look = layerOf(state, "box", layer);
    dealColors(labels);
    if (!look.isVisible) return [];
    return boxes.flatMap((box) => {
      const id = box.class_id ?? null;
      const className = id === null ? null : classNameOf(id, labels);
      if (className !== null && !isClassVisible(state, className)) return [];
      const rect = rectOfBox(box, record);
      if (!passesScores(box, look.scores) || !isDrawable(rect)) return [];
      return [{ layer, box, rect, className, color: classColor(state, className ?? layer, id) }];
    });
  });
}

const LABELS_FROM_TILE = 260; // CSS pixels; on smaller tiles captions would cover the picture ...
const FEW_BOXES = 3; // ... unless there are but a few
const LABEL_SIZE = 11;
const BADGE = { width: 54, height: 22 };

function paintBoxes(context: CanvasRenderingContext2D, scene: Scene): void {
  const { placement, ratio, tile } = scene;
  const boxes = shownBoxes(scene.record, scene.overlays);
  if (boxes.length === 0) return;
  const line = Math.max(1, Math.round(1.5 * ratio));
  const placed = boxes.map((one) => ({ ...one, drawn: drawnRect(one.rect, placement) }));
  context.lineJoin = "miter";
  for (const { layer, color, drawn } of placed) {
    context.setLineDash([]);
    context.strokeStyle = "rgb(0 0 0 / 55%)"; // a dark rim, so that any colour shows on any picture
    context.lineWidth = line + 2 * Math.max(1, Math.round(ratio / 2));
    context.strokeRect(drawn.x, drawn.y, drawn.width, drawn.height);
    if (isTruthName(layer)) context.setLineDash([4 * ratio, 3 * ratio]);
    context.strokeStyle = color;
    context.lineWidth = line;
    context.strokeRect(drawn.x, drawn.y, drawn.width, drawn.height);
  }
  context.setLineDash([]);
  const { captions } = scene.overlays;
  const isSmall = tile.width / ratio < LABELS_FROM_TILE;
  if (captions === "off" || (captions === "auto" && isSmall && boxes.length > FEW_BOXES)) return;
  paintLabels(context, scene, placed.filter(({ drawn }) => drawn.x < tile.width && drawn.y < tile.height && drawn.x + drawn.width > 0 && drawn.y + drawn.height > 0));
}

/** Corners stay where they are to the device pixel; the line runs along the box's edge. */
function drawnRect(rect: Rect, placement: Placement): Rect {
  const left = Math.round(rect.x * placement.scale + placement.x);
  const top = Math.round(rect.y * placement.scale + placement.y);
  const right = Math.round((rect.x + rect.width) * placement.scale + placement.x);
  const bottom = Math.round((rect.y + rect.height) * placement.scale + placement.y);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function paintLabels(context: CanvasRenderingContext2D, { ratio, tile, hasBadge }: Scene, boxes: readonly (ShownBox & { drawn: Rect })[]): void {
  context.font = `600 ${LABEL_SIZE * ratio}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const height = Math.round((LABEL_SIZE + 4) * ratio);
  const padding = 3 * ratio;
  // The surest boxes get their label first when there is not room for all.
  const ordered = boxes
    .map((one) => ({ ...one, text: captionOfBox(one.box, one.className) }))
    .filter(({ text }) => text !== "")
    .sort((a, b) => surest(b.box) - surest(a.box));
  const places = placeLabels(
    ordered.map(({ drawn, text }) => ({ box: drawn, label: { width: Math.ceil(context.measureText(text).width + 2 * padding), height } })),
    tile,
    hasBadge ? [{ x: 0, y: 0, width: BADGE.width * ratio, height: BADGE.height * ratio }] : [],
  );
  for (const [at, { text, color }] of ordered.entries()) {
    const place = places[at];
    if (!place) continue;
    context.fillStyle = color;
    context.fillRect(place.x, place.y, Math.ceil(context.measureText(text).width + 2 * padding), height);
    context.fillStyle = inkOn(color);
    context.fillText(text, place.x + padding, place.y + height / 2 + ratio / 2);
  }
}

function surest(box: BoxRecord): number {
  const score = Object.values(box.scores ?? {})[0];
  return typeof score === "number" ? score : 2; // without scores it is the truth: first
}
