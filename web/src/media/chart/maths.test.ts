import { describe, expect, it } from "vitest";
import type { ChartRecord } from "@/api/schema";
import { countInBins, usualBins } from "@/media/chart/bins";
import { areasUnder } from "@/media/chart/curves";
import { cellsOf, matrixFrom } from "@/media/chart/matrix";
import { barPlan, curvePlan, histogramPlan, likelyPreset, linePlan, matrixPlan, presetOf, scatterPlan } from "@/media/chart/presets";
import type { ChartRows } from "@/media/chart/rows";
import { type Field, fieldOf, sortNames } from "@/media/chart/values";

const PLACE = { width: 480, height: 300, isFull: false, isDark: false };

function rowsOf(columns: Record<string, string>, rows: unknown[][]): ChartRows {
  return { columns: Object.entries(columns).map(([name, type]) => ({ name, type })), rows, total: rows.length };
}

function recordOf(preset: string, fields: Record<string, string>, more: Partial<ChartRecord> = {}): ChartRecord {
  return {
    kind: "chart",
    preset,
    fields,
    table: { kind: "table", blob: { sha256: "a", size_bytes: 1, mime: "x" }, columns: [], row_count: 1 },
    ...more,
  };
}

const numbers = (values: (number | null)[]): Field => ({ name: "n", measure: "quantitative", values });
const texts = (values: string[]): Field => ({ name: "t", measure: "nominal", values });

describe("bins", () => {
  it("hold every number once, at round edges", () => {
    for (const values of [
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      [0.1, 0.2, 0.3, 0.30000000000000004, 0.7],
      [-5, 5],
      [1e-9, 2e-9, 3e-9],
      [1e15, 1e15 + 1, 1e15 + 50],
    ]) {
      for (const wanted of [1, 2, 5, 10, 50, 200]) {
        const { edges, counts } = countInBins(values, wanted);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length);
        expect(edges.length).toBe(counts.length + 1);
        counts.forEach((count, at) => {
          const isLast = at === counts.length - 1;
          const inside = values.filter(
            (value) => value >= (edges[at] as number) && (isLast ? value <= (edges[at + 1] as number) : value < (edges[at + 1] as number)),
          );
          expect(count).toBe(inside.length);
        });
      }
    }
  });

  it("count integers as they are", () => {
    const values = Array.from({ length: 1000 }, (_, at) => at % 10);
    expect(countInBins(values, 9).counts).toEqual([100, 100, 100, 100, 100, 100, 100, 100, 200]);
  });

  it("leave out what is no number, and say so", () => {
    expect(countInBins([1, null, 2, "x"], 2).leftOut).toBe(2);
    expect(countInBins([null], 5)).toEqual({ edges: [0, 1], counts: [0], leftOut: 1 });
    expect(countInBins([3, 3, 3], 5).counts).toEqual([3]);
  });

  it("are as many as the numbers can carry", () => {
    expect(usualBins([1, 1, 1])).toBe(5);
    expect(usualBins(Array.from({ length: 10_000 }, (_, at) => Math.sin(at)))).toBeGreaterThan(10);
  });
});

describe("a confusion matrix", () => {
  const actual = texts(["Class_2", "Class_2", "Class_10", "Class_10"]);
  const predicted = texts(["Class_2", "Class_10", "Class_2", "Class_10"]);
  const matrix = matrixFrom(actual, predicted, numbers([8, 2, 0, 5]), "logged");

  it("keeps the order of the classes, or sorts them", () => {
    expect(matrix.classes).toEqual(["Class_2", "Class_10"]);
    expect(matrix.counts).toEqual([[8, 2], [0, 5]]);
    expect(matrix.accuracy).toBeCloseTo(13 / 15);
    expect(sortNames(["Class_10", "Class_2", "Class_1"])).toEqual(["Class_1", "Class_2", "Class_10"]);
    expect(matrixFrom(actual, predicted, numbers([1, 0, 4, 5]), "size").classes).toEqual(["Class_10", "Class_2"]);
  });

  it("has shares of rows and columns", () => {
    expect(cellsOf(matrix).map(({ row, column }) => [row, column])).toEqual([[0.8, 1], [0.2, 2 / 7], [0, 0], [1, 5 / 7]]);
  });

  it("gets larger than its place in the full view, so that 80 classes can be read", () => {
    const names = Array.from({ length: 80 }, (_, at) => `Class_${at}`);
    const large = matrixFrom(texts(names), texts(names), numbers(names.map(() => 1)), "logged");
    expect(matrixPlan(large, PLACE, "count").height).toBe(300);
    expect(matrixPlan(large, { ...PLACE, isFull: true }, "count").height).toBeGreaterThan(80 * 11);
  });
});

describe("areas under curves", () => {
  it("go from left to right, whichever way they were logged", () => {
    const classes = ["a", "a", "a", "b", "b", "b"];
    const areas = areasUnder(numbers([0, 0, 1, 1, 0.5, 0]), numbers([0, 1, 1, 0, 0.5, 1]), classes);
    expect(areas.get("a")).toBe(1);
    expect(areas.get("b")).toBeCloseTo(0.5);
  });
});

describe("columns", () => {
  const data = rowsOf({ n: "number", d: "date", s: "string", any: "any" }, [
    [{ _number: "NaN" }, "2024-01-02", null, 1],
    [2, "2024-01-03", "x", null],
  ]);
  it("are numbers, times or names", () => {
    expect(fieldOf(data, "n")).toEqual({ name: "n", measure: "quantitative", values: [null, 2] });
    expect(fieldOf(data, "d")?.values).toEqual([Date.UTC(2024, 0, 2), Date.UTC(2024, 0, 3)]);
    expect(fieldOf(data, "s")).toEqual({ name: "s", measure: "nominal", values: [null, "x"] });
    expect(fieldOf(data, "any")?.measure).toBe("quantitative");
    expect(fieldOf(data, "none")).toBeUndefined();
  });
});

describe("presets", () => {
  const curve = rowsOf({ class: "string", fpr: "number", tpr: "number" }, [["cat", 0, 0], ["cat", 0, 1], ["cat", 1, 1]]);
  const fields = { x: "fpr", y: "tpr", class: "class" };
  const legendOf = (record: ChartRecord): unknown => JSON.stringify(curvePlan(record, curve, PLACE).spec);

  it("are known by their names, unless there is a specification", () => {
    expect(presetOf(recordOf("wandb/line/v0", {}))).toBe("line");
    expect(presetOf(recordOf("me/own", {}))).toBeNull();
    expect(presetOf(recordOf("wandb/line/v0", {}, { spec: { sha256: "b", size_bytes: 1, mime: "x" } }))).toBeNull();
    expect(likelyPreset(recordOf("me/own", { x: "fpr", y: "tpr" }), curve)).toBe("scatter");
    expect(likelyPreset(recordOf("me/own", {}), curve)).toBeNull();
  });

  it("name the area in the legend, and whether it is exact", () => {
    expect(legendOf(recordOf("wandb/area-under-curve/v0", fields, { areas: { cat: 0.98765 } }))).toContain("cat · AUC 0.988");
    expect(legendOf(recordOf("wandb/area-under-curve/v0", fields))).toContain("cat · AUC ≈ 1.000");
  });

  it("say which column is missing", () => {
    expect(() => scatterPlan(recordOf("wandb/scatter/v0", { x: "fpr", y: "gone" }), curve, PLACE)).toThrow("no column “gone”");
    expect(() => linePlan(recordOf("wandb/line/v0", {}), curve, PLACE, { x: "x", y: "y", color: "stroke" })).toThrow(
      "no column for “x”",
    );
  });

  it("count a histogram in the page; names are counted as names", () => {
    const plan = histogramPlan(recordOf("wandb/histogram/v0", { value: "fpr" }), curve, PLACE, 2);
    expect(plan.bins?.counts).toEqual([2, 1]);
    expect(histogramPlan(recordOf("wandb/histogram/v0", { value: "class" }), curve, PLACE, 2).bins).toBeNull();
  });

  it("lay bars down when their labels would not fit", () => {
    const bars = (count: number): ChartRows =>
      rowsOf(
        { l: "string", v: "number" },
        Array.from({ length: count }, (_, at) => [`a long name ${at}`, at]),
      );
    const record = recordOf("wandb/bar/v0", { label: "l", value: "v" });
    const axisOf = (count: number): unknown => (barPlan(record, bars(count), PLACE).spec["encoding"] as { x: { field: string } }).x.field;
    expect(axisOf(3)).toBe("l");
    expect(axisOf(30)).toBe("v");
  });
});
