/** Times and frames of a video. Pure functions. */

/** The frame that is shown at a time. */
export function frameAt(secs: number, fps: number, count: number): number {
  return Math.max(0, Math.min(count - 1, Math.floor(secs * fps + 1e-3)));
}

/** A time at which a frame is surely shown: its middle. */
export function timeOfFrame(frame: number, fps: number): number {
  return (frame + 0.5) / fps;
}

/** Where stepping `by` frames leads; past an end it goes on at the other one. */
export function steppedTime(secs: number, by: number, fps: number, count: number): number {
  const wanted = frameAt(secs, fps, count) + by;
  return timeOfFrame(((wanted % count) + count) % count, fps);
}

/** Index of the frame shown at a time, where each has a duration of its own (gif). */
export function frameOfDurations(secs: number, ends: readonly number[]): number {
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (secs < (ends[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return Math.max(0, low);
}
