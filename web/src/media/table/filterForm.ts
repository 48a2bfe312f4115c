/** What the filter form offers and makes of its fields. */
import type { TableColumn, TableFilter } from "@/api/schema";
import { isMediaColumn, isNumberColumn } from "@/media/table/cells";

export const WORDS: Readonly<Record<TableFilter["op"], string>> = {
  "==": "=",
  "!=": "≠",
  "<": "<",
  "<=": "≤",
  ">": ">",
  ">=": "≥",
  contains: "contains",
  is_null: "is null",
  is_not_null: "is not null",
};

/** What can be asked of a column. */
export function opsOf(column: TableColumn): TableFilter["op"][] {
  const nulls: TableFilter["op"][] = ["is_null", "is_not_null"];
  if (column.type === "array" || column.type === "bytes" || column.type === "none") return nulls;
  // Of media it is the caption that is looked at.
  if (isMediaColumn(column) || column.type === "list" || column.type === "dict") return ["contains", ...nulls];
  if (column.type === "boolean") return ["==", "!=", ...nulls];
  if (column.type === "string" || column.type === "any") return ["contains", "==", "!=", ...nulls];
  return ["==", "!=", "<", "<=", ">", ">=", ...nulls];
}

/** The filter that a form says; a text when it makes no sense. */
export function filterFrom(column: TableColumn, op: TableFilter["op"], text: string): TableFilter | string {
  if (op === "is_null" || op === "is_not_null") return { column: column.name, op };
  if (column.type === "boolean") return { column: column.name, op, value: text !== "false" };
  if (!isNumberColumn(column)) {
    return text === "" && op === "contains" ? "What should it contain?" : { column: column.name, op, value: text };
  }
  const digits = text.trim().replace(/^−/, "-").replaceAll(",", "");
  const number = Number(digits);
  // NaN, infinities and large integers go as text: JSON has no numbers for them.
  if (/^[+-]?(nan|inf(inity)?|\d{16,})$/i.test(digits)) return { column: column.name, op, value: digits };
  return digits === "" || !Number.isFinite(number) ? "This column has numbers." : { column: column.name, op, value: number };
}

export function filterText({ column, op, value }: TableFilter): string {
  const said = `${column} ${WORDS[op]}`;
  if (value === undefined || value === null) return said;
  return `${said} ${typeof value === "string" ? `“${value}”` : String(value)}`;
}
