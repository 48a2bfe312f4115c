/**
 * Whose a turn of the wheel is. The page's, so that scrolling never stops over a picture; a picture's with Ctrl (or two
 * fingers), once it was clicked, and in the full view: then in both directions. A turn belongs to what it began on.
 */

export const WHEEL_HINT = "Ctrl and the wheel zoom. Click it, and the wheel alone does.";

const GAP_MS = 280;
const MOST_PIXELS = 240;

let lastAt = -Infinity;
let owner: Element | null = null;

if (typeof document !== "undefined") {
  // Bubbling: whoever wants the wheel has had its say by then.
  document.addEventListener("wheel", (event) => {
    const now = performance.now();
    if (now - lastAt > GAP_MS && !event.defaultPrevented) owner = null;
    lastAt = now;
  }, { passive: true });
}

/** How far the wheel was turned for this element, in pixels; null when the turn is not its own. */
export function takeWheel(event: WheelEvent, element: Element, isWanted: () => boolean): number | null {
  const now = performance.now();
  const isPinch = event.ctrlKey || event.metaKey;
  if (now - lastAt > GAP_MS) owner = isPinch || isWanted() ? element : null;
  lastAt = now;
  if (owner !== element && !isPinch) return null;
  event.preventDefault();
  const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 300 : 1;
  return Math.max(-MOST_PIXELS, Math.min(MOST_PIXELS, event.deltaY * unit * (isPinch ? 4 : 1)));
}
