import { describe, expect, it } from "vitest";
import { type Track, mergePositions, positionOfStep, resolveStep, stopFrom } from "@/lib/clock/resolve";

function track(steps: number[], at: number[] = steps): Track {
  return {
    kind: "image",
    total: steps.length,
    steps: Float64Array.from(steps),
    at: Float64Array.from(at),
  };
}

describe("resolveStep", () => {
  const every100 = track([0, 100, 200, 300]);

  it("shows the latest step at or before the position", () => {
    expect(resolveStep(every100, 100, "at-or-before")).toBe(100);
    expect(resolveStep(every100, 199.9, "at-or-before")).toBe(100);
    expect(resolveStep(every100, 5000, "at-or-before")).toBe(300);
    expect(resolveStep(every100, -1, "at-or-before")).toBeNull();
  });

  it("shows only the position itself when exact", () => {
    expect(resolveStep(every100, 200, "exact")).toBe(200);
    expect(resolveStep(every100, 201, "exact")).toBeNull();
  });

  it("shows the nearest step, the earlier one when two are as near", () => {
    expect(resolveStep(every100, 140, "nearest")).toBe(100);
    expect(resolveStep(every100, 150, "nearest")).toBe(100);
    expect(resolveStep(every100, 151, "nearest")).toBe(200);
    expect(resolveStep(every100, -50, "nearest")).toBe(0);
    expect(resolveStep(every100, 9999, "nearest")).toBe(300);
  });

  it("shows each run's last whatever the position", () => {
    expect(resolveStep(every100, 0, "last")).toBe(300);
  });

  it("follows the newest when there is no position", () => {
    for (const rule of ["exact", "at-or-before", "nearest", "last"] as const) {
      expect(resolveStep(every100, null, rule)).toBe(300);
    }
  });

  it("finds nothing in an empty track", () => {
    for (const rule of ["exact", "at-or-before", "nearest", "last"] as const) {
      expect(resolveStep(track([]), 10, rule)).toBeNull();
      expect(resolveStep(track([]), null, rule)).toBeNull();
    }
  });

  it("leaves out steps without a position on the axis, except for last", () => {
    const partly = track([1, 2, 3], [0.5, NaN, NaN]);
    expect(resolveStep(partly, 100, "at-or-before")).toBe(1);
    expect(resolveStep(partly, 100, "nearest")).toBe(1);
    expect(resolveStep(partly, 100, "last")).toBe(3);
    expect(resolveStep(track([1, 2], [NaN, NaN]), 1, "nearest")).toBeNull();
  });

  it("shows the latest step of those that share a position", () => {
    const epochs = track([10, 20, 30, 40], [1, 1, 2, 2]);
    expect(resolveStep(epochs, 1, "exact")).toBe(20);
    expect(resolveStep(epochs, 1.9, "at-or-before")).toBe(20);
    expect(resolveStep(epochs, 1.9, "nearest")).toBe(40);
  });

  it("sorts an axis that goes back and forth", () => {
    const accuracy = track([1, 2, 3], [0.9, 0.1, 0.5]);
    expect(resolveStep(accuracy, 0.6, "at-or-before")).toBe(3);
    expect(resolveStep(accuracy, 0.9, "exact")).toBe(1);
  });
});

describe("stops", () => {
  it("merges the positions of several tracks without repeats", () => {
    const merged = mergePositions([track([0, 10, 20]), track([10, 15]), track([1], [NaN])]);
    expect([...merged]).toEqual([0, 10, 15, 20]);
    expect(mergePositions([]).length).toBe(0);
  });

  it("moves over existing stops and stays inside", () => {
    const stops = Float64Array.from([0, 10, 15, 20]);
    expect(stopFrom(stops, 10, 1)).toBe(15);
    expect(stopFrom(stops, 12, 1)).toBe(15);
    expect(stopFrom(stops, 12, -1)).toBe(10);
    expect(stopFrom(stops, 10, -1)).toBe(0);
    expect(stopFrom(stops, 0, -10)).toBe(0);
    expect(stopFrom(stops, 15, 10)).toBe(20);
    expect(stopFrom(new Float64Array(0), 5, 1)).toBeNull();
  });

  it("knows where a step stands", () => {
    const epochs = track([10, 20, 30], [1, 1.5, NaN]);
    expect(positionOfStep(epochs, 20)).toBe(1.5);
    expect(positionOfStep(epochs, 30)).toBeNull();
    expect(positionOfStep(epochs, 11)).toBeNull();
  });
});
