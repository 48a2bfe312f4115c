/** From where 3D is looked at: one view for all tiles of a key while they are linked, kept over steps and in the URL. */
import { type Signal, signal } from "@preact/signals";
import type { Object3DRecord } from "@/api/schema";
import { Recent } from "@/lib/recent";
import {
  CLOUD_HOME,
  type CameraLike,
  type Frame,
  HOME,
  type Orientation,
  type View3D,
  add,
  dot,
  fitted,
  formatView3D,
  isFiniteVec,
  lengthOf,
  parseView3D,
  scaled,
  seenShare,
  sub,
  unit,
  viewFromCamera,
} from "@/media/object3d/space";
import { type TileRef, tileId } from "@/state/media/tile";
import { scopePart } from "@/state/scope";

type Views = ReadonlyMap<string, View3D>;

export function formatViews(views: Views): string {
  return [...views].map(([key, view]) => `${escapeKey(key)}~${formatView3D(view)}`).join("*");
}

export function parseViews(text: string): Views {
  const views = new Map<string, View3D>();
  for (const entry of text.split("*")) {
    const [key, rest] = entry.split("~");
    const view = parseView3D(rest ?? "");
    if (key && view) views.set(decodeURIComponent(key), view);
  }
  return views;
}

function escapeKey(key: string): string {
  return encodeURIComponent(key).replaceAll("%2F", "/").replaceAll("~", "%7E").replaceAll("*", "%2A");
}

/** `own`: a camera of the file itself. */
export function homeOf(
  record: Object3DRecord,
  own: CameraLike | null,
  frame: Frame,
  orientation: Orientation,
  origin: readonly [number, number, number],
  aspect: number,
): View3D {
  const [camera] = record.cameras ?? [];
  // One camera says where to look from; several are part of the data.
  if (camera && record.cameras?.length === 1) {
    const position = camera.position;
    const target = camera.target ?? [0, 0, 0];
    if (isFiniteVec(position) && isFiniteVec(target)) {
      return viewFromCamera(
        { position: sub(position, origin), target: sub(target, origin), up: camera.up ?? null, fov: camera.fov_degrees ?? null },
        frame,
        orientation,
        aspect,
      );
    }
  }
  if (own && isFiniteVec(own.position) && isFiniteVec(own.target)) {
    // It says in which direction, not how far: what is in the middle is the thing itself.
    const way = unit(sub(own.target, own.position));
    const away = dot(sub(frame.centre, own.position), way);
    const target = add(own.position, scaled(way, Math.max(away, frame.radius * 0.1)));
    const seen = viewFromCamera({ ...own, target }, frame, orientation, aspect);
    if (seenShare(seen, frame, orientation, aspect) > 0.6) return seen; // some cameras look at what is not there yet
  }
  return fitted(record.form === "cloud" ? CLOUD_HOME : HOME, frame, orientation, aspect);
}

const FRAMES_KEPT = 2_000;

export const object3dViews = scopePart(({ urlSignal, zoom: { isLinked } }) => {
  /** Views by key; a key without one is looked at from where its kind is best seen. */
  const keyViews: Signal<Views> = urlSignal<Views>("view3d", new Map(), { parse: parseViews, format: formatViews, history: "silent" });

  const tileViews = signal<Views>(new Map());

  /** The view of a tile; null: nobody has turned it yet. Subscribes. */
  function viewOfTile(tile: TileRef): View3D | null {
    const own = isLinked.value ? undefined : tileViews.value.get(tileId(tile));
    return own ?? keyViews.value.get(tile.key) ?? null;
  }

  function setViewOfTile(tile: TileRef, view: View3D | null): void {
    const [store, id] = isLinked.peek() ? [keyViews, tile.key] : [tileViews, tileId(tile)];
    const next = new Map(store.peek());
    if (view) next.set(id, view);
    else next.delete(id);
    store.value = next;
  }
  const frames = new Recent<string, { frame: Frame; origin: readonly [number, number, number] }>({ limit: FRAMES_KEPT });

  /**
   * What a tile fits into its view, kept over steps: things grow and move while they are trained, and the view must not
   * jump with them. Only when the old frame makes no sense for the new thing it is taken anew.
   */
  function frameOfTile(tile: TileRef | null, own: Frame, origin: readonly [number, number, number]): Frame {
    if (!tile) return own;
    const id = tileId(tile);
    const kept = frames.get(id);
    if (kept) {
      const centre = sub(
        [kept.frame.centre[0] + kept.origin[0], kept.frame.centre[1] + kept.origin[1], kept.frame.centre[2] + kept.origin[2]],
        origin,
      );
      const ratio = own.radius / kept.frame.radius;
      if (ratio > 0.3 && ratio < 2.5 && lengthOf(sub(centre, own.centre)) < 1.5 * kept.frame.radius) return { ...kept.frame, centre };
    }
    frames.set(id, { frame: own, origin });
    return own;
  }

  return { keyViews, viewOfTile, setViewOfTile, frameOfTile };
});
