/** From the columns of a page to what the graphics card draws. Pure functions. */
import { type Box3, type Vec3, growBox } from "@/media/object3d/space";
import type { Numbers } from "@/media/object3d/pages";

/** Points ready for the card: positions relative to an origin, without those that are not finite. */
export interface PointBatch {
  count: number;
  positions: Float32Array;
  /** RGBA */
  colors: Uint8Array | null;
  /** Places in the list of categories. */
  categories: Uint16Array | null;
  values: Float32Array | null;
  /** Points left out because a coordinate is NaN or infinite. */
  dropped: number;
}

/** Categories by their id, in the order they were met. */
export class CategoryList {
  readonly ids: number[] = [];
  private readonly places = new Map<number, number>();

  placeOf(id: number): number {
    let place = this.places.get(id);
    if (place === undefined) {
      // The table on the card has room for so many; the rest share the last one.
      if (this.ids.length >= CATEGORY_LIMIT) return CATEGORY_LIMIT - 1;
      place = this.ids.length;
      this.ids.push(id);
      this.places.set(id, place);
    }
    return place;
  }
}

export const CATEGORY_LIMIT = 1024;

/** float64 coordinates are made relative to `origin` before they become float32: far from zero nothing is rounded away. */
export function batchFrom(
  pages: readonly { columns: Map<string, Numbers>; points: number }[],
  origin: Vec3,
  categories: CategoryList,
  colorScale = 1,
): PointBatch {
  const total = pages.reduce((sum, page) => sum + page.points, 0);
  const has = (name: string): boolean => pages.every(({ columns }) => columns.has(name));
  const positions = new Float32Array(total * 3);
  const colors = has("color") ? new Uint8Array(total * 4) : null;
  const places = has("category") ? new Uint16Array(total) : null;
  const values = has("value") ? new Float32Array(total) : null;
  const [ox, oy, oz] = origin;
  let at = 0;
  for (const { columns, points } of pages) {
    const xyz = columns.get("position") as Numbers;
    const color = columns.get("color");
    const channels = color ? Math.floor(color.length / points) : 0;
    const category = columns.get("category");
    const value = columns.get("value");
    for (let point = 0; point < points; point++) {
      const x = (xyz[point * 3] as number) - ox;
      const y = (xyz[point * 3 + 1] as number) - oy;
      const z = (xyz[point * 3 + 2] as number) - oz;
      if (!Number.isFinite(x + y + z)) continue;
      positions[at * 3] = x;
      positions[at * 3 + 1] = y;
      positions[at * 3 + 2] = z;
      if (colors && color) {
        for (let channel = 0; channel < 3; channel++) {
          colors[at * 4 + channel] = byteFrom((color[point * channels + Math.min(channel, channels - 1)] as number) * colorScale);
        }
        colors[at * 4 + 3] = 255;
      }
      if (places && category) places[at] = categories.placeOf(category[point] as number);
      if (values && value) values[at] = value[point] as number;
      at += 1;
    }
  }
  return {
    count: at,
    positions: positions.subarray(0, at * 3),
    colors: colors?.subarray(0, at * 4) ?? null,
    categories: places?.subarray(0, at) ?? null,
    values: values?.subarray(0, at) ?? null,
    dropped: total - at,
  };
}

function byteFrom(value: number): number {
  return value >= 255 ? 255 : value > 0 ? Math.round(value) : 0;
}

const SAMPLES = 20_000;

/** The range that leaves one percent out at either end, of a sample; null when nothing is finite. */
export function robustRange(values: Float32Array, stride = 1, offset = 0): [low: number, high: number] | null {
  const count = Math.floor(values.length / stride);
  const step = Math.max(1, Math.floor(count / SAMPLES));
  const sample: number[] = [];
  for (let at = 0; at < count; at += step) {
    const value = values[at * stride + offset] as number;
    if (Number.isFinite(value)) sample.push(value);
  }
  if (sample.length === 0) return null;
  const sorted = Float64Array.from(sample).sort();
  const low = sorted[Math.floor((sorted.length - 1) * 0.01)] as number;
  const high = sorted[Math.ceil((sorted.length - 1) * 0.99)] as number;
  return [low, high];
}

/** The box of 98 % of the points in each direction, grown a little: a few strays must not make the rest tiny. */
export function robustBox(positions: Float32Array): Box3 | null {
  const ranges = [0, 1, 2].map((axis) => robustRange(positions, 3, axis));
  const [x, y, z] = ranges;
  if (!x || !y || !z) return null;
  return growBox({ low: [x[0], y[0], z[0]], high: [x[1], y[1], z[1]] }, 0.02);
}

/** The middle of the middle points, in full precision: one stray at 1e30 must not move everything out of reach. */
export function middleOf(positions: ArrayLike<number> | undefined): Vec3 | null {
  if (!positions) return null;
  const count = Math.floor(positions.length / 3);
  const step = Math.max(1, Math.floor(count / SAMPLES));
  const axes = [0, 1, 2].map((axis) => {
    const sample: number[] = [];
    for (let at = 0; at < count; at += step) {
      const value = positions[at * 3 + axis] as number;
      if (Number.isFinite(value)) sample.push(value);
    }
    const sorted = Float64Array.from(sample).sort();
    const [low, high] = [sorted[Math.floor((sorted.length - 1) * 0.01)], sorted[Math.ceil((sorted.length - 1) * 0.99)]];
    return low === undefined || high === undefined ? NaN : low / 2 + high / 2;
  });
  return axes.every(Number.isFinite) ? (axes as unknown as Vec3) : null;
}

const DIRECTIONS: readonly Vec3[] = Array.from(
  { length: 27 },
  (_, at) => [(at % 3) - 1, (Math.floor(at / 3) % 3) - 1, Math.floor(at / 9) - 1] as const,
).filter((way) => way.some((value) => value !== 0));

/** The outermost points inside of a box, in 26 directions: what must be in sight for all to be in sight. */
export function extremes(positions: ArrayLike<number>, box: Box3): Vec3[] {
  const count = Math.floor(positions.length / 3);
  const step = Math.max(1, Math.floor(count / SAMPLES));
  const best = DIRECTIONS.map(() => -Infinity);
  const found: Vec3[] = DIRECTIONS.map(() => box.low);
  for (let at = 0; at < count; at += step) {
    const x = positions[at * 3] as number;
    const y = positions[at * 3 + 1] as number;
    const z = positions[at * 3 + 2] as number;
    if (!(x >= box.low[0] && x <= box.high[0] && y >= box.low[1] && y <= box.high[1] && z >= box.low[2] && z <= box.high[2])) continue;
    for (const [place, way] of DIRECTIONS.entries()) {
      const reach = x * way[0] + y * way[1] + z * way[2];
      if (reach <= (best[place] as number)) continue;
      best[place] = reach;
      found[place] = [x, y, z];
    }
  }
  return best.every(Number.isFinite) ? found : [];
}

/** The point nearest to the eye of those that lie within `reach` pixels of a place on the screen. */
export function pickPoint(
  batches: readonly PointBatch[],
  matrix: ArrayLike<number>,
  at: { x: number; y: number },
  size: { width: number; height: number },
  reach: number,
): { position: Vec3; batch: PointBatch; index: number } | null {
  const m = matrix as readonly number[] as Record<number, number> & readonly number[];
  const n = (index: number): number => m[index] as number;
  let best: { position: Vec3; batch: PointBatch; index: number } | null = null;
  let bestScore = Infinity;
  for (const batch of batches) {
    const { positions, count } = batch;
    for (let point = 0; point < count; point++) {
      const x = positions[point * 3] as number;
      const y = positions[point * 3 + 1] as number;
      const z = positions[point * 3 + 2] as number;
      const w = x * n(3) + y * n(7) + z * n(11) + n(15);
      if (w <= 0) continue;
      const sx = ((x * n(0) + y * n(4) + z * n(8) + n(12)) / w + 1) * 0.5 * size.width;
      const sy = (1 - (x * n(1) + y * n(5) + z * n(9) + n(13)) / w) * 0.5 * size.height;
      const off = Math.hypot(sx - at.x, sy - at.y);
      if (off > reach) continue;
      const depth = (x * n(2) + y * n(6) + z * n(10) + n(14)) / w;
      // Close to the eye counts most; among about equals the one under the pointer.
      const score = depth + (off / reach) * 0.004;
      if (score < bestScore) {
        bestScore = score;
        best = { position: [x, y, z], batch, index: point };
      }
    }
  }
  return best;
}
