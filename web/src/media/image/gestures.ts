/** Pointer and wheel on a picture: zoom at the cursor, drag to pan, pinch. DOM in, view out; knows nothing of records. */
import { type ImageView, type Point, type Size, clampView, panBy, zoomAt } from "@/media/image/transform";

export interface GestureTarget {
  picture: () => Size;
  tile: () => Size;
  view: () => ImageView;
  setView: (view: ImageView) => void;
  /** A press without a drag. */
  onSelect: (event: PointerEvent) => void;
  onHover: (at: Point | null, event: PointerEvent | null) => void;
  /** Wheel always zooms (full view), or only when the person means the picture and is not scrolling the page. */
  alwaysZooms: boolean;
}

const DRAG_FROM_PX = 4;
const WHEEL_GESTURE_GAP_MS = 280;
const ZOOM_PER_PIXEL = 0.0022;

// One wheel gesture belongs to whatever it began on: a page that scrolls under a resting pointer must not start to
// zoom because a picture comes by.
let lastWheelAt = -Infinity;
let wheelOwner: Element | "page" = "page";
let lastMoveAt = -Infinity;

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
    const now = performance.now();
    const factor = Math.exp(-pixelsOf(event) * ZOOM_PER_PIXEL);
    const isWhole = clampView(target.view(), target.picture(), target.tile()).zoom <= 1;
    const isPinch = event.ctrlKey || event.metaKey;
    if (now - lastWheelAt > WHEEL_GESTURE_GAP_MS) {
      // Zooming out of a whole picture is impossible, so such a wheel means the page; and so does one that comes
      // while the pointer rests, long after it moved here.
      const isMeant = now - lastMoveAt < 1500 || element.matches(":focus-within") || !isWhole;
      wheelOwner = isPinch || target.alwaysZooms || (isMeant && !(isWhole && factor < 1)) ? element : "page";
    }
    lastWheelAt = now;
    if (wheelOwner !== element && !isPinch) return;
    event.preventDefault();
    zoom(factor, placeOf(event));
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
    lastMoveAt = performance.now();
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

/** Remember wheels that scroll the page elsewhere, so that they do not turn into zooms on the way. */
export function watchPageWheel(): () => void {
  const onWheel = (): void => {
    const now = performance.now();
    if (now - lastWheelAt > WHEEL_GESTURE_GAP_MS) wheelOwner = "page";
    lastWheelAt = now;
  };
  // Bubbling: tiles have had their say by then, and have set the owner.
  document.addEventListener("wheel", onWheel, { passive: true });
  return () => document.removeEventListener("wheel", onWheel);
}

function pixelsOf(event: WheelEvent): number {
  const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 300 : 1;
  return Math.max(-240, Math.min(240, event.deltaY * unit * (event.ctrlKey ? 4 : 1)));
}

