/** Which part of a sound is looked at. Pure functions; seconds. */

export interface Range {
  start: number;
  end: number;
}

/** `range` made shorter (factor above 1) around `at`, which stays where it is; never beyond the sound. */
export function zoomRange(range: Range, factor: number, at: number, duration: number, shortest: number): Range {
  const length = Math.min(duration, Math.max(shortest, (range.end - range.start) / factor));
  const share = range.end > range.start ? (at - range.start) / (range.end - range.start) : 0.5;
  return withinSound(at - share * length, length, duration);
}

export function moveRange(range: Range, by: number, duration: number): Range {
  return withinSound(range.start + by, range.end - range.start, duration);
}

/** The range turned like a page when the time has left it. */
export function followTime(range: Range, time: number, duration: number): Range {
  if (time >= range.start && time <= range.end) return range;
  return withinSound(time, range.end - range.start, duration);
}

function withinSound(start: number, length: number, duration: number): Range {
  const from = Math.max(0, Math.min(duration - length, start));
  return { start: from, end: from + length };
}

/** Round times for an axis, about one each `apart` pixels. */
export function timeTicks(range: Range, width: number, apart = 90): number[] {
  const rough = (range.end - range.start) / Math.max(1, width / apart);
  if (!(rough > 0)) return [];
  const unit = 10 ** Math.floor(Math.log10(rough));
  const minutes = [60, 120, 300, 600, 1800, 3600];
  const step =
    rough > 30 ? (minutes.find((one) => one >= rough) ?? 7200) : ([1, 2, 5, 10].find((digit) => digit * unit >= rough) ?? 10) * unit;
  const first = Math.ceil(range.start / step - 1e-9);
  const count = Math.floor(range.end / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, at) => (first + at) * step);
}
