import { expect, it } from "vitest";
import type { Series } from "@/state/metrics/series";
import { csvText } from "@/charts/download";

const f = (...values: number[]) => Float64Array.from(values);

it("writes exact values with every digit, and disarms names", () => {
  const y = f(0.1 + 0.2, NaN);
  const series: Series = {
    run: 1,
    key: "loss",
    total: 2,
    isExact: true,
    xLow: f(0, 10),
    xHigh: f(0, 10),
    low: y,
    high: y,
    mean: y,
    last: y,
    count: null,
    finite: null,
  };
  const text = csvText([{ series, name: '=cmd,"x"' }], { key: "loss", x: "step", range: null });
  expect(text).toBe('run,step,loss\n"\'=cmd,""x""",0,0.30000000000000004\n"\'=cmd,""x""",10,NaN\n');
});

it("says what a bucket is, and keeps to the range in sight", () => {
  const series: Series = {
    run: 1,
    key: "loss",
    total: 200,
    isExact: false,
    xLow: f(0, 100),
    xHigh: f(99, 199),
    low: f(1, 2),
    high: f(5, 6),
    mean: f(3, 4),
    last: f(3, 3.5),
    count: f(100, 100),
    finite: f(100, 100),
  };
  const text = csvText([{ series, name: "a" }], { key: "loss", x: "step", range: [120, 130] });
  expect(text).toBe("run,step,loss,step to,min,max,last,count\na,100,4,199,2,6,3.5,100\n");
});
