/** A confusion matrix from its rows of (actual, predicted, count). Pure functions. */
import { type Field, namesOf, sortNames } from "@/media/chart/values";

export interface Matrix {
  classes: string[];
  /** counts[actual][predicted] */
  counts: number[][];
  total: number;
  /** Share on the diagonal; null without any. */
  accuracy: number | null;
}

export type ClassOrder = "logged" | "name" | "size";
export type CellShare = "count" | "row" | "column";

export function matrixFrom(actual: Field, predicted: Field, counts: Field, order: ClassOrder): Matrix {
  const classes = [...new Set([...namesOf(actual), ...namesOf(predicted)])];
  const places = new Map(classes.map((name, at) => [name, at]));
  const table = classes.map(() => new Array<number>(classes.length).fill(0));
  let total = 0;
  counts.values.forEach((value, at) => {
    const row = table[places.get(String(actual.values[at] ?? "none")) ?? -1];
    const column = places.get(String(predicted.values[at] ?? "none")) ?? -1;
    if (!row || typeof value !== "number") return;
    row[column] = (row[column] ?? 0) + value;
    total += value;
  });
  const sizes = new Map(classes.map((name, at) => [name, (table[at] ?? []).reduce((sum, count) => sum + count, 0)]));
  const sorted =
    order === "name"
      ? sortNames(classes)
      : order === "size"
        ? [...classes].sort((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0))
        : classes;
  const from = sorted.map((name) => places.get(name) ?? 0);
  const arranged = from.map((row) => from.map((column) => table[row]?.[column] ?? 0));
  const hits = arranged.reduce((sum, row, at) => sum + (row[at] ?? 0), 0);
  return { classes: sorted, counts: arranged, total, accuracy: total > 0 ? hits / total : null };
}

/** The cells with their shares of the row (recall) and of the column (precision). */
export function cellsOf({ classes, counts }: Matrix): { actual: string; predicted: string; count: number; row: number; column: number }[] {
  const columnSums = classes.map((_, column) => counts.reduce((sum, row) => sum + (row[column] ?? 0), 0));
  return counts.flatMap((row, at) => {
    const rowSum = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, column) => ({
      actual: classes[at] ?? "",
      predicted: classes[column] ?? "",
      count,
      row: rowSum > 0 ? count / rowSum : 0,
      column: (columnSums[column] ?? 0) > 0 ? count / (columnSums[column] ?? 1) : 0,
    }));
  });
}
