import { describe, expect, it } from "vitest";
import { NO_SMOOTHING } from "@/lib/charts/smoothing";
import type { Series } from "@/state/metrics/series";
import {
  HAS_MINUS_INFINITY,
  HAS_NAN,
  HAS_PLUS_INFINITY,
  curveFrom,
  hiddenOnLog,
  lastOf,
  padX,
  sampleAt,
  sampleUpTo,
  xExtent,
  yLimits,
} from "@/charts/curve";

const f = (values: number[]) => Float64Array.from(values);

function exact(x: number[], y: number[]): Series {
  const values = f(y);
  const common = { run: 1, key: "k", total: x.length, isExact: true, count: null, finite: null };
  return { ...common, xLow: f(x), xHigh: f(x), low: values, high: values, mean: values, last: values };
}

interface Bucket { x: [number, number]; low: number; high: number; mean: number; count: number; finite?: number }
function bucketed(buckets: Bucket[]): Series {
  return {
    run: 1, key: "k", total: buckets.reduce((sum, b) => sum + b.count, 0), isExact: false,
    xLow: f(buckets.map((b) => b.x[0])), xHigh: f(buckets.map((b) => b.x[1])),
    low: f(buckets.map((b) => b.low)), high: f(buckets.map((b) => b.high)),
    mean: f(buckets.map((b) => b.mean)), last: f(buckets.map((b) => b.mean)),
    count: f(buckets.map((b) => b.count)), finite: f(buckets.map((b) => b.finite ?? b.count)),
  };
}

const plain = { smoothing: NO_SMOOTHING, isLogX: false };
const curve = (series: Series) => curveFrom(series, plain, 1);

describe("curveFrom", () => {
  it("sorts a metric that goes back and forth along x", () => {
    const sorted = curve(exact([3, 1, NaN, 2], [30, 10, 99, 20]));
    expect([...sorted.x]).toEqual([1, 2, 3]);
    expect([...sorted.line]).toEqual([10, 20, 30]);
  });

  it("stands a bucket at its middle and ends at its end", () => {
    const one = curve(bucketed([{ x: [0, 10], low: 1, high: 3, mean: 2, count: 11 }]));
    expect([...one.x]).toEqual([5]);
    expect(lastOf(one)).toEqual({ x: 10, value: 2 });
    expect(xExtent([one.series], false)).toEqual([0, 10]);
  });

  it("finds every value that is not finite, also inside buckets", () => {
    const { broken } = curve(exact([0, 1, 2, 3], [1, NaN, Infinity, -Infinity]));
    expect([...(broken ?? [])]).toEqual([0, HAS_NAN, HAS_PLUS_INFINITY, HAS_MINUS_INFINITY]);
    expect(curve(exact([0, 1], [1, 2])).broken).toBeNull();
    const mixed = curve(bucketed([
      { x: [0, 9], low: 0, high: 1, mean: 0.5, count: 10, finite: 9 },
      { x: [10, 19], low: 0, high: Infinity, mean: 0.5, count: 10, finite: 9 },
      { x: [20, 29], low: 0, high: 1, mean: 0.5, count: 10 },
    ]));
    expect([...(mixed.broken ?? [])]).toEqual([HAS_NAN, HAS_PLUS_INFINITY, 0]);
  });
});

describe("x extent", () => {
  it("leaves out what a log axis can't show", () => {
    expect(xExtent([exact([0, 1, 10], [1, 1, 1])], true)).toEqual([1, 10]);
    expect(xExtent([exact([0], [1])], true)).toBeNull();
    expect(xExtent([], false)).toBeNull();
  });

  it("gives a single point room", () => {
    expect(padX([5, 5], false)[0]).toBeLessThan(5);
    expect(padX([0, 0], false)).toEqual([-1, 1]);
    expect(padX([1, 2], false)).toEqual([1, 2]);
    expect(padX([4, 4], true)).toEqual([2, 8]);
  });
});

describe("y limits", () => {
  const spiky = curve(
    exact(
      Array.from({ length: 101 }, (_, i) => i),
      Array.from({ length: 101 }, (_, i) => (i === 50 ? 1000 : 1 + (i % 10) / 10)),
    ),
  );

  it("shows the spike, unless outliers are clipped, and then says so", () => {
    expect(yLimits([spiky], 0, 100, "auto", false, true).max).toBeGreaterThan(1000);
    const clipped = yLimits([spiky], 0, 100, "clip", false, true);
    expect(clipped.max).toBeLessThan(3);
    expect(clipped.outside).toBe(1);
  });

  it("does not stretch the noise of rounding, and keeps small changes of large values", () => {
    const spanOf = (values: number[]): number => {
      const { min, max } = yLimits([curve(exact([0, 1], values))], 0, 1, "auto", false, true);
      return max - min;
    };
    expect(spanOf([1e6, 1e6 + 1e-9])).toBeGreaterThan(1e5);
    expect(spanOf([1e6, 1e6 + 1])).toBeCloseTo(1.1);
    expect(spanOf([0, 0])).toBe(2);
  });

  it("looks only at what is in sight", () => {
    expect(yLimits([spiky], 0, 40, "auto", false, true).max).toBeLessThan(3);
  });

  it("holds manual limits, open ends stay automatic", () => {
    const limits = yLimits([spiky], 0, 100, { min: null, max: 5 }, false, true);
    expect(limits.max).toBe(5);
    expect(limits.min).toBeLessThan(1);
    expect(limits.outside).toBe(1);
  });

  it("takes the band in when it is drawn", () => {
    const banded = curve(bucketed([{ x: [0, 9], low: -5, high: 5, mean: 0, count: 10 }]));
    expect(yLimits([banded], 0, 9, "auto", false, true).max).toBeGreaterThan(5);
    expect(yLimits([banded], 0, 9, "auto", false, false).max).toBeLessThan(5);
  });

  it("stays usable with nothing finite or only one value", () => {
    const broken = yLimits([curve(exact([0, 1], [NaN, Infinity]))], 0, 1, "auto", false, true);
    expect(broken).toEqual({ min: 0, max: 1, outside: 0 });
    const flat = yLimits([curve(exact([0, 1], [3, 3]))], 0, 1, "auto", false, true);
    expect(flat.min).toBeLessThan(3);
    expect(flat.max).toBeGreaterThan(3);
    const logged = yLimits([curve(exact([0, 1, 2], [0, 1, 100]))], 0, 2, "auto", true, true);
    expect(logged.min).toBeGreaterThan(0.5);
    expect(logged.max).toBeGreaterThan(100);
  });
});

it("counts what a log axis hides", () => {
  expect(hiddenOnLog([exact([0, 1, 2], [0, -1, 5])], "y")).toEqual({ points: 2, isAtLeast: false });
  expect(hiddenOnLog([exact([0, 1, 2], [0, -1, 5])], "x")).toEqual({ points: 1, isAtLeast: false });
  const inside = bucketed([{ x: [0, 9], low: -1, high: 1, mean: 0, count: 10 }, { x: [10, 19], low: -2, high: -1, mean: -1, count: 10 }]);
  expect(hiddenOnLog([inside], "y")).toEqual({ points: 11, isAtLeast: true });
});

it("finds the nearest sample, and none far past the ends", () => {
  const samples = curve(exact([0, 10, 20], [1, 2, 3]));
  expect(sampleAt(samples, 14, 1)).toBe(1);
  expect(sampleAt(samples, 16, 1)).toBe(2);
  expect(sampleAt(samples, 20.5, 1)).toBe(2);
  expect(sampleAt(samples, 25, 1)).toBeNull();
  expect(sampleAt(samples, -5, 1)).toBeNull();
  expect(sampleAt(curve(exact([], [])), 0, 1)).toBeNull();
});

it("finds what stood at a position: the last sample up to it", () => {
  const samples = curve(exact([0, 10, 20], [1, 2, 3]));
  expect(sampleUpTo(samples, 14)).toBe(1);
  expect(sampleUpTo(samples, 19)).toBe(1);
  expect(sampleUpTo(samples, 500)).toBe(2);
  expect(sampleUpTo(samples, -1)).toBeNull();
  expect(sampleUpTo(curve(exact([], [])), 5)).toBeNull();
  const buckets = curve(
    bucketed([
      { x: [0, 9], low: 0, high: 1, mean: 0.5, count: 10 },
      { x: [10, 19], low: 0, high: 1, mean: 0.7, count: 10 },
    ]),
  );
  expect(sampleUpTo(buckets, 10)).toBe(1);
  expect(sampleUpTo(buckets, 9)).toBe(0);
});
