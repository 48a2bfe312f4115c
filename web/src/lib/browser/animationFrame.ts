/**
 * The one place that asks the browser for animation frames. However often something asks to run in the next frame, it
 * runs once in it.
 */

export type FrameTask = (now: number) => void;

let waiting = new Set<FrameTask>();
/** Those of the frame that runs now. */
let due = new Set<FrameTask>();
let handle: number | null = null;

/** Call `task` in the next animation frame; asking again before that changes nothing. */
export function requestFrame(task: FrameTask): void {
  waiting.add(task);
  handle ??= requestAnimationFrame(runFrame);
}

/** Forget that `task` was asked for. */
export function cancelFrame(task: FrameTask): void {
  waiting.delete(task);
  due.delete(task);
}

function runFrame(now: number): void {
  handle = null;
  [waiting, due] = [new Set(), waiting];
  for (const task of due) {
    try {
      task(now);
    } catch (thrown) {
      reportError(thrown); // as the browser does for an animation frame of its own: the other tasks still run
    }
  }
  due.clear();
}
