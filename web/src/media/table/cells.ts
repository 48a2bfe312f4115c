/** What a table's cells say, truthfully: nothing rounded without the whole value at hand, nothing absent drawn as zero. */
import type { TableColumn } from "@/api/schema";
import { exactText, formatNumber } from "@/lib/text/format";
import { isSpecialNumber, numberOf } from "@/lib/text/numbers";

export type CellLook = "number" | "null" | "special" | "boolean" | "text" | "empty" | "time" | "tree" | "media";

const DIGITS = 6;
const GROUP_FROM = 10_000; // below, groups would make years of 2,024
const VALUE_TYPES = new Set([
  "none",
  "boolean",
  "integer",
  "number",
  "string",
  "bytes",
  "timestamp",
  "date",
  "list",
  "dict",
  "array",
  "any",
]);
const NOT_SORTABLE = new Set(["list", "dict", "array"]);
const LONGEST_LINE = 400;

/** A cell that was too large for the page: its beginning, and how large it is. */
interface CutText { _text: string; char_count: number }
interface CutBytes { _bytes: string; size_bytes: number }
interface CutArray { _array: unknown[]; shape: number[]; dtype: string }

function has<K extends string>(value: unknown, name: K): value is Record<K, unknown> {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name);
}

export const isCutText = (value: unknown): value is CutText => has(value, "_text") && typeof value._text === "string";
export const isBytes = (value: unknown): value is CutBytes => has(value, "_bytes") && typeof value._bytes === "string";
export const isCutArray = (value: unknown): value is CutArray => has(value, "_array") && Array.isArray(value._array);

/** Whether the page has only the beginning of the value. */
export function isCut(value: unknown): boolean {
  return isCutText(value) || isCutArray(value) || (isBytes(value) && value.size_bytes > atob(value._bytes).length);
}

export function isMediaColumn(column: TableColumn): boolean {
  return !VALUE_TYPES.has(column.type);
}

export function isNumberColumn(column: TableColumn): boolean {
  return column.type === "number" || column.type === "integer";
}

export function isSortable(column: TableColumn): boolean {
  return !NOT_SORTABLE.has(column.type); // media by their captions
}

function isMediaValue(value: unknown): boolean {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
}

/** The records of a cell: its own, or those of a list or dict of nothing else (but nulls). */
export function recordsIn(value: unknown, column: TableColumn): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  if (!isMediaValue(value)) {
    const inside = Object.values(value).filter((one) => one !== null);
    return inside.length > 0 && inside.every(isMediaValue) ? inside : [];
  }
  // In a column of values an object that has a "kind" is what the person logged, unless it says whose bytes it is.
  return isMediaColumn(column) || column.type === "any" ? [value] : [];
}

export function lookOf(value: unknown, column: TableColumn): CellLook {
  if (value === null || value === undefined) return "null";
  if (recordsIn(value, column).length > 0) return "media";
  const number = numberOf(value);
  if (number !== undefined) {
    return column.type === "timestamp" || column.type === "date"
      ? "time"
      : Number.isFinite(number) || isBigInteger(value)
        ? "number"
        : "special";
  }
  if (typeof value === "boolean") return "boolean";
  if (isCutText(value) || isBytes(value)) return "text";
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
    if (Number.isInteger(number) && Math.abs(number) < GROUP_FROM && !Object.is(number, -0)) {
      return number < 0 ? `−${-number}` : String(number);
    }
    return formatNumber(number, DIGITS);
  }
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "string") return column.type === "timestamp" ? timeText(value) : value;
  if (isCutText(value)) return value._text;
  if (isBytes(value)) return bytesText(value);
  if (isCutArray(value)) return arrayText(value._array, { ...column, shape: value.shape });
  if (column.type === "array" || column.shape) return arrayText(value, column);
  return clip(JSON.stringify(value, plainNumber));
}

/** The whole value: for the tooltip, for copying, for files. */
export function cellExact(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (isSpecialNumber(value)) return value._number;
  if (isCutText(value)) return value._text;
  if (isBytes(value)) return hexOf(value._bytes);
  if (isCutArray(value)) return `${value.dtype} ${value.shape.join(" × ")} [${value._array.map((one) => cellExact(one)).join(", ")}, …]`;
  if (typeof value === "object") return JSON.stringify(value, plainNumber);
  return exactText(value);
}

/** A tooltip: the exact value, and of what type it is. */
export function cellTitle(value: unknown, column: TableColumn): string {
  if (value === null || value === undefined) return "null: there is no value";
  const exact = cellExact(value);
  const text = exact.length > 1500 || isCutText(value) ? `${exact.slice(0, 1500)}…` : exact;
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

/** "12 bytes 89 50 4e 47 …" */
function bytesText({ _bytes: base64, size_bytes: size }: CutBytes): string {
  return `${size.toLocaleString("en-US")} ${size === 1 ? "byte" : "bytes"} ${hexOf(base64, 8)}${size > 8 ? " …" : ""}`;
}

function hexOf(base64: string, most = Infinity): string {
  return [...atob(base64)].slice(0, most).map((character) => character.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
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
