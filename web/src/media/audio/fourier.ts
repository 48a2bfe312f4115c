/** Short-time spectra for the spectrogram. Pure functions. */

/** Spectra of real samples through a Hann window of a power-of-two size. Reused for every column. */
export class Spectrum {
  private readonly window: Float32Array;
  private readonly cosines: Float32Array;
  private readonly sines: Float32Array;
  private readonly order: Uint32Array;
  private readonly real: Float32Array;
  private readonly imaginary: Float32Array;

  constructor(readonly size: number) {
    const bits = Math.log2(size);
    if (!Number.isInteger(bits)) throw new Error("the size of a window must be a power of two");
    this.window = Float32Array.from({ length: size }, (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / size));
    this.cosines = Float32Array.from({ length: size / 2 }, (_, at) => Math.cos((2 * Math.PI * at) / size));
    this.sines = Float32Array.from({ length: size / 2 }, (_, at) => Math.sin((2 * Math.PI * at) / size));
    this.order = new Uint32Array(size);
    for (let at = 0; at < size; at++) this.order[at] = ((this.order[at >> 1] as number) >> 1) | ((at & 1) << (bits - 1));
    this.real = new Float32Array(size);
    this.imaginary = new Float32Array(size);
  }

  /** Decibels of the size / 2 frequencies around sample `centre`; a full-scale sine has 0. Beyond the ends is silence. */
  decibels(samples: Float32Array, centre: number, into: Float32Array): void {
    const { size, real, imaginary, window, order, cosines, sines } = this;
    const first = Math.round(centre) - size / 2;
    for (let at = 0; at < size; at++) {
      const place = order[at] as number;
      real[place] = (samples[first + at] ?? 0) * (window[at] as number);
      imaginary[place] = 0;
    }
    for (let span = 2; span <= size; span *= 2) {
      const half = span / 2;
      const stride = size / span;
      for (let start = 0; start < size; start += span) {
        for (let at = 0; at < half; at++) {
          const cosine = cosines[at * stride] as number;
          const sine = sines[at * stride] as number;
          const [low, high] = [start + at, start + at + half];
          const re = (real[high] as number) * cosine + (imaginary[high] as number) * sine;
          const im = (imaginary[high] as number) * cosine - (real[high] as number) * sine;
          real[high] = (real[low] as number) - re;
          imaginary[high] = (imaginary[low] as number) - im;
          real[low] = (real[low] as number) + re;
          imaginary[low] = (imaginary[low] as number) + im;
        }
      }
    }
    const scale = (4 / size) ** 2; // the window halves a sine, and the other half of it lies at negative frequencies
    for (let at = 0; at < size / 2; at++) {
      const power = ((real[at] as number) ** 2 + (imaginary[at] as number) ** 2) * scale;
      into[at] = power > 1e-20 ? 10 * Math.log10(power) : -200;
    }
  }
}

/** The frequency at a height (0 at the bottom, 1 at the top). */
export function frequencyAt(share: number, nyquist: number, isLog: boolean): number {
  if (!isLog) return share * nyquist;
  const lowest = lowestOf(nyquist);
  return lowest * (nyquist / lowest) ** share;
}

export function shareOf(frequency: number, nyquist: number, isLog: boolean): number {
  if (!isLog) return frequency / nyquist;
  const lowest = lowestOf(nyquist);
  return Math.log(frequency / lowest) / Math.log(nyquist / lowest);
}

function lowestOf(nyquist: number): number {
  return Math.min(40, nyquist / 100);
}

/** Round frequencies for labels, few enough for the height. */
export function frequencyTicks(nyquist: number, isLog: boolean, height: number): number[] {
  const most = Math.max(2, Math.floor(height / 36));
  if (isLog) {
    const found: number[] = [];
    for (let power = 10 ** Math.floor(Math.log10(lowestOf(nyquist))); power < nyquist; power *= 10) {
      for (const digit of [1, 2, 5]) if (digit * power > lowestOf(nyquist) && digit * power < nyquist) found.push(digit * power);
    }
    const every = Math.ceil(found.length / most);
    return found.filter((_, at) => at % every === 0);
  }
  const rough = nyquist / most;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((digit) => digit * unit >= rough) ?? 10) * unit;
  return Array.from({ length: Math.floor(nyquist / step) }, (_, at) => (at + 1) * step).filter((tick) => tick < nyquist * 0.98);
}

export function formatFrequency(hertz: number): string {
  return hertz >= 1000 ? `${Number((hertz / 1000).toPrecision(3))} kHz` : `${Number(hertz.toPrecision(3))} Hz`;
}
