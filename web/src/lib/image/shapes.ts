/** Boxes, polygons and keypoints as things of one sort: where they lie in the picture, what they are called. Pure functions. */
import type { BoxRecord, ImageRecord, KeypointLayer, KeypointRecord, PolygonRecord } from "@/api/schema";
import { type Rect, captionOfBox, isDrawable, isInside, rectOfBox } from "@/lib/image/boxes";
import type { ShapeKind } from "@/lib/image/overlayState";
import type { Point, Size } from "@/lib/image/transform";
import { numberOf } from "@/lib/text/numbers";

export type ShapeRecord = BoxRecord | PolygonRecord | KeypointRecord;

/** A layer of shapes of one kind, whatever its record calls its list. */
export interface ShapeLayer {
  kind: ShapeKind;
  name: string;
  shapes: readonly ShapeRecord[];
  labels: Readonly<Record<string, string>> | undefined;
  /** Class id -> the colour that it was given. */
  colors: Readonly<Record<string, string>> | undefined;
}

/** Polygons first: they are filled, and nothing should lie under them. */
export function shapeLayersOf(record: ImageRecord): ShapeLayer[] {
  const layers: ShapeLayer[] = [];
  for (const [name, { polygons = [], class_labels: labels = record.classes, class_colors: colors = record.class_colors }] of Object.entries(
    record.polygons ?? {},
  )) {
    layers.push({ kind: "polygon", name, shapes: polygons, labels, colors });
  }
  for (const [name, { boxes = [], class_labels: labels = record.classes, class_colors: colors = record.class_colors }] of Object.entries(
    record.boxes ?? {},
  )) {
    layers.push({ kind: "box", name, shapes: boxes, labels, colors });
  }
  for (const [
    name,
    { keypoints = [], class_labels: labels = record.classes, class_colors: colors = record.class_colors },
  ] of Object.entries(record.keypoints ?? {})) {
    layers.push({ kind: "keypoint", name, shapes: keypoints, labels, colors });
  }
  return layers;
}

/** Geometry in pixels of the picture: (0, 0) is the upper left corner of the first pixel. */
export type Outline =
  | { is: "box"; rect: Rect; corners: readonly Point[] | null }
  | { is: "polygon"; rect: Rect; rings: readonly Float64Array[] }
  | {
      is: "keypoint";
      rect: Rect;
      points: Float64Array;
      visibility: readonly number[];
      edges: readonly (readonly [number, number])[];
      names: readonly string[];
    };

const known = new WeakMap<ShapeRecord, Outline | null>();

/** Null for one that can't be drawn: it has numbers that are not finite. */
export function outlineOf(kind: ShapeKind, shape: ShapeRecord, record: ImageRecord, layer: string): Outline | null {
  const found = known.get(shape);
  if (found !== undefined) return found;
  const outline = measure(kind, shape, record, layer);
  const drawable = outline && isDrawable(outline.rect) ? outline : null;
  known.set(shape, drawable);
  return drawable;
}

function measure(kind: ShapeKind, shape: ShapeRecord, record: ImageRecord, layer: string): Outline | null {
  if (kind === "box") {
    const box = shape as BoxRecord;
    const rect = rectOfBox(box, record);
    const angle = numberOf(box.angle) ?? 0;
    if (!angle) return { is: "box", rect, corners: null };
    const corners = turnedCorners(rect, angle);
    return { is: "box", rect: boundsOf(flat(corners)), corners };
  }
  if (kind === "polygon") {
    const { rings, domain } = shape as PolygonRecord;
    const placed = rings.map((ring) => inPixels(ring, domain, record));
    if (placed.some((ring) => !ring.every(Number.isFinite))) return null;
    return { is: "polygon", rect: boundsOf(...placed), rings: placed };
  }
  const { points, visibility = [], domain } = shape as KeypointRecord;
  const { skeleton = [], names = [] } = layerOfKeypoints(record, layer);
  const placed = inPixels(points, domain, record);
  // A point that is not there may lie anywhere; so may one that is no number.
  const seen = Array.from({ length: placed.length / 2 }, (_, at) =>
    Number.isFinite(placed[2 * at]) && Number.isFinite(placed[2 * at + 1]) ? (visibility[at] ?? 2) : 0,
  );
  const shown = seen.flatMap((state, at) => (state > 0 ? [placed[2 * at] as number, placed[2 * at + 1] as number] : []));
  return { is: "keypoint", rect: boundsOf(Float64Array.from(shown)), points: placed, visibility: seen, edges: skeleton, names };
}

function layerOfKeypoints(record: ImageRecord, name: string): KeypointLayer {
  return (record.keypoints && Object.hasOwn(record.keypoints, name) ? record.keypoints[name] : undefined) ?? {};
}

function inPixels(numbers: readonly unknown[], domain: "fraction" | "pixel" | undefined, picture: Size): Float64Array {
  const [across, down] = domain === "pixel" ? [1, 1] : [picture.width, picture.height];
  return Float64Array.from(numbers, (value, at) => (numberOf(value) ?? NaN) * (at % 2 === 0 ? across : down));
}

function flat(points: readonly Point[]): Float64Array {
  return Float64Array.from(points.flatMap(({ x, y }) => [x, y]));
}

/** Corners of a box turned around its middle, clockwise on the screen, where y grows downwards. */
export function turnedCorners(rect: Rect, degrees: number): Point[] {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const middle = { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
  return ([[-1, -1], [1, -1], [1, 1], [-1, 1]] as const).map(([right, below]) => {
    const x = (right * rect.width) / 2;
    const y = (below * rect.height) / 2;
    return { x: middle.x + x * cos - y * sin, y: middle.y + x * sin + y * cos };
  });
}

function boundsOf(...rings: readonly Float64Array[]): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (let at = 0; at < ring.length; at += 2) {
      left = Math.min(left, ring[at] as number);
      right = Math.max(right, ring[at] as number);
      top = Math.min(top, ring[at + 1] as number);
      bottom = Math.max(bottom, ring[at + 1] as number);
    }
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Inside an odd number of rings. */
export function isInRings(rings: readonly Float64Array[], at: Point): boolean {
  let isIn = false;
  for (const ring of rings) {
    for (let here = 0, before = ring.length - 2; here < ring.length; before = here, here += 2) {
      const [x0, y0, x1, y1] = [ring[before] as number, ring[before + 1] as number, ring[here] as number, ring[here + 1] as number];
      if (y0 > at.y !== y1 > at.y && at.x < ((x1 - x0) * (at.y - y0)) / (y1 - y0) + x0) isIn = !isIn;
    }
  }
  return isIn;
}

/** Whether a spot hits the shape; for keypoints the index of the nearest point within `reach`. */
export function hit(outline: Outline, at: Point, reach: number): boolean | number {
  if (outline.is === "box") return outline.corners ? isInRings([flat(outline.corners)], at) : isInside(outline.rect, at);
  if (outline.is === "polygon") return isInside(outline.rect, at) && isInRings(outline.rings, at);
  let nearest = -1;
  let least = reach;
  for (const [index, state] of outline.visibility.entries()) {
    if (state === 0) continue;
    const distance = Math.hypot((outline.points[2 * index] as number) - at.x, (outline.points[2 * index + 1] as number) - at.y);
    if (distance <= least) [nearest, least] = [index, distance];
  }
  return nearest >= 0 ? nearest : false;
}

/** "person 0.93 · left elbow (hidden) 0.4" */
export function textOfShape(shape: ShapeRecord, className: string | null, outline: Outline, point?: number): string {
  const text = captionOfBox(shape, className);
  if (outline.is !== "keypoint" || point === undefined) return text;
  const score = numberOf((shape as KeypointRecord).point_scores?.[point]);
  const name = outline.names[point] ?? `point ${point}`;
  return [text, `${name}${outline.visibility[point] === 1 ? " (hidden)" : ""}${score === undefined ? "" : ` ${score.toPrecision(2)}`}`]
    .filter(Boolean)
    .join(" · ");
}
