/** Pointer, wheel and keys on a 3D view. DOM in, view out; knows nothing of records. */
import { type Frame, type PresetName, type Pose, type View3D, orbitBy, panBy, zoomAt } from "@/media/object3d/space";
import { takeWheel } from "@/media/wheel";

export interface OrbitTarget {
  view: () => View3D;
  /** null: the view that everything begins with. */
  setView: (view: View3D | null) => void;
  lookFrom: (name: PresetName) => void;
  pose: () => Pose | null;
  frame: () => Frame;
  size: () => { width: number; height: number };
  /** Whether a wheel means this view rather than the page. */
  wantsWheel: () => boolean;
  onDoubleClick: (at: { x: number; y: number }) => void;
  onHover: (at: { x: number; y: number } | null) => void;
  onMoving: (isMoving: boolean) => void;
  /** Ctrl and the mouse move about, without a button (as in W&B). */
  movesWithCtrl: boolean;
}

const ZOOM_PER_PIXEL = 0.0016;
const WHEEL_REST_MS = 200;
const KEY_STEP_PX = 24;
const PRESET_KEYS: Readonly<Record<string, PresetName>> = {
  "1": "front",
  "2": "back",
  "3": "left",
  "4": "right",
  "5": "top",
  "6": "bottom",
};

export function attachOrbit(element: HTMLElement, target: OrbitTarget): () => void {
  const pointers = new Map<number, { x: number; y: number }>();
  let isPanning = false;
  let pinchWidth = 0;
  let wheelTimer: ReturnType<typeof setTimeout> | undefined;
  const stop = new AbortController();
  const { signal } = stop;

  const placeOf = (event: { clientX: number; clientY: number }): { x: number; y: number } => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const zoom = (factor: number, at: { x: number; y: number } | null): void => {
    const pose = target.pose();
    if (pose) target.setView(zoomAt(target.view(), factor, at, pose, target.frame(), target.size()));
  };
  const pan = (dx: number, dy: number): void => {
    const pose = target.pose();
    if (pose) target.setView(panBy(target.view(), dx, dy, pose, target.frame(), target.size()));
  };

  element.addEventListener("wheel", (event) => {
    const pixels = takeWheel(event, element, target.wantsWheel);
    if (pixels === null) return;
    target.onMoving(true);
    clearTimeout(wheelTimer);
    wheelTimer = setTimeout(() => target.onMoving(false), WHEEL_REST_MS);
    zoom(Math.exp(-pixels * ZOOM_PER_PIXEL), placeOf(event));
  }, { passive: false, signal });

  element.addEventListener("pointerdown", (event) => {
    if (event.button > 2) return;
    pointers.set(event.pointerId, placeOf(event));
    isPanning = event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey;
    pinchWidth = 0;
    element.setPointerCapture(event.pointerId);
    if (event.button === 1) event.preventDefault(); // no scrolling by the middle button
  }, { signal });

  element.addEventListener("pointermove", (event) => {
    const at = placeOf(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (target.movesWithCtrl && event.ctrlKey && event.buttons === 0 && event.pointerType === "mouse") {
        pan(event.movementX, event.movementY);
        target.onHover(null);
      } else target.onHover(at);
      return;
    }
    pointers.set(event.pointerId, at);
    const [dx, dy] = [at.x - before.x, at.y - before.y];
    if (dx === 0 && dy === 0) return;
    target.onMoving(true);
    target.onHover(null);
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()] as [typeof at, typeof at];
      const width = Math.hypot(a.x - b.x, a.y - b.y);
      if (pinchWidth > 0) zoom(width / pinchWidth, { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
      pinchWidth = width;
      pan(dx / 2, dy / 2);
    } else if (isPanning) pan(dx, dy);
    else target.setView(orbitBy(target.view(), dx, dy, target.size()));
  }, { signal });

  const onUp = (event: PointerEvent): void => {
    if (!pointers.delete(event.pointerId) || pointers.size > 0) return;
    target.onMoving(false);
  };
  element.addEventListener("pointerup", onUp, { signal });
  element.addEventListener("pointercancel", onUp, { signal });
  element.addEventListener("pointerleave", () => target.onHover(null), { signal });
  element.addEventListener("contextmenu", (event) => event.preventDefault(), { signal }); // the right button pans
  element.addEventListener("dblclick", (event) => {
    event.stopPropagation();
    target.onDoubleClick(placeOf(event));
  }, { signal });

  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move: [number, number] | undefined = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
      event.key
    ] as [number, number] | undefined;
    if (move && event.shiftKey) pan(move[0] * KEY_STEP_PX, move[1] * KEY_STEP_PX);
    else if (move) target.setView(orbitBy(target.view(), move[0] * KEY_STEP_PX, move[1] * KEY_STEP_PX, target.size()));
    else if (event.key === "+" || event.key === "=") zoom(1.25, null);
    else if (event.key === "-") zoom(0.8, null);
    else if (event.key === "0" || event.key === "f") target.setView(null);
    else if (PRESET_KEYS[event.key]) target.lookFrom(PRESET_KEYS[event.key] as PresetName);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, { signal });

  return () => {
    stop.abort();
    clearTimeout(wheelTimer);
  };
}
