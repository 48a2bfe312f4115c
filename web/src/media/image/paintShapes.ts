/** Draws boxes, polygons and keypoints with their labels. Lengths are device pixels, see `paint.ts`. */
import type { ImageRecord } from "@/api/schema";
import { type Rect, passesScores, placeLabels } from "@/lib/image/boxes";
import { classNameOf, inkOn } from "@/lib/image/classColors";
import { type OverlayState, type ShapeKind, isClassVisible, isTruthName, layerOf } from "@/lib/image/overlayState";
import { type Outline, type ShapeRecord, outlineOf, shapeLayersOf, textOfShape } from "@/lib/image/shapes";
import type { Placement } from "@/lib/image/transform";
import { numberOf } from "@/lib/text/numbers";
import { LABELS_FROM_TILE, type Scene } from "@/media/image/scene";
import { classColor, dealColors } from "@/state/page/classColors";

export interface ShownShape {
  kind: ShapeKind;
  layer: string;
  shape: ShapeRecord;
  /** In pixels of the picture. */
  outline: Outline;
  className: string | null;
  color: string;
  /** 0 to 1, of what is filled. */
  opacity: number;
  isFilled: boolean;
}

/** The shapes that the overlay state lets through, in the order in which they are drawn. */
export function shownShapes(record: ImageRecord, state: OverlayState): ShownShape[] {
  const layers = shapeLayersOf(record);
  return layers.flatMap(({ kind, name: layer, shapes, labels, colors }) => {
    const look = layerOf(state, kind, layer, layers.filter((other) => other.kind === kind).map((other) => other.name));
    dealColors(labels, colors);
    if (!look.isVisible) return [];
    return shapes.flatMap((shape) => {
      const id = shape.class_id ?? null;
      const className = id === null ? null : classNameOf(id, labels);
      if (className !== null && !isClassVisible(state, className)) return [];
      const outline = passesScores(shape, look.scores) ? outlineOf(kind, shape, record, layer) : null;
      if (!outline) return [];
      const isFilled = kind === "polygon" && look.style === "fill";
      return [
        { kind, layer, shape, outline, className, color: classColor(state, className ?? layer, id), opacity: look.opacity, isFilled },
      ];
    });
  });
}

const FEW_SHAPES = 3; // so many have their captions on small tiles too
const TINY_TILE = 120; // as in table cells
const LABEL_SIZE = 11;
const LABELS_LIMIT = 400; // of the surest; each looks for room among those before it
const BADGE = { width: 54, height: 22 };
const RIM = "rgb(0 0 0 / 55%)"; // dark, so that any colour shows on any picture

export function paintShapes(context: CanvasRenderingContext2D, scene: Scene): void {
  const { placement, ratio, tile } = scene;
  const shapes = shownShapes(scene.record, scene.overlays);
  if (shapes.length === 0) return;
  const placed = shapes.map((one) => ({ ...one, drawn: drawnRect(one.outline.rect, placement) }));
  const inSight = placed.filter(
    ({ drawn }) => drawn.x < tile.width && drawn.y < tile.height && drawn.x + drawn.width > 0 && drawn.y + drawn.height > 0,
  );
  for (const one of placed.length > 500 ? inSight : placed) paintShape(context, one, scene);
  context.setLineDash([]);
  const { captions } = scene.overlays;
  const isSmall = tile.width / ratio < LABELS_FROM_TILE;
  const isTiny = tile.width / ratio < TINY_TILE;
  if (captions === "off" || (captions === "auto" && (isTiny || (isSmall && shapes.length > FEW_SHAPES)))) return;
  paintLabels(context, scene, inSight);
}

function paintShape(context: CanvasRenderingContext2D, one: ShownShape & { drawn: Rect }, { placement, ratio, tile }: Scene): void {
  const line = Math.max(1, Math.round(1.5 * ratio));
  const { outline, color, drawn } = one;
  context.setLineDash([]);
  if (outline.is === "keypoint") {
    paintKeypoints(context, outline, color, placement, ratio, tile.width / ratio < LABELS_FROM_TILE);
    return;
  }
  context.lineJoin = outline.is === "polygon" ? "round" : "miter";
  context.beginPath();
  if (outline.is === "polygon") {
    for (const ring of outline.rings) tracePath(context, ring, placement);
  } else if (outline.corners) {
    for (const [at, { x, y }] of outline.corners.entries()) {
      context[at === 0 ? "moveTo" : "lineTo"](x * placement.scale + placement.x, y * placement.scale + placement.y);
    }
    context.closePath();
  } else context.rect(drawn.x, drawn.y, drawn.width, drawn.height);
  if (one.isFilled) {
    context.globalAlpha = one.opacity;
    context.fillStyle = color;
    context.fill("evenodd");
    context.globalAlpha = 1;
  }
  context.strokeStyle = RIM;
  context.lineWidth = line + 2 * Math.max(1, Math.round(ratio / 2));
  context.stroke();
  if (isTruthName(one.layer)) context.setLineDash([4 * ratio, 3 * ratio]);
  context.strokeStyle = color;
  context.lineWidth = line;
  context.stroke();
}

function tracePath(context: CanvasRenderingContext2D, ring: Float64Array, { scale, x, y }: Placement): void {
  for (let at = 0; at < ring.length; at += 2) {
    context[at === 0 ? "moveTo" : "lineTo"]((ring[at] as number) * scale + x, (ring[at + 1] as number) * scale + y);
  }
  context.closePath();
}

/** Joints as dots, hollow where they are hidden behind something; bones between joints that are there. */
function paintKeypoints(
  context: CanvasRenderingContext2D,
  { points, visibility, edges }: Extract<Outline, { is: "keypoint" }>,
  color: string,
  { scale, x, y }: Placement,
  ratio: number,
  isSmall: boolean,
): void {
  const at = (index: number): [number, number] => [
    (points[2 * index] as number) * scale + x,
    (points[2 * index + 1] as number) * scale + y,
  ];
  const isThere = (index: number): boolean => (visibility[index] ?? 0) > 0;
  context.lineCap = "round";
  for (const [width, ink] of [
    [isSmall ? 2.5 : 4, RIM],
    [isSmall ? 1.25 : 2, color],
  ] as const) {
    context.beginPath();
    for (const [from, to] of edges) {
      if (!isThere(from) || !isThere(to)) continue;
      context.moveTo(...at(from));
      context.lineTo(...at(to));
    }
    context.strokeStyle = ink;
    context.lineWidth = width * ratio;
    context.stroke();
  }
  context.lineCap = "butt";
  const radius = (isSmall ? 2 : 3.5) * ratio;
  for (let index = 0; index < visibility.length; index++) {
    if (!isThere(index)) continue;
    const isHidden = visibility[index] === 1;
    context.beginPath();
    context.arc(...at(index), radius, 0, 2 * Math.PI);
    context.fillStyle = isHidden ? "rgb(0 0 0 / 70%)" : color;
    context.fill();
    context.strokeStyle = isHidden ? color : RIM;
    context.lineWidth = ratio;
    context.stroke();
  }
}

/** Corners stay where they are to the device pixel; the line runs along the box's edge. */
function drawnRect(rect: Rect, placement: Placement): Rect {
  const left = Math.round(rect.x * placement.scale + placement.x);
  const top = Math.round(rect.y * placement.scale + placement.y);
  const right = Math.round((rect.x + rect.width) * placement.scale + placement.x);
  const bottom = Math.round((rect.y + rect.height) * placement.scale + placement.y);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function paintLabels(
  context: CanvasRenderingContext2D,
  { ratio, tile, hasBadge }: Scene,
  shapes: readonly (ShownShape & { drawn: Rect })[],
): void {
  context.font = `600 ${LABEL_SIZE * ratio}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const height = Math.round((LABEL_SIZE + 4) * ratio);
  const padding = 3 * ratio;
  // The surest get their label first when there is not room for all.
  const ordered = shapes
    .map((one) => ({ ...one, text: textOfShape(one.shape, one.className, one.outline) }))
    .filter(({ text }) => text !== "")
    .sort((a, b) => surest(b.shape) - surest(a.shape))
    .slice(0, LABELS_LIMIT);
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

function surest(shape: ShapeRecord): number {
  return numberOf(Object.values(shape.scores ?? {})[0]) ?? 2; // without scores it is the truth: first
}
