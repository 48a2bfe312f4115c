import { describe, expect, it } from "vitest";
import { type Smoothing, smooth } from "@/lib/charts/smoothing";

const f = (...values: number[]) => Float64Array.from(values);
const ramp = (n: number, step = 1) => Float64Array.from({ length: n }, (_, i) => i * step);
const METHODS: Smoothing[] = [
  { kind: "ema", amount: 0.9 },
  { kind: "gaussian", amount: 5 },
  { kind: "running", amount: 10 },
];

describe.each(METHODS)("$kind", (smoothing) => {
  it("keeps a constant", () => {
    const out = smooth(ramp(50), new Float64Array(50).fill(3), smoothing, 49);
    for (const value of out) expect(value).toBeCloseTo(3, 9);
  });

  it("leaves gaps where they are and goes on behind them", () => {
    const y = new Float64Array(50).fill(2);
    y[10] = NaN;
    y[20] = Infinity;
    const out = smooth(ramp(50), y, smoothing, 49);
    expect(out[10]).toBeNaN();
    expect(out[20]).toBe(Infinity);
    expect(out[11]).toBeCloseTo(2, 9);
    expect(out[49]).toBeCloseTo(2, 9);
  });

  it("flattens noise", () => {
    const y = Float64Array.from({ length: 200 }, (_, i) => (i % 2 ? 1 : -1));
    const out = smooth(ramp(200), y, smoothing, 199);
    expect(Math.abs(out[100] ?? NaN)).toBeLessThan(0.5);
  });

  it("does nothing for amount zero or a single x", () => {
    const y = f(1, 5, 2);
    expect(smooth(ramp(3), y, { ...smoothing, amount: 0 }, 2)).toBe(y);
    expect(smooth(f(7), f(1), smoothing, 0)).toEqual(f(1));
  });
});

describe("ema", () => {
  it("is debiased: the first value stands", () => {
    const out = smooth(ramp(100), new Float64Array(100).fill(10), { kind: "ema", amount: 0.99 }, 99);
    expect(out[0]).toBe(10);
  });

  it("weighs by distance in x: after a long pause the past hardly counts", () => {
    const y = Float64Array.from({ length: 200 }, (_, i) => (i < 100 ? 0 : 1));
    const near = smooth(ramp(200, 5), y, { kind: "ema", amount: 0.9 }, 1000);
    const far = smooth(Float64Array.from({ length: 200 }, (_, i) => (i < 100 ? i : 800 + i)), y, { kind: "ema", amount: 0.9 }, 1000);
    expect(near[100]).toBeLessThan(0.1);
    expect(far[100]).toBeGreaterThan(0.95);
  });

  it("lets several values at one x count alike", () => {
    const out = smooth(f(1, 1, 1, 1, 2), f(0, 4, 4, 4, 4), { kind: "ema", amount: 0.5 }, 1);
    expect(out[3]).toBeGreaterThan(out[1] ?? NaN);
  });
});

it("running mean is the mean of its window", () => {
  const out = smooth(ramp(1001), ramp(1001), { kind: "running", amount: 2 }, 1000);
  expect(out[500]).toBeCloseTo(500, 9);
  expect(out[0]).toBeCloseTo(5, 9);
});

describe.each<Smoothing>([
  { kind: "ema", amount: 0.6 },
  { kind: "gaussian", amount: 1 },
  { kind: "running", amount: 2 },
])("$kind at its first amount", (smoothing) => {
  it.each([5, 30, 300, 3000])("smooths a curve of %i points, and more at a larger amount", (count) => {
    const y = Float64Array.from({ length: count }, (_, i) => (i % 2 ? 1 : -1));
    const rest = (amount: number): number => {
      const out = smooth(ramp(count), y, { ...smoothing, amount }, count - 1);
      return out.reduce((sum, value) => sum + Math.abs(value), 0) / count;
    };
    const first = rest(smoothing.amount);
    expect(first).toBeLessThan(0.9);
    expect(rest(smoothing.amount * (smoothing.kind === "ema" ? 1.5 : 4))).toBeLessThanOrEqual(first + 1e-9);
  });

  it.each([1e-4, 1e9, -0.1, 12345.678])("never leaves the range of its input: %d stays what it is", (value) => {
    const out = smooth(ramp(500), new Float64Array(500).fill(value), smoothing, 499);
    expect(new Set(out)).toEqual(new Set([value]));
  });
});
