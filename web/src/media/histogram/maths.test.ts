import { describe, expect, it } from "vitest";
import { binAt, columnAt, columnEdges, countsInSlices, quantile, roundTicks, spanOf, spread, strengthOf } from "@/media/histogram/maths";

const uneven = { bins: [-1, 0, 0.5, 4], values: [10, 40, 3] };

describe("histograms", () => {
  it("know the bin of a value, the upper edge included", () => {
    expect([-1.01, -1, -0.001, 0, 0.49, 0.5, 4, 4.01, NaN].map((value) => binAt(uneven, value))).toEqual([-1, 0, 0, 1, 1, 2, 2, -1, -1]);
  });

  it("are cut into slices by their own edges, whatever their widths", () => {
    expect([...countsInSlices(uneven, { min: -1, max: 1 }, 4)]).toEqual([10, 10, 40, 3]);
    const beyond = countsInSlices(uneven, { min: -3, max: 5 }, 8);
    expect([...beyond]).toEqual([NaN, NaN, 10, 21.5, 3, 3, 3, NaN]);
  });

  it("keep a peak that is narrower than a slice", () => {
    const bins = Array.from({ length: 1001 }, (_, at) => at / 1000);
    const values = bins.slice(1).map((_, at) => (at === 500 ? 1000 : 0));
    expect(Math.max(...countsInSlices({ bins, values }, { min: 0, max: 1 }, 10))).toBeCloseTo(10, 6);
  });

  it("span all their edges, and constant data gets some width", () => {
    expect(spanOf([uneven, { bins: [2, 9], values: [1] }])).toEqual({ min: -1, max: 9 });
    expect(spanOf([{ bins: [3, 3], values: [1] }])).toEqual({ min: 2.5, max: 3.5 });
    expect(spanOf([])).toBeNull();
  });

  it("have quantiles by straight lines", () => {
    expect(quantile({ bins: [0, 1, 2], values: [50, 50] }, 0.5)).toBe(1);
    expect(quantile({ bins: [0, 1, 2], values: [100, 0] }, 0.25)).toBe(0.25);
    expect(quantile({ bins: [0, 1], values: [0] }, 0.5)).toBeNull();
  });

  it("are coloured by count, on a log scale if asked", () => {
    expect(strengthOf(50, 100, false)).toBe(0.5);
    expect(strengthOf(9, 99, true)).toBeCloseTo(0.5);
    expect([strengthOf(0, 10, true), strengthOf(NaN, 10, false), strengthOf(1, 0, false)]).toEqual([0, 0, 0]);
  });
});

describe("columns of a heat map", () => {
  it("meet half-way between uneven steps", () => {
    const edges = columnEdges([0, 10, 100]);
    expect(edges).toEqual([-5, 5, 55, 145]);
    expect([-6, -5, 4.9, 5, 54, 56, 145, 146].map((x) => columnAt(edges, x))).toEqual([-1, 0, 0, 1, 1, 2, 2, -1]);
    expect(columnEdges([7])).toEqual([6.5, 7.5]);
    expect(columnEdges([])).toEqual([]);
  });

  it("are picked evenly with both ends", () => {
    expect(spread(5000, 3)).toEqual([0, 2500, 4999]);
    expect(spread(2, 9)).toEqual([0, 1]);
  });

  it("have round ticks", () => {
    expect(roundTicks({ min: -0.31, max: 0.42 }, 4).ticks).toEqual([-0.2, 0, 0.2, 0.4]);
    expect(roundTicks({ min: 0, max: 100 }, 5)).toEqual({ ticks: [0, 20, 40, 60, 80, 100], step: 20 });
  });
});
