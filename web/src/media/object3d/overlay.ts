/** Words and axes over the drawn scene: names of boxes, the little cross of axes. Text is painted, never markup. */
import { inkOn } from "@/lib/image/classColors";
import type { Content } from "@/media/object3d/content";
import type { Look } from "@/media/object3d/look";
import { type Pose, type Vec3, dot } from "@/media/object3d/space";

export interface OverlayRequest {
  content: Content;
  pose: Pose;
  look: Look;
  /** CSS pixels. */
  size: { width: number; height: number };
  ratio: number;
  isFull: boolean;
  hasAxes: boolean;
}

const TAG_LIMIT = 300;
const FONT = "11px system-ui, sans-serif";

export function paintOver(context: CanvasRenderingContext2D, request: OverlayRequest): void {
  context.save();
  context.setTransform(request.ratio, 0, 0, request.ratio, 0, 0);
  const { captions } = request.look.overlays;
  if (captions === "on" || (captions === "auto" && request.size.width >= 240)) paintTags(context, request);
  if (request.hasAxes) paintAxes(context, request);
  context.restore();
}

function paintTags(context: CanvasRenderingContext2D, { content, size }: OverlayRequest): void {
  const matrix = content.viewProjection;
  const seen = content.scenery.tags
    .map((tag) => ({ tag, place: project(tag.at, matrix, size) }))
    .filter(
      (one): one is { tag: typeof one.tag; place: NonNullable<typeof one.place> } =>
        one.place !== null && one.place.x > -40 && one.place.y > -20 && one.place.x < size.width + 40 && one.place.y < size.height + 20,
    )
    .sort((a, b) => a.place.depth - b.place.depth)
    .slice(0, TAG_LIMIT);
  context.font = FONT;
  context.textBaseline = "middle";
  const taken: { left: number; right: number; top: number; bottom: number }[] = [];
  for (const { tag, place } of seen) {
    const width = context.measureText(tag.text).width + 8;
    const left = Math.round(place.x - width / 2);
    const top = Math.round(place.y - 17);
    const box = { left, right: left + width, top, bottom: top + 15 };
    // The nearer one stays; what it hides is named when one looks from elsewhere.
    if (taken.some((other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom)) {
      continue;
    }
    taken.push(box);
    context.fillStyle = tag.color;
    context.fillRect(left, top, width, 15);
    context.fillStyle = inkOn(tag.color);
    context.fillText(tag.text, left + 4, top + 8);
  }
}

export function project(
  at: Vec3,
  matrix: ArrayLike<number>,
  size: { width: number; height: number },
): { x: number; y: number; depth: number } | null {
  const row = (offset: number): number =>
    at[0] * (matrix[offset] ?? 0) + at[1] * (matrix[4 + offset] ?? 0) + at[2] * (matrix[8 + offset] ?? 0) + (matrix[12 + offset] ?? 0);
  const w = row(3);
  if (w <= 0) return null;
  return { x: ((row(0) / w + 1) / 2) * size.width, y: ((1 - row(1) / w) / 2) * size.height, depth: row(2) / w };
}

/** Where x, y and z point, in the corner. */
function paintAxes(context: CanvasRenderingContext2D, { pose, look, size, isFull }: OverlayRequest): void {
  if (size.width < 120 || size.height < 90) return;
  const length = isFull ? 26 : 16;
  const [cx, cy] = [length + 14, size.height - length - 14];
  const axes = (
    [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ] as const
  )
    .map((axis, at) => ({
      name: "xyz"[at] ?? "",
      color: look.axisColors[at] ?? look.text,
      x: dot(axis, pose.right),
      y: dot(axis, pose.up),
      z: dot(axis, pose.toward),
    }))
    .sort((a, b) => a.z - b.z);
  context.lineWidth = 1.75;
  context.lineCap = "round";
  context.font = `600 ${isFull ? 11 : 9}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const { name, color, x, y, z } of axes) {
    context.globalAlpha = z < -0.3 ? 0.55 : 1;
    context.strokeStyle = color;
    context.fillStyle = color;
    context.beginPath();
    context.moveTo(cx, cy);
    context.lineTo(cx + x * length, cy - y * length);
    context.stroke();
    context.fillText(name, cx + x * (length + 7), cy - y * (length + 7));
  }
  context.globalAlpha = 1;
  context.textAlign = "start";
}
