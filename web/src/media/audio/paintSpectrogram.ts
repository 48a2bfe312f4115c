/** Draws spectra over time, a few columns at a time so that nothing else has to wait. */
import { cancelFrame, requestFrame } from "@/lib/browser/animationFrame";
import { Spectrum, formatFrequency, frequencyAt, frequencyTicks, shareOf } from "@/media/audio/fourier";

export interface SpectrogramJob {
  samples: Float32Array;
  rate: number;
  /** Seconds at the left and right edge. */
  start: number;
  end: number;
  windowSize: number;
  isLog: boolean;
  /** Colours from soft to loud. */
  ramp: readonly (readonly [number, number, number])[];
}

/** Softer is as good as silent, louder is as loud as it gets. */
const SOFTEST_DB = -100;
const LOUDEST_DB = -12;
const BUDGET_MS = 14;

/** Paint into the place on the canvas, in device pixels. Returns the way to stop. */
export function paintSpectrogram(
  context: CanvasRenderingContext2D,
  place: { left: number; top: number; width: number; height: number },
  job: SpectrogramJob,
  onDone: () => void,
): () => void {
  const { width, height } = place;
  const spectrum = new Spectrum(job.windowSize);
  const levels = new Float32Array(job.windowSize / 2);
  const nyquist = job.rate / 2;
  // The bins of each row from the top; a row between two bins takes the nearer one.
  const edges = Float64Array.from(
    { length: height + 1 },
    (_, row) => (frequencyAt(1 - row / height, nyquist, job.isLog) / nyquist) * levels.length,
  );
  const colors = rampTable(job.ramp);
  const picture = context.createImageData(width, height);
  const pixels = new Uint32Array(picture.data.buffer);
  let column = 0;
  const work = (): void => {
    const until = performance.now() + BUDGET_MS;
    const first = column;
    while (column < width && performance.now() < until) {
      const secs = job.start + ((column + 0.5) / width) * (job.end - job.start);
      spectrum.decibels(job.samples, secs * job.rate, levels);
      for (let row = 0; row < height; row++) {
        const lowest = Math.min(levels.length - 1, Math.floor(edges[row + 1] as number));
        const beyond = Math.max(lowest + 1, Math.min(levels.length, Math.floor(edges[row] as number)));
        let level = -200;
        for (let bin = lowest; bin < beyond; bin++) level = Math.max(level, levels[bin] as number);
        const strength = Math.max(0, Math.min(255, Math.round(((level - SOFTEST_DB) / (LOUDEST_DB - SOFTEST_DB)) * 255)));
        pixels[row * width + column] = colors[strength] as number;
      }
      column += 1;
    }
    context.putImageData(picture, place.left, place.top, first, 0, column - first, height);
    if (column < width) requestFrame(work);
    else onDone();
  };
  work();
  return () => cancelFrame(work);
}

function rampTable(ramp: SpectrogramJob["ramp"]): Uint32Array {
  const table = new Uint8ClampedArray(256 * 4);
  for (let at = 0; at < 256; at++) {
    const spot = (at / 255) * (ramp.length - 1);
    const low = ramp[Math.floor(spot)] ?? [0, 0, 0];
    const high = ramp[Math.min(ramp.length - 1, Math.floor(spot) + 1)] ?? low;
    for (let channel = 0; channel < 3; channel++) {
      table[4 * at + channel] = (low[channel] as number) + ((high[channel] as number) - (low[channel] as number)) * (spot % 1);
    }
    table[4 * at + 3] = 255;
  }
  return new Uint32Array(table.buffer);
}

/** Labels at the left edge, in CSS pixels. */
export function paintFrequencies(
  context: CanvasRenderingContext2D,
  place: { left: number; top: number; height: number },
  rate: number,
  isLog: boolean,
  color: string,
): void {
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillStyle = color;
  for (const tick of frequencyTicks(rate / 2, isLog, place.height)) {
    const y = place.top + place.height * (1 - shareOf(tick, rate / 2, isLog));
    if (y < place.top + 7 || y > place.top + place.height - 7) continue;
    context.fillText(formatFrequency(tick), place.left - 7, y);
    context.fillRect(place.left - 4, y - 0.5, 4, 1);
  }
}
