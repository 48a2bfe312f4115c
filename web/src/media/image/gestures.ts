/** Pointer and wheel on a picture: zoom at the cursor, drag to pan, pinch. DOM in, view out; knows nothing of records. */
import { type ImageView, type Point, type Size, panBy, zoomAt } from "@/lib/image/transform";
import { takeWheel } from "@/media/wheel";

export interface GestureTarget {
  picture: () => Size;
  tile: () => Size;
  view: () => ImageView;
  setView: (view: ImageView) => void;
  /** A press without a drag. */
  onSelect: (event: PointerEvent) => void;
  onHover: (at: Point | null, event: PointerEvent | null) => void;
  /** Whether a wheel without Ctrl means this picture rather than the page. */
  wantsWheel: () => boolean;
}

const DRAG_FROM_PX = 4;
const ZOOM_PER_PIXEL = 0.0022;

export function attachGestures(element: HTMLElement, target: GestureTarget): () => void {
  const pointers = new Map<number, Point>();
  let pressedAt: Point | null = null;
  let isDragging = false;
  let pinchWidth = 0;

  const placeOf = (event: { clientX: number; clientY: number }): Point => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const zoom = (factor: number, at: Point): void => target.setView(zoomAt(target.view(), factor, at, target.picture(), target.tile()));

  const onWheel = (event: WheelEvent): void => {
    const pixels = takeWheel(event, element, target.wantsWheel);
    if (pixels !== null) zoom(Math.exp(-pixels * ZOOM_PER_PIXEL), placeOf(event));
  };

  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, placeOf(event));
    pressedAt = placeOf(event);
    isDragging = false;
    pinchWidth = 0;
  };

  const onPointerMove = (event: PointerEvent): void => {
    const at = placeOf(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      target.onHover(at, event);
      return;
    }
    pointers.set(event.pointerId, at);
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()] as [Point, Point];
      const width = Math.hypot(a.x - b.x, a.y - b.y);
      if (pinchWidth > 0) zoom(width / pinchWidth, { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
      pinchWidth = width;
      isDragging = true;
      return;
    }
    if (!isDragging && pressedAt && Math.hypot(at.x - pressedAt.x, at.y - pressedAt.y) >= DRAG_FROM_PX) {
      isDragging = true;
      element.setPointerCapture(event.pointerId);
    }
    if (isDragging) target.setView(panBy(target.view(), at.x - before.x, at.y - before.y, target.picture(), target.tile()));
    target.onHover(at, event);
  };

  const onPointerUp = (event: PointerEvent): void => {
    if (!pointers.delete(event.pointerId)) return;
    if (!isDragging && event.type === "pointerup") target.onSelect(event);
    if (pointers.size === 0) {
      pressedAt = null;
      isDragging = false;
    }
  };

  const onLeave = (): void => target.onHover(null, null);

  element.addEventListener("wheel", onWheel, { passive: false });
  element.addEventListener("pointerdown", onPointerDown);
  element.addEventListener("pointermove", onPointerMove);
  element.addEventListener("pointerup", onPointerUp);
  element.addEventListener("pointercancel", onPointerUp);
  element.addEventListener("pointerleave", onLeave);
  return () => {
    element.removeEventListener("wheel", onWheel);
    element.removeEventListener("pointerdown", onPointerDown);
    element.removeEventListener("pointermove", onPointerMove);
    element.removeEventListener("pointerup", onPointerUp);
    element.removeEventListener("pointercancel", onPointerUp);
    element.removeEventListener("pointerleave", onLeave);
  };
}
