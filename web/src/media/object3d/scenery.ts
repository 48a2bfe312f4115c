/** What is drawn beside points and triangles, as segments and labels: boxes, arrows, cameras, grid. Pure functions. */
import type { Box3D, Camera3D, Object3DRecord, Vector3D } from "@/api/schema";
import { type ScoreRange, shortScore } from "@/lib/image/boxes";
import { type Rgb, rgbOf } from "@/lib/image/classColors";
import { type OverlayState, isClassVisible, layerOf } from "@/lib/image/overlayState";
import { numberOf } from "@/lib/text/numbers";
import type { Segment } from "@/media/object3d/lines";
import {
  type Box3,
  type Orientation,
  type Vec3,
  add,
  axesOf,
  boxOf,
  centreOf,
  cross,
  dot,
  gridStep,
  isFiniteVec,
  lengthOf,
  radiusOf,
  scaled,
  sub,
  unit,
} from "@/media/object3d/space";
import { classColor } from "@/state/page/classColors";

/** The name under which the page's overlay state keeps the score threshold of 3D boxes. */
export const BOX_LAYER = "3D boxes";
export const SCORE = "score";

export interface Tag {
  at: Vec3;
  text: string;
  color: string;
}

export interface Scenery {
  segments: Segment[];
  tags: Tag[];
}

const EDGES: readonly (readonly [number, number])[] = Array.from({ length: 8 }, (_, corner) =>
  [1, 2, 4].filter((bit) => !(corner & bit)).map((bit) => [corner, corner | bit] as const),
).flat();

export function scoreRangeOf(state: OverlayState): ScoreRange {
  return layerOf(state, "box", BOX_LAYER).scores[SCORE] ?? [null, null];
}

export function isBoxShown(box: Box3D, state: OverlayState): boolean {
  if (!layerOf(state, "box", BOX_LAYER).isVisible) return false;
  if (box.label && !isClassVisible(state, box.label)) return false;
  const score = numberOf(box.score);
  const [least, most] = scoreRangeOf(state);
  // A box without a score is not judged by it: ground truth has none.
  return score === undefined || ((least === null || score >= least) && (most === null || score <= most));
}

export function boxText(box: Box3D): string {
  const score = numberOf(box.score);
  return [box.label ?? "", score === undefined ? "" : shortScore(score)].filter(Boolean).join(" ");
}

/** The colour of the record, unless somebody chose one for the class. */
export function boxColor(box: Box3D, state: OverlayState): string {
  const chosen = box.label ? state.colors[box.label] : undefined;
  return chosen ?? colorFrom(box.color) ?? classColor(state, box.label ?? "box", null);
}

function colorFrom(color: readonly unknown[] | null | undefined): string | null {
  if (!color || !isFiniteVec(color)) return null;
  return `#${color.map((value) => Math.round(Math.min(255, Math.max(0, value))).toString(16).padStart(2, "0")).join("")}`;
}

/** The corners along the box's own edges: two are joined when their places differ in one bit. */
export function cornersOf(box: Box3D): Vec3[] | null {
  if (box.corners.length !== 8) return null;
  const places = box.order?.length === 8 ? box.order : [0, 1, 2, 3, 4, 5, 6, 7];
  const corners = places.map((place) => box.corners[place]);
  return corners.every((corner): corner is [number, number, number] => corner !== undefined && isFiniteVec(corner)) ? corners : null;
}

export function sceneryOf(record: Object3DRecord, state: OverlayState, origin: Vec3, orientation: Orientation, radius: number): Scenery {
  const found: Scenery = { segments: [], tags: [] };
  for (const box of record.boxes ?? []) if (isBoxShown(box, state)) addBox(found, box, state, origin, orientation);
  for (const vector of record.vectors ?? []) addArrow(found, vector, state, origin);
  for (const [at, camera] of (record.cameras ?? []).entries()) addCamera(found, camera, at, state, origin, radius);
  return found;
}

function addBox(to: Scenery, box: Box3D, state: OverlayState, origin: Vec3, orientation: Orientation): void {
  const corners = cornersOf(box)?.map((corner) => sub(corner, origin));
  if (!corners) return;
  const hex = boxColor(box, state);
  const color = rgbaOf(rgbOf(hex));
  for (const [a, b] of EDGES) to.segments.push({ from: corners[a] as Vec3, to: corners[b] as Vec3, color });
  const text = boxText(box);
  if (!text) return;
  const { up } = axesOf(orientation);
  const around = boxOf(corners) as Box3;
  const middle = centreOf(around);
  const highest = Math.max(...corners.map((corner) => dot(corner, up)));
  to.tags.push({ at: add(middle, scaled(up, highest - dot(middle, up))), text, color: hex });
}

function addArrow(to: Scenery, vector: Vector3D, state: OverlayState, origin: Vec3): void {
  if (!isFiniteVec(vector.start) || !isFiniteVec(vector.end)) return;
  const from = sub(vector.start, origin);
  const tip = sub(vector.end, origin);
  const hex = colorFrom(vector.color) ?? classColor(state, vector.label ?? "vector", null);
  const color = rgbaOf(rgbOf(hex));
  const along = sub(tip, from);
  const length = lengthOf(along);
  to.segments.push({ from, to: tip, color });
  if (vector.label) to.tags.push({ at: tip, text: vector.label, color: hex });
  if (length === 0) return;
  const way = unit(along);
  const across = unit(cross(way, Math.abs(way[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0]));
  const aside = cross(way, across);
  const back = sub(tip, scaled(way, length * 0.16));
  for (const side of [across, scaled(across, -1), aside, scaled(aside, -1)]) {
    to.segments.push({ from: tip, to: add(back, scaled(side, length * 0.06)), color });
  }
}

function addCamera(to: Scenery, camera: Camera3D, at: number, state: OverlayState, origin: Vec3, radius: number): void {
  if (!isFiniteVec(camera.position) || !isFiniteVec(camera.target ?? [0, 0, 0])) return;
  const eye = sub(camera.position, origin);
  const way = unit(sub((camera.target ?? [0, 0, 0]) as Vec3, camera.position));
  if (lengthOf(way) === 0) return;
  const wished = camera.up && isFiniteVec(camera.up) ? camera.up : Math.abs(way[2]) < 0.95 ? ([0, 0, 1] as const) : ([0, 1, 0] as const);
  const right = unit(cross(way, wished));
  const up = cross(right, way);
  const depth = radius * 0.14;
  const half = depth * Math.tan(((camera.fov_degrees ?? 45) * Math.PI) / 360);
  const far = add(eye, scaled(way, depth));
  const corner = (x: number, y: number): Vec3 => add(far, add(scaled(right, x * half * 1.4), scaled(up, y * half)));
  const corners = [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)] as const;
  const hex = classColor(state, "camera", null);
  const color = rgbaOf(rgbOf(hex));
  for (const [place, point] of corners.entries()) {
    to.segments.push({ from: eye, to: point, color }, { from: point, to: corners[(place + 1) % 4] as Vec3, color });
  }
  to.segments.push(
    { from: corners[3], to: add(far, scaled(up, half * 1.5)), color },
    { from: corners[2], to: add(far, scaled(up, half * 1.5)), color },
  );
  to.tags.push({ at: eye, text: camera.label ?? `camera ${at + 1}`, color: hex });
}

function rgbaOf([red, green, blue]: Rgb): [number, number, number, number] {
  return [red / 255, green / 255, blue / 255, 1];
}

/** A ground grid under the box, and the two axes where it crosses them. */
export function gridOf(box: Box3, orientation: Orientation, origin: Vec3, color: string): { segments: Segment[]; step: number } {
  const { up, right, toward } = axesOf(orientation);
  const radius = Math.max(radiusOf(box), 1e-12);
  const step = gridStep(radius);
  const middle = centreOf(box);
  const reach = Math.ceil((radius * 1.25) / step);
  const floor = Math.min(dot(box.low, up), dot(box.high, up));
  // Lines stand at round coordinates of the data, not of what is drawn.
  const round = (axis: Vec3): number => Math.round((dot(middle, axis) + dot(origin, axis)) / step) * step - dot(origin, axis);
  const [u, v] = [round(right), round(toward)];
  const [red, green, blue] = rgbaOf(rgbOf(color));
  const place = (a: number, b: number): Vec3 => add(add(scaled(right, u + a * step), scaled(toward, v + b * step)), scaled(up, floor));
  const segments: Segment[] = [];
  for (let at = -reach; at <= reach; at++) {
    const fade = 0.75 * (1 - Math.abs(at) / (reach + 1)) + 0.15;
    const line = [red, green, blue, fade] as const;
    segments.push(
      { from: place(at, -reach), to: place(at, reach), color: line },
      { from: place(-reach, at), to: place(reach, at), color: line },
    );
  }
  return { segments, step };
}
