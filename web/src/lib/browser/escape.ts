/** What Esc closes: popovers, drawers, the full view, a selection. One press closes the innermost of them. */

const levels: (() => unknown)[] = [];

/**
 * Call `close` on Esc while it is the innermost thing open (popover, drawer, full view, selection).
 * `close` may answer false to say that it had nothing to do: then the next level is asked.
 * Returns the way to unregister.
 */
export function onEscape(close: () => unknown): () => void {
  levels.push(close);
  return () => {
    const at = levels.lastIndexOf(close);
    if (at >= 0) levels.splice(at, 1);
  };
}

/** Close the innermost level; false when there was nothing to close. */
export function closeInnermost(): boolean {
  for (let at = levels.length - 1; at >= 0; at -= 1) if (levels[at]?.() !== false) return true;
  return false;
}
