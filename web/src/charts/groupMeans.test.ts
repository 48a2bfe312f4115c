import { expect, it } from "vitest";
import { type Series, emptySeries } from "@/state/metrics/series";
import { groupMeans } from "@/charts/groupMeans";

function series(run: number, x: number[], y: number[]): Series {
  const [xs, ys] = [Float64Array.from(x), Float64Array.from(y)];
  return { ...emptySeries({ run, key: "loss" }), total: x.length, xLow: xs, xHigh: xs, low: ys, high: ys, mean: ys, last: ys };
}

it("averages the runs of a group, with least and greatest as its band", () => {
  const [mean, alone] = groupMeans(
    [series(1, [0, 1, 2], [0, 2, 4]), series(2, [0, 2], [4, 8]), series(3, [0], [9])],
    new Map([
      [1, "a"],
      [2, "a"],
    ]),
  );
  expect(mean?.group).toEqual({ name: "a", runCount: 2 });
  expect([...(mean?.xLow ?? [])]).toEqual([0, 1, 2]);
  expect([...(mean?.mean ?? [])]).toEqual([2, 4, 6]);
  expect([...(mean?.low ?? [])]).toEqual([0, 2, 4]);
  expect([...(mean?.high ?? [])]).toEqual([4, 6, 8]);
  expect(alone?.run).toBe(3);
  expect(alone?.group).toBeUndefined();
});

it("counts a run only where it has values", () => {
  const [mean] = groupMeans([series(1, [0, 1, 2, 3], [1, NaN, 1, 1]), series(2, [2, 3], [3, 3])], new Map([[1, "a"], [2, "a"]]));
  expect([...(mean?.mean ?? [])]).toEqual([1, NaN, 2, 2]);
});

it("thins what has too many places", () => {
  const x = Array.from({ length: 50_000 }, (_, i) => i);
  const [mean] = groupMeans([series(1, x, x)], new Map([[1, "a"]]));
  expect(mean?.xLow.length).toBe(2000);
  expect(mean?.xLow.at(-1)).toBe(49_999);
});
