/** Points, boxes and the camera of a 3D view as plain numbers. Pure functions. */

export type Vec3 = readonly [x: number, y: number, z: number];

export interface Box3 {
  low: Vec3;
  high: Vec3;
}

export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const sub = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const scaled = (a: Vec3, by: number): Vec3 => [a[0] * by, a[1] * by, a[2] * by];
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a: Vec3, b: Vec3): Vec3 => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const lengthOf = (a: Vec3): number => Math.hypot(a[0], a[1], a[2]);
export const isFiniteVec = (a: readonly unknown[]): a is Vec3 =>
  a.length === 3 && a.every((value) => typeof value === "number" && Number.isFinite(value));

export function unit(a: Vec3): Vec3 {
  const length = lengthOf(a);
  return length > 0 ? scaled(a, 1 / length) : [0, 0, 0];
}

export function centreOf({ low, high }: Box3): Vec3 {
  // Halves first: the sum of two huge coordinates would overflow.
  return [low[0] / 2 + high[0] / 2, low[1] / 2 + high[1] / 2, low[2] / 2 + high[2] / 2];
}

export function radiusOf({ low, high }: Box3): number {
  return lengthOf(sub(high, low)) / 2;
}

export function growBox({ low, high }: Box3, share: number): Box3 {
  const by = scaled(sub(high, low), share);
  return { low: sub(low, by), high: add(high, by) };
}

export function joinBoxes(a: Box3 | null, b: Box3 | null): Box3 | null {
  if (!a || !b) return a ?? b;
  const pick = (choose: (...values: number[]) => number, x: Vec3, y: Vec3): Vec3 => [
    choose(x[0], y[0]),
    choose(x[1], y[1]),
    choose(x[2], y[2]),
  ];
  return { low: pick(Math.min, a.low, b.low), high: pick(Math.max, a.high, b.high) };
}

/** The box around the points that are finite. */
export function boxOf(points: Iterable<Vec3>): Box3 | null {
  let box: Box3 | null = null;
  for (const point of points) if (isFiniteVec(point)) box = joinBoxes(box, { low: point, high: point });
  return box;
}

// ---- the view ----

export type UpAxis = "x" | "y" | "z" | "-x" | "-y" | "-z";

/** How the numbers are to be read: which way is up, and whether the axes are right-handed. */
export interface Orientation {
  up: UpAxis;
  isRightHanded: boolean;
}

/**
 * Where somebody looks from, in terms that hold for things of any size: angles in degrees, lengths in radii of what
 * is shown. So tiles can share it, and it survives a change of step.
 */
export interface View3D {
  /** Around the up axis; 0 looks at the front. */
  yaw: number;
  /** 90 looks straight down. */
  pitch: number;
  roll: number;
  /** 1 shows all of it. */
  zoom: number;
  /** What is in the middle, as an offset from the middle of the thing. */
  target: Vec3;
  /** Vertical field of view. */
  fov: number;
}

/** What is fitted into the view: kept over steps, so that a step that is a little larger does not jump. */
export interface Frame {
  centre: Vec3;
  radius: number;
  /** Its outermost points, relative to the centre. */
  hull: readonly Vec3[];
}

/** `hull`: the outermost points, when they are known better than by the box. */
export function frameFrom(box: Box3, hull: readonly Vec3[] = []): Frame {
  const radius = radiusOf(box);
  if (!(radius > 0 && Number.isFinite(radius))) return { centre: centreOf(box), radius: 1, hull: [[0.5, 0.5, 0.5], [-0.5, -0.5, -0.5]] };
  const centre = centreOf(box);
  const corners = Array.from({ length: 8 }, (_, at): Vec3 => [
    at & 1 ? box.high[0] : box.low[0],
    at & 2 ? box.high[1] : box.low[1],
    at & 4 ? box.high[2] : box.low[2],
  ]);
  return { centre, radius, hull: (hull.length > 0 ? hull : corners).map((point) => sub(point, centre)) };
}

export interface Pose {
  eye: Vec3;
  target: Vec3;
  up: Vec3;
  right: Vec3;
  /** From the target to the eye, length 1. */
  toward: Vec3;
  distance: number;
  fov: number;
}

export const DEFAULT_FOV = 40;
export const HOME: View3D = { yaw: 35, pitch: 25, roll: 0, zoom: 1, target: [0, 0, 0], fov: DEFAULT_FOV };

/** Lidar and such: from behind and above, forward (x) away from the viewer. */
export const CLOUD_HOME: View3D = { ...HOME, yaw: -60, pitch: 30 };

export const PRESETS = {
  front: { yaw: 0, pitch: 0 },
  back: { yaw: 180, pitch: 0 },
  right: { yaw: 90, pitch: 0 },
  left: { yaw: -90, pitch: 0 },
  top: { yaw: 0, pitch: 90 },
  bottom: { yaw: 0, pitch: -90 },
} as const;

export type PresetName = keyof typeof PRESETS;

const ZOOM_LEAST = 1 / 20;
const ZOOM_MOST = 5_000;

export function axesOf({ up, isRightHanded }: Orientation): { right: Vec3; toward: Vec3; up: Vec3 } {
  const sign = up.startsWith("-") ? -1 : 1;
  const axis = up.at(-1);
  const upward = scaled(axis === "x" ? [1, 0, 0] : axis === "y" ? [0, 1, 0] : [0, 0, 1], sign);
  const right: Vec3 = axis === "x" ? [0, 1, 0] : [1, 0, 0];
  return { right, toward: scaled(cross(right, upward), isRightHanded ? 1 : -1), up: upward };
}

export function poseOf(view: View3D, frame: Frame, orientation: Orientation, aspect: number): Pose {
  const axes = axesOf(orientation);
  const yaw = (view.yaw * Math.PI) / 180;
  const pitch = (view.pitch * Math.PI) / 180;
  const around = add(scaled(axes.right, Math.sin(yaw)), scaled(axes.toward, Math.cos(yaw)));
  const toward = add(scaled(around, Math.cos(pitch)), scaled(axes.up, Math.sin(pitch)));
  const sideways = sub(scaled(axes.right, Math.cos(yaw)), scaled(axes.toward, Math.sin(yaw)));
  const upright = sub(scaled(axes.up, Math.cos(pitch)), scaled(around, Math.sin(pitch)));
  const roll = (view.roll * Math.PI) / 180;
  const right = add(scaled(sideways, Math.cos(roll)), scaled(upright, Math.sin(roll)));
  const up = sub(scaled(upright, Math.cos(roll)), scaled(sideways, Math.sin(roll)));
  const distance = fitDistance(frame.radius, view.fov, aspect) / view.zoom;
  const target = add(frame.centre, scaled(view.target, frame.radius));
  return { eye: add(target, scaled(toward, distance)), target, up, right, toward, distance, fov: view.fov };
}

/** How far away a ball of this radius just fills the narrower side of the view. */
export function fitDistance(radius: number, fov: number, aspect: number): number {
  const half = Math.tan((fov * Math.PI) / 360);
  return radius / Math.sin(Math.atan(half * Math.min(1, aspect)));
}

/** The same view, so near that what is in the frame just fits, with a little room around it. */
export function fitted(view: View3D, frame: Frame, orientation: Orientation, aspect: number): View3D {
  const level: View3D = { ...view, zoom: 1, target: [0, 0, 0] };
  const pose = poseOf(level, frame, orientation, aspect);
  const rise = Math.tan((view.fov * Math.PI) / 360) * FIT_SHARE;
  let distance = 0;
  for (const at of frame.hull) {
    const ahead = dot(at, pose.toward);
    distance = Math.max(distance, ahead + Math.abs(dot(at, pose.right)) / (rise * aspect), ahead + Math.abs(dot(at, pose.up)) / rise);
  }
  return { ...level, zoom: distance > 0 ? Math.min(20, fitDistance(frame.radius, view.fov, aspect) / distance) : 1 };
}

/** How many of the outermost points are in sight, as a share. */
export function seenShare(view: View3D, frame: Frame, orientation: Orientation, aspect: number): number {
  const pose = poseOf(view, frame, orientation, aspect);
  const rise = Math.tan((pose.fov * Math.PI) / 360);
  const seen = frame.hull.filter((point) => {
    const at = sub(add(point, frame.centre), pose.eye);
    const depth = -dot(at, pose.toward);
    return depth > 0 && Math.abs(dot(at, pose.right)) <= depth * rise * aspect && Math.abs(dot(at, pose.up)) <= depth * rise;
  });
  return frame.hull.length > 0 ? seen.length / frame.hull.length : 0;
}

const FIT_SHARE = 0.86;

/** CSS pixels -> lengths in the plane of the target. */
function lengthPerPixel(pose: Pose, height: number): number {
  return (2 * pose.distance * Math.tan((pose.fov * Math.PI) / 360)) / height;
}

export function orbitBy(view: View3D, dx: number, dy: number, size: { width: number; height: number }): View3D {
  const turn = 180 / Math.max(120, Math.min(size.width, size.height));
  const yaw = view.yaw - dx * turn;
  return { ...view, yaw: ((((yaw + 180) % 360) + 360) % 360) - 180, pitch: Math.max(-90, Math.min(90, view.pitch + dy * turn)) };
}

export function panBy(view: View3D, dx: number, dy: number, pose: Pose, frame: Frame, size: { height: number }): View3D {
  const by = lengthPerPixel(pose, size.height) / frame.radius;
  return { ...view, target: add(view.target, add(scaled(pose.right, -dx * by), scaled(pose.up, dy * by))) };
}

/** Zoom so that what lies under `at` (in the plane of the target) stays there. */
export function zoomAt(
  view: View3D,
  factor: number,
  at: { x: number; y: number } | null,
  pose: Pose,
  frame: Frame,
  size: { width: number; height: number },
): View3D {
  const zoom = Math.min(ZOOM_MOST, Math.max(ZOOM_LEAST, view.zoom * factor));
  if (!at) return { ...view, zoom };
  const real = zoom / view.zoom;
  const by = (lengthPerPixel(pose, size.height) / frame.radius) * (1 - 1 / real);
  const dx = at.x - size.width / 2;
  const dy = at.y - size.height / 2;
  return { ...view, zoom, target: add(view.target, add(scaled(pose.right, dx * by), scaled(pose.up, -dy * by))) };
}

/** Look at this spot from the same side. */
export function centredOn(view: View3D, spot: Vec3, frame: Frame): View3D {
  return { ...view, target: scaled(sub(spot, frame.centre), 1 / frame.radius) };
}

export interface CameraLike {
  position: Vec3;
  target: Vec3;
  up?: Vec3 | null;
  fov?: number | null;
}

/** The view of a camera that was logged. */
export function viewFromCamera(camera: CameraLike, frame: Frame, orientation: Orientation, aspect: number): View3D {
  const axes = axesOf(orientation);
  const offset = sub(camera.position, camera.target);
  const distance = lengthOf(offset);
  const toward = distance > 0 ? scaled(offset, 1 / distance) : axes.toward;
  const pitch = (Math.asin(Math.max(-1, Math.min(1, dot(toward, axes.up)))) * 180) / Math.PI;
  const yaw = (Math.atan2(dot(toward, axes.right), dot(toward, axes.toward)) * 180) / Math.PI;
  const fov = camera.fov && camera.fov > 1 && camera.fov < 170 ? camera.fov : DEFAULT_FOV;
  const zoom = distance > 0 ? fitDistance(frame.radius, fov, aspect) / distance : 1;
  const level: View3D = { yaw, pitch, roll: 0, zoom, target: scaled(sub(camera.target, frame.centre), 1 / frame.radius), fov };
  if (!camera.up) return level;
  const pose = poseOf(level, frame, orientation, aspect);
  return { ...level, roll: (Math.atan2(-dot(camera.up, pose.right), dot(camera.up, pose.up)) * 180) / Math.PI };
}

export function formatView3D(view: View3D): string {
  const short = (value: number): string => String(Number(value.toPrecision(5)));
  const angles = [view.yaw, view.pitch, view.roll].map((value) => String(Math.round(value * 10) / 10));
  return [...angles, short(view.zoom), ...view.target.map((value) => String(Number(value.toFixed(4)))), short(view.fov)].join("_");
}

export function parseView3D(text: string): View3D | undefined {
  const numbers = text.split("_").map(Number);
  if (numbers.length !== 8 || !numbers.every(Number.isFinite)) return undefined;
  const [yaw, pitch, roll, zoom, x, y, z, fov] = numbers as [number, number, number, number, number, number, number, number];
  if (zoom < ZOOM_LEAST / 100 || fov <= 1 || fov >= 170) return undefined;
  return { yaw, pitch: Math.max(-90, Math.min(90, pitch)), roll, zoom, target: [x, y, z], fov };
}

/** Lines of a ground grid: a round distance (1, 2 or 5 times a power of ten), about twelve across. */
export function gridStep(radius: number): number {
  const rough = radius / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * (rough / power >= 5 ? 5 : rough / power >= 2 ? 2 : 1);
}
