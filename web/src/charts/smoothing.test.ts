import { describe, expect, it } from "vitest";
import { smooth, type Smoothing } from "./smoothing";

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
    const near = smooth(f(0, 1, 1000), f(0, 1, 1), { kind: "ema", amount: 0.9 }, 1000);
    const far = smooth(f(0, 900, 1000), f(0, 1, 1), { kind: "ema", amount: 0.9 }, 1000);
    expect(near[1]).toBeLessThan(0.6);
    expect(far[1]).toBeCloseTo(1, 6);
  });

  it("lets several values at one x count alike", () => {
    const out = smooth(f(1, 1, 1, 1, 2), f(0, 4, 4, 4, 4), { kind: "ema", amount: 0.5 }, 1);
    expect(out[3]).toBeGreaterThan(out[1] ?? NaN);
  });
});

it("running mean is the mean of its window", () => {
  const out = smooth(ramp(11), ramp(11), { kind: "running", amount: 20 }, 10);
  expect(out[5]).toBeCloseTo(5, 12);
  expect(out[0]).toBeCloseTo(0.5, 12);
});
