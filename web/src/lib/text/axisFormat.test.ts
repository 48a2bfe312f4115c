import { describe, expect, it } from "vitest";
import {
  formatElapsed,
  formatExact,
  formatLogTick,
  formatMoment,
  formatReading,
  formatShort,
  formatTicks,
  parsePosition,
} from "@/lib/text/axisFormat";

describe("formatValue", () => {
  it.each([
    [0.21436, "0.2144"],
    [0.26, "0.26"],
    [12400, "12,400"],
    [12345.678, "12,345.7"],
    [3.0000001, "3.0"],
    [1.5e-7, "1.5e−7"],
    [-2.5, "−2.5"],
    [1.23456e9, "1,234,560,000"],
    [1234567.5, "1.235e6"],
    [NaN, "NaN"],
    [Infinity, "+∞"],
    [-Infinity, "−∞"],
    [0, "0"],
  ])("%d is %s", (value, text) => {
    expect(formatReading(value)).toBe(text);
  });

  it("writes every digit when asked for the exact value", () => {
    expect(formatExact(0.1 + 0.2)).toBe("0.30000000000000004");
    expect(formatExact(-Infinity)).toBe("-Infinity");
  });
});

it.each([
  [0.21436, "0.214"],
  [0.26, "0.26"],
  [12400, "12,400"],
  [12345.6, "12.3k"],
  [2.5e6, "2.5M"],
  [6.169e-12, "6.17e−12"],
  [-0.5, "−0.5"],
  [0, "0"],
  [NaN, "NaN"],
])("%d in little room is %s", (value, text) => {
  expect(formatShort(value)).toBe(text);
});

describe("axis labels", () => {
  it("gives all labels the digits that tell them apart", () => {
    expect(formatTicks([0, 0.4, 0.8, 1.2], 0.4)).toEqual(["0", "0.4", "0.8", "1.2"]);
    expect(formatTicks([0, 5000, 10000], 5000)).toEqual(["0", "5k", "10k"]);
    expect(formatTicks([12000, 12500, 13000], 500)).toEqual(["12k", "12.5k", "13k"]);
    expect(formatTicks([0, 0.00025, 0.001], 0.00025)).toEqual(["0", "0.00025", "0.001"]);
    expect(formatTicks([0, 2.5, 5], 2.5)).toEqual(["0", "2.5", "5"]);
    expect(formatTicks([0, 2e7, 4e7], 2e7)).toEqual(["0", "20M", "40M"]);
    expect(formatTicks([0, 2e-5, 4e-5], 2e-5)).toEqual(["0", "2e−5", "4e−5"]);
    expect(formatTicks([-0.5, null], 0.5)).toEqual(["−0.5", ""]);
  });

  it("labels log axes by their powers", () => {
    expect(formatLogTick(0.001)).toBe("0.001");
    expect(formatLogTick(1e-7)).toBe("1e−7");
    expect(formatLogTick(100000)).toBe("100k");
    expect(formatLogTick(0.7)).toBe("0.7");
    expect(formatLogTick(0.00504)).toBe("");
  });
});

describe("durations and moments", () => {
  it.each([
    [0, "0:00"],
    [1.25, "1.25s"],
    [42, "0:42"],
    [725, "12:05"],
    [11229, "3:07:09"],
    [183000, "2d 02:50"],
    [-42, "−0:42"],
  ])("%d s is %s", (secs, text) => {
    expect(formatElapsed(secs)).toBe(text);
  });

  it("leaves out the date only today", () => {
    const noon = new Date(2024, 4, 6, 12, 30, 5);
    expect(formatMoment(noon.getTime() / 1000, false, noon)).toBe("12:30:05");
    expect(formatMoment(noon.getTime() / 1000, false, new Date(2024, 4, 7))).toBe("2024-05-06 12:30:05");
  });
});

describe("parsePosition", () => {
  const extent: [number, number] = [0, 20000];
  it.each([
    ["12400", 12400],
    ["12,400", 12400],
    [" 12 400 ", 12400],
    ["12.4k", 12400],
    ["25%", 5000],
    ["-3", -3],
  ])("reads step %s", (text, value) => {
    expect(parsePosition(text, "step", extent)).toBe(value);
  });

  it.each([
    ["1:30", 90],
    ["1:00:05", 3605],
    ["2h 5m", 7500],
    ["90", 90],
  ])("reads duration %s", (text, value) => {
    expect(parsePosition(text, "relative", extent)).toBe(value);
  });

  it("reads a time of day near the end of the extent", () => {
    const end = new Date(2024, 4, 6, 12, 30, 5).getTime() / 1000;
    expect(parsePosition("11:15", "time", [end - 9000, end])).toBe(new Date(2024, 4, 6, 11, 15).getTime() / 1000);
  });

  it.each(["", "abc", "12x", "1:2:3:4"])("refuses %j", (text) => {
    expect(parsePosition(text, "step", extent)).toBeUndefined();
    expect(parsePosition(text, "relative", extent)).toBeUndefined();
  });
});
