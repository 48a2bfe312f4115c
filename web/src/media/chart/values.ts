/** A chart's columns as Vega takes them: numbers, times or names. Pure functions. */
import { isSpecialNumber, numberOf } from "@/lib/text/numbers";
import type { ChartRows } from "@/media/chart/rows";

/** As Vega-Lite calls them. */
export type Measure = "quantitative" | "temporal" | "nominal";

export interface Field {
  name: string;
  measure: Measure;
  /** One for each row. A number that is not finite, or no value, is null. */
  values: (number | string | null)[];
}

const NUMBERS = new Set(["integer", "number"]);
const TIMES = new Set(["timestamp", "date"]);

/** The column of that name; undefined when the table has none. */
export function fieldOf(data: ChartRows, name: string | undefined): Field | undefined {
  const at = data.columns.findIndex((column) => column.name === name);
  const column = data.columns[at];
  if (name === undefined || !column) return undefined;
  const raw = data.rows.map((row) => row[at]);
  if (TIMES.has(column.type)) {
    return { name, measure: "temporal", values: raw.map((value) => (typeof value === "string" ? Date.parse(value) : null)) };
  }
  // A column of anything may hold numbers only.
  const isNumeric =
    NUMBERS.has(column.type) ||
    (column.type === "any" && raw.some((value) => value !== null) && raw.every((value) => value === null || numberOf(value) !== undefined));
  if (isNumeric) return { name, measure: "quantitative", values: raw.map(finite) };
  return { name, measure: "nominal", values: raw.map(textOf) };
}

function finite(value: unknown): number | null {
  const number = numberOf(value);
  return number !== undefined && Number.isFinite(number) ? number : null;
}

export function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  if (isSpecialNumber(value)) return value._number;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The names in the order in which they first come. */
export function namesOf(field: Field): string[] {
  return [...new Set(field.values.map((value) => String(value ?? "none")))];
}

/** "Class_2" before "Class_10". */
const collator = new Intl.Collator("en", { numeric: true });

export function sortNames(names: readonly string[]): string[] {
  return [...names].sort(collator.compare);
}
