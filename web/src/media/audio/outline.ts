/** The outline that the server keeps of a sound, and outlines of decoded samples. Pure functions. */

/** Lowest and highest of equal stretches of one channel, in -1..1. */
export interface Lane {
  lows: Float32Array;
  highs: Float32Array;
}

/** The bytes of a record's `peaks`: int8 pairs, channel after channel. */
export function lanesOf(bytes: ArrayBuffer, count: number, channels: number): Lane[] {
  const pairs = new Int8Array(bytes);
  const lanes: Lane[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const lane: Lane = { lows: new Float32Array(count), highs: new Float32Array(count) };
    for (let at = 0; at < count; at++) {
      const place = 2 * (channel * count + at);
      lane.lows[at] = (pairs[place] ?? 0) / 127;
      lane.highs[at] = (pairs[place + 1] ?? 0) / 127;
    }
    lanes.push(lane);
  }
  return lanes;
}

/** The stretches from `start` to `end` (shares of the whole, 0 to 1) as `columns` columns. */
export function columnsOf(lane: Lane, start: number, end: number, columns: number): Lane {
  const count = lane.lows.length;
  const found: Lane = { lows: new Float32Array(columns), highs: new Float32Array(columns) };
  for (let column = 0; column < columns; column++) {
    const first = Math.floor((start + ((end - start) * column) / columns) * count);
    const last = Math.max(first + 1, Math.floor((start + ((end - start) * (column + 1)) / columns) * count));
    let [low, high] = [Infinity, -Infinity];
    for (let at = Math.max(0, first); at < Math.min(count, last); at++) {
      low = Math.min(low, lane.lows[at] as number);
      high = Math.max(high, lane.highs[at] as number);
    }
    found.lows[column] = low === Infinity ? 0 : low;
    found.highs[column] = high === -Infinity ? 0 : high;
  }
  return found;
}

/** How many samples lie in one stretch of `outlineOfSamples`. */
export const FINE_SPAN = 64;

/** Lowest and highest of each FINE_SPAN samples: zooming looks at these, and at the samples themselves when near. */
export function outlineOfSamples(samples: Float32Array): Lane {
  const count = Math.ceil(samples.length / FINE_SPAN);
  const lane: Lane = { lows: new Float32Array(count), highs: new Float32Array(count) };
  for (let at = 0; at < count; at++) {
    let [low, high] = [Infinity, -Infinity];
    for (let place = at * FINE_SPAN; place < Math.min(samples.length, (at + 1) * FINE_SPAN); place++) {
      const value = samples[place] as number;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    lane.lows[at] = low;
    lane.highs[at] = high;
  }
  return lane;
}

/** The largest distance from silence, at least `least`: what the lanes are scaled to. */
export function loudest(lanes: readonly Lane[], least = 0.05): number {
  let top = least;
  for (const { lows, highs } of lanes) {
    for (let at = 0; at < lows.length; at++) top = Math.max(top, -(lows[at] as number), highs[at] as number);
  }
  return top;
}
