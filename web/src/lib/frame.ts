// One animation frame for all canvases: however often something asks to be drawn, it is drawn once.

const waiting = new Set<() => void>();
let handle: number | null = null;

/** Call `draw` in the next animation frame; asking again before that changes nothing. */
export function drawSoon(draw: () => void): void {
  waiting.add(draw);
  handle ??= requestAnimationFrame(() => {
    handle = null;
    const due = [...waiting];
    waiting.clear();
    for (const each of due) each();
  });
}

/** Forget what was asked for: its canvas is gone. */
export function neverDraw(draw: () => void): void {
  waiting.delete(draw);
}
