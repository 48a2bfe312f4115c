import { expect, it } from "vitest";
import { densityOf, logTicks, niceTicks, tickLabels } from "@/lib/charts/ticks";

it("finds round places", () => {
  expect(niceTicks(0, 20000, 10, "number").values).toEqual([0, 2000, 4000, 6000, 8000, 10000, 12000, 14000, 16000, 18000, 20000]);
  expect(niceTicks(3, 9.5, 4, "number")).toEqual({ step: 2, values: [4, 6, 8] });
  expect(niceTicks(0, 2, 10, "number", true).values).toEqual([0, 1, 2]);
  expect(niceTicks(0, 600, 6, "duration").step).toBe(120);
  expect(niceTicks(5, 5, 6, "number").values).toEqual([5]);
});

it("labels them for their axis", () => {
  expect(tickLabels("step", niceTicks(0, 20000, 4, "number"))).toEqual(["0", "5k", "10k", "15k", "20k"]);
  expect(tickLabels("relative", niceTicks(0, 600, 2, "duration"))).toEqual(["0:00", "5:00", "10:00"]);
});

it.each([
  [1.2e6, 37e6], [1.15e6, 38.2e6], [3, 4], [1.02, 1.09], [0.9, 1.1], [1e-12, 1e12], [1e-4, 1.0001e-4], [5, 500], [2e-7, 9e-7], [999, 1001],
])("labels at least two places of the log axis from %d to %d", (min, max) => {
  for (const most of [2, 4, 8]) {
    const { values, labels } = logTicks(min, max, most);
    expect(values.length).toBeGreaterThanOrEqual(2);
    expect(new Set(labels.filter((label) => label !== "")).size).toBe(values.length);
    for (const value of values) expect(value >= min * (1 - 1e-9) && value <= max * (1 + 1e-9)).toBe(true);
  }
  expect(logTicks(min, max, 6).values.length).toBeLessThanOrEqual(12);
});

it("prefers powers of ten on a log axis", () => {
  expect(logTicks(0.5, 20000, 5).labels).toEqual(["1", "10", "100", "1000", "10k"]);
  expect(logTicks(1.2e6, 37e6, 5).labels).toEqual(["2M", "5M", "10M", "20M"]);
});

it("counts the same, point by point or bin by bin", () => {
  const short = Float64Array.from([0, 5, 10, 99, 100]);
  expect([...densityOf([short], 0, 100, 10)]).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 0, 2]);
  const long = Float64Array.from({ length: 1001 }, (_, i) => i / 10);
  const counts = densityOf([long, short], 0, 100, 10);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1006);
  expect([...densityOf([long], 20, 40, 2)]).toEqual([100, 101]);
});
