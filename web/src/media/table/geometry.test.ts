import { describe, expect, it } from "vitest";
import type { TableColumn } from "@/api/schema";
import { cardBox, contentWidth, lanesIn, lanesOf, scrollSpace, topAfter } from "@/media/table/geometry";

const columns: TableColumn[] = Array.from({ length: 200 }, (_, at) => ({ name: `c${at}`, type: "number" }));

describe("the geometry of a table", () => {
  it("draws only columns in sight, and leaves hidden ones out", () => {
    const lanes = lanesOf(columns, ["c1"], () => 100, 50);
    expect(lanes).toHaveLength(199);
    expect(lanes[1]).toMatchObject({ at: 2, left: 150, width: 100 });
    expect(lanesIn(lanes, 1000, 1500)).toEqual([9, 14]);
    expect(lanesIn(lanes, 0, 100)).toEqual([0, 0]);
    const [first, last] = lanesIn(lanes, 90_000, 91_000);
    expect(last < first).toBe(true);
  });

  it("fits titles and values, within bounds", () => {
    const measure = (text: string): number => text.length * 7;
    expect(contentWidth({ name: "a", type: "number" }, [1, 12], 28, measure)).toBe(53);
    // Fractions of another step, which have more digits, are not cut.
    expect(contentWidth({ name: "a", type: "number" }, [1, 12.5], 28, measure)).toBe(90);
    expect(contentWidth({ name: "text", type: "string" }, ["x".repeat(5000)], 28, measure)).toBe(340);
    expect(contentWidth({ name: "picture", type: "image" }, [], 168, measure)).toBe(235);
  });

  it("moves a tall table by pixels with the wheel and by share with the bar, and reaches both ends", () => {
    const rowsPx = 1_000_000 * 28;
    const bodyPx = 500;
    const { height, scale } = scrollSpace(1_000_000, 28, bodyPx);
    expect(height).toBe(12_000_000);
    const at = { scale, bodyPx, rowsPx };
    expect(topAfter({ ...at, top: 5000, before: 2000, now: 2100 })).toBe(5100);
    expect(topAfter({ ...at, top: 5000, before: 2000, now: 6_000_000 })).toBeCloseTo(6_000_000 * scale);
    expect(topAfter({ ...at, top: 5000, before: 90, now: 0 })).toBe(0);
    expect(topAfter({ ...at, top: 5000, before: 100, now: height - bodyPx })).toBe(rowsPx - bodyPx);
    expect(scrollSpace(100, 28, bodyPx)).toEqual({ height: 2800, scale: 1 });
    expect(topAfter({ top: 0, before: 0, now: 9000, scale: 1, bodyPx, rowsPx: 2800 })).toBe(2300);
  });

  it("fits a picture into its cell", () => {
    expect(cardBox(2, 100, 80)).toEqual({ width: 100, height: 50 });
    expect(cardBox(0.5, 100, 80)).toEqual({ width: 40, height: 80 });
    expect(cardBox(null, 100, 80)).toEqual({ width: 100, height: 80 });
  });
});
