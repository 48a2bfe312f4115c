/** What a table's cells say, truthfully: nothing rounded without the whole value at hand, nothing absent drawn as zero. */
import { isSpecialNumber, numberOf } from "@/api/numbers";
import type { TableColumn } from "@/api/schema";
import { exactText, formatNumber } from "@/parts/format";

export type CellLook = "number" | "null" | "special" | "boolean" | "text" | "empty" | "time" | "tree" | "media";

const DIGITS = 6;
const GROUP_FROM = 10_000; // below, groups would make years of 2,024
const VALUE_TYPES = new Set(["none", "boolean", "integer", "number", "string", "timestamp", "date", "list", "dict", "array", "any"]);
const SORTABLE = new Set(["none", "boolean", "integer", "number", "string", "timestamp", "date"]);
const LONGEST_LINE = 400;

export function isMediaColumn(column: TableColumn): boolean {
  return !VALUE_TYPES.has(column.type);
}

export function isNumberColumn(column: TableColumn): boolean {
  return column.type === "number" || column.type === "integer";
}

export function isSortable(column: TableColumn): boolean {
  return SORTABLE.has(column.type);
}

function isMediaValue(value: unknown): boolean {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
}

/** The records of a cell: its own, or those of a list of nothing else. */
export function recordsIn(value: unknown, column: TableColumn): unknown[] {
  if (Array.isArray(value)) return value.length > 0 && value.every(isMediaValue) ? value : [];
  if (!isMediaValue(value)) return [];
  // In a column of values an object that has a "kind" is what the person logged, unless it says whose bytes it is.
  return isMediaColumn(column) || column.type === "any" ? [value] : [];
}

export function lookOf(value: unknown, column: TableColumn): CellLook {
  if (value === null || value === undefined) return "null";
  if (recordsIn(value, column).length > 0) return "media";
  const number = numberOf(value);
  if (number !== undefined) return column.type === "timestamp" || column.type === "date" ? "time" : Number.isFinite(number) || isBigInteger(value) ? "number" : "special";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") return value === "" ? "empty" : column.type === "timestamp" || column.type === "date" ? "time" : "text";
  return "tree";
}

/** The value on the screen. */
export function cellText(value: unknown, column: TableColumn): string {
  if (value === null || value === undefined) return "null";
  if (isBigInteger(value)) return groupDigits(value._number);
  const number = numberOf(value);
  if (number !== undefined) {
    if (column.type === "timestamp") return new Date(number * 1000).toISOString().replace("T", " ").replace(/(\.000)?Z$/, "");
    if (Number.isInteger(number) && Math.abs(number) < GROUP_FROM && !Object.is(number, -0)) return number < 0 ? `−${-number}` : String(number);
    return formatNumber(number, DIGITS);
  }
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "string") return column.type === "timestamp" ? timeText(value) : value;
  if (column.type === "array" || column.shape) return arrayText(value, column);
  return clip(JSON.stringify(value, plainNumber));
}

/** The whole value: for the tooltip, for copying, for files. */
export function cellExact(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (isSpecialNumber(value)) return value._number;
  if (typeof value === "object") return JSON.stringify(value, plainNumber);
  return exactText(value);
}

/** A tooltip: the exact value, and of what type it is. */
export function cellTitle(value: unknown, column: TableColumn): string {
  if (value === null || value === undefined) return "null: there is no value";
  const exact = cellExact(value);
  const text = exact.length > 1500 ? `${exact.slice(0, 1500)}…` : exact;
  return column.type === "timestamp" ? `${text} (UTC)` : text;
}

/** "3 × 224 [0.12, 0.5, …]" */
function arrayText(value: unknown, column: TableColumn): string {
  const shape = column.shape ?? shapeOf(value);
  const flat: string[] = [];
  collect(value, flat, 6);
  const count = shape.reduce((product, size) => product * size, 1);
  return `${shape.join(" × ")} [${flat.slice(0, 5).join(", ")}${count > 5 ? ", …" : ""}]`;
}

function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

function collect(value: unknown, into: string[], most: number): void {
  if (into.length >= most) return;
  if (Array.isArray(value)) for (const one of value) collect(one, into, most);
  else {
    const number = numberOf(value);
    into.push(number === undefined ? JSON.stringify(value) : formatNumber(number, 4));
  }
}

function plainNumber(_name: string, value: unknown): unknown {
  return isSpecialNumber(value) ? value._number : value;
}

function clip(text: string): string {
  return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text;
}

function timeText(text: string): string {
  return text.replace("T", " ").replace(/(\.0+)?(Z|\+00:00)$/, "");
}

function isBigInteger(value: unknown): value is { _number: string } {
  return isSpecialNumber(value) && /^[+-]?\d+$/.test(value._number);
}

function groupDigits(digits: string): string {
  const size = digits.replace(/^[+-]/, "");
  return (digits.startsWith("-") ? "−" : "") + size.replace(/\B(?=(\d{3})+$)/g, ",");
}
