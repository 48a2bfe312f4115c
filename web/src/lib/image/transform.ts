/** Where a picture lies in its tile: fit, zoom and pan as pure functions. Lengths are CSS pixels. */

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** A view that makes sense for pictures of any size, so that tiles can share it. */
export interface ImageView {
  /** 1 fits the whole picture into the tile; less shows a small one as small as it is. */
  zoom: number;
  /** The spot of the picture in the middle of the tile, as fractions of its width and height. */
  cx: number;
  cy: number;
}

/** tile point = picture point × scale + (x, y) */
export interface Placement {
  scale: number;
  x: number;
  y: number;
}

export const WHOLE: ImageView = { zoom: 1, cx: 0.5, cy: 0.5 };

/** At most so many CSS pixels for one pixel of the picture. */
const LARGEST_PIXEL = 64;
const PIXELATED_FROM_SCALE = 2;
const TINY_SIDE = 64;

export function fitScale(picture: Size, tile: Size): number {
  return Math.min(tile.width / picture.width, tile.height / picture.height);
}

function largestZoom(picture: Size, tile: Size): number {
  return Math.max(1, LARGEST_PIXEL / fitScale(picture, tile));
}

/** A picture that is smaller than its tile may be shown at its own size: one pixel for one. */
function leastZoom(picture: Size, tile: Size): number {
  return Math.min(1, 1 / fitScale(picture, tile));
}

/** Keep the zoom in its bounds and the picture over the tile: no empty margin where there is picture to show. */
export function clampView(view: ImageView, picture: Size, tile: Size): ImageView {
  const zoom = Math.min(largestZoom(picture, tile), Math.max(leastZoom(picture, tile), view.zoom));
  const scale = fitScale(picture, tile) * zoom;
  const keep = (centre: number, side: number, room: number): number => {
    const half = room / 2 / (side * scale);
    return half >= 0.5 ? 0.5 : Math.min(1 - half, Math.max(half, centre));
  };
  return { zoom, cx: keep(view.cx, picture.width, tile.width), cy: keep(view.cy, picture.height, tile.height) };
}

export function placementOf(view: ImageView, picture: Size, tile: Size): Placement {
  const { zoom, cx, cy } = clampView(view, picture, tile);
  const scale = fitScale(picture, tile) * zoom;
  return { scale, x: tile.width / 2 - cx * picture.width * scale, y: tile.height / 2 - cy * picture.height * scale };
}

/** Zoom by `factor` so that what lies under `at` stays there. */
export function zoomAt(view: ImageView, factor: number, at: Point, picture: Size, tile: Size): ImageView {
  const before = placementOf(view, picture, tile);
  const spot = pictureFromTile(at, before);
  const zoom = Math.min(largestZoom(picture, tile), Math.max(leastZoom(picture, tile), clampView(view, picture, tile).zoom * factor));
  const scale = fitScale(picture, tile) * zoom;
  const cx = (tile.width / 2 - at.x) / scale + spot.x;
  const cy = (tile.height / 2 - at.y) / scale + spot.y;
  return clampView({ zoom, cx: cx / picture.width, cy: cy / picture.height }, picture, tile);
}

/** Move the picture by (dx, dy) of the tile. */
export function panBy(view: ImageView, dx: number, dy: number, picture: Size, tile: Size): ImageView {
  const { scale } = placementOf(view, picture, tile);
  const { zoom, cx, cy } = clampView(view, picture, tile);
  return clampView({ zoom, cx: cx - dx / scale / picture.width, cy: cy - dy / scale / picture.height }, picture, tile);
}

export function pictureFromTile(at: Point, placement: Placement): Point {
  return { x: (at.x - placement.x) / placement.scale, y: (at.y - placement.y) / placement.scale };
}

/** The pixel of the picture under a tile point, or null beside the picture. */
export function pixelAt(at: Point, placement: Placement, picture: Size): Point | null {
  const spot = pictureFromTile(at, placement);
  const x = Math.floor(spot.x);
  const y = Math.floor(spot.y);
  return x >= 0 && y >= 0 && x < picture.width && y < picture.height ? { x, y } : null;
}

export type Smoothing = "auto" | "smooth" | "pixelated";

/** Whether single pixels are shown as squares: by choice, or because the picture is magnified or tiny. */
export function isPixelated(smoothing: Smoothing, scale: number, picture: Size): boolean {
  if (smoothing !== "auto") return smoothing === "pixelated";
  return scale > PIXELATED_FROM_SCALE || (scale > 1 && Math.max(picture.width, picture.height) < TINY_SIDE);
}
