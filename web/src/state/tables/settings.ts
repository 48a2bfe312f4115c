/**
 * How the tables of a panel are looked at: order, filters, search, row height, hidden columns. In the URL, so
 * that the same key of several runs is ordered in one way and a link shows what its sender saw.
 */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { TableFilter, TableSort } from "@/api/schema";
import { type Checks, type PanelRef, type PanelSettingsRoom, isListOf, isText } from "@/state/page/panelSettings";
import type { MakeUrlSignal } from "@/state/page/url";

export type RowHeight = "small" | "medium" | "large";

export interface TableSettings {
  sort: readonly TableSort[];
  filters: readonly TableFilter[];
  search: string;
  /** null: high where there are media, low where there are none. */
  rowHeight: RowHeight | null;
  hidden: readonly string[];
}

export const DEFAULT_SETTINGS: TableSettings = { sort: [], filters: [], search: "", rowHeight: null, hidden: [] };

/** Where settings are kept: with a panel as those of all panels, without one (a table in a cell) as long as the page lives. */
export interface SettingsPlace {
  panel: PanelRef<TableSettings> | null;
  id: string;
}

const OPS = { eq: "==", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=", has: "contains", null: "is_null", some: "is_not_null" } as const;
const OP_CODES = Object.fromEntries(Object.entries(OPS).map(([code, op]) => [op, code])) as Record<TableFilter["op"], string>;
const HEIGHTS: Readonly<Record<string, RowHeight>> = { s: "small", m: "medium", l: "large" };

type ByKey = Readonly<Record<string, TableSettings>>;

function isSort(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("column" in value) || typeof value.column !== "string") return false;
  return !("is_descending" in value) || typeof value.is_descending === "boolean";
}

function isFilter(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("column" in value) || !("op" in value)) return false;
  const isValue = !("value" in value) || value.value === null || ["string", "number", "boolean"].includes(typeof value.value);
  return typeof value.column === "string" && typeof value.op === "string" && Object.hasOwn(OP_CODES, value.op) && isValue;
}

export const TABLE_CHECKS: Checks<TableSettings> = {
  sort: isListOf(isSort),
  filters: isListOf(isFilter),
  search: isText,
  rowHeight: (value) => value === null || Object.values(HEIGHTS).some((height) => height === value),
  hidden: isListOf(isText),
};

/** The sort after a click on a column's head: up, down, none. With `isMore` the others stay. */
export function sortAfter(sort: readonly TableSort[], column: string, isMore: boolean): TableSort[] {
  const now = sort.find((one) => one.column === column);
  const next: TableSort[] = !now ? [{ column }] : now.is_descending ? [] : [{ column, is_descending: true }];
  if (!isMore) return next;
  return now ? sort.flatMap((one) => (one.column === column ? next : [one])) : [...sort, ...next];
}

// ---- the text in the URL: key:s.loss,-step:floss,lt,n3:qcat:hm:xa,b*otherkey:... ----

/** Letters, digits and "/" stay readable; everything else is a code, so that the separators can't occur in it. */
function escapeText(text: string): string {
  return text.replace(/[^A-Za-z0-9/]/gu, (character) => `_${(character.codePointAt(0) ?? 0).toString(16)}_`);
}

function unescapeText(text: string): string {
  return text.replace(/_([0-9a-f]{1,6})_/g, (_, code: string) => String.fromCodePoint(parseInt(code, 16)));
}

function formatSettings({ sort, filters, search, rowHeight, hidden }: TableSettings): string {
  const parts: string[] = [];
  if (sort.length > 0) parts.push(`s${sort.map((one) => (one.is_descending ? "-" : "") + escapeText(one.column)).join(",")}`);
  for (const { column, op, value } of filters) parts.push(`f${[
    escapeText(column),
    OP_CODES[op],
    ...(value === null || value === undefined ? [] : [formatValue(value)]),
  ].join(",")}`);
  if (search !== "") parts.push(`q${escapeText(search)}`);
  if (rowHeight) parts.push(`h${rowHeight.charAt(0)}`);
  if (hidden.length > 0) parts.push(`x${hidden.map(escapeText).join(",")}`);
  return parts.join(":");
}

export function formatTables(tables: ByKey): string {
  return Object.entries(tables).flatMap(([key, settings]) => {
    const text = formatSettings(settings);
    return text === "" ? [] : [`${escapeText(key)}:${text}`];
  }).join("*");
}

export function parseTables(text: string): ByKey {
  const entries = text.split("*").map((entry) => entry.split(":"));
  return Object.fromEntries(entries.flatMap(([key, ...parts]) => (key ? [[
    unescapeText(key),
    parseSettings(parts),
  ]] : [])) as [string, TableSettings][]);
}

function parseSettings(parts: readonly string[]): TableSettings {
  const found = { ...DEFAULT_SETTINGS, sort: [] as TableSort[], filters: [] as TableFilter[] };
  for (const part of parts) {
    const rest = part.slice(1);
    if (part.startsWith("s")) found.sort = rest.split(",").map((one) => (one.startsWith("-") ? {
      column: unescapeText(one.slice(1)),
      is_descending: true,
    } : { column: unescapeText(one) }));
    else if (part.startsWith("q")) found.search = unescapeText(rest);
    else if (part.startsWith("h")) found.rowHeight = HEIGHTS[rest] ?? null;
    else if (part.startsWith("x")) found.hidden = rest.split(",").map(unescapeText);
    else if (part.startsWith("f")) {
      const [column, code, value] = rest.split(",");
      if (column === undefined || code === undefined || !Object.hasOwn(OPS, code)) continue;
      const op = OPS[code as keyof typeof OPS];
      found.filters.push({ column: unescapeText(column), op, ...(value === undefined ? {} : { value: parseValue(value) }) });
    }
  }
  return found;
}

function formatValue(value: string | number | boolean): string {
  return (typeof value).charAt(0) + escapeText(String(value));
}

function parseValue(text: string): string | number | boolean {
  const rest = unescapeText(text.slice(1));
  if (text.startsWith("n")) return Number(rest);
  return text.startsWith("b") ? rest === "true" : rest;
}

interface TableSettingsNeeds {
  urlSignal: MakeUrlSignal;
  panelSettings: PanelSettingsRoom;
}

export function makeTableSettings({ urlSignal, panelSettings: { layered } }: TableSettingsNeeds) {
  const byKey: Signal<ByKey> = urlSignal<ByKey>("tables", {}, { parse: parseTables, format: formatTables, history: "replace" });
  const local = new Map<string, Signal<TableSettings>>();

  const panels = layered<TableSettings>({
    page: signal(DEFAULT_SETTINGS),
    byKey: {
      // Keys are whatever people logged, "constructor" included: only own properties are looked at.
      of: (key) => (Object.hasOwn(byKey.value, key) ? byKey.value[key] : undefined),
      set: (key, own) => (byKey.value = { ...byKey.peek(), [key]: { ...DEFAULT_SETTINGS, ...own } }),
    },
    checks: TABLE_CHECKS,
  });

  function localOf(id: string): Signal<TableSettings> {
    let found = local.get(id);
    if (!found) local.set(id, (found = signal(DEFAULT_SETTINGS)));
    return found;
  }

  function settingsOf({ panel, id }: SettingsPlace): ReadonlySignal<TableSettings> {
    return panel ? panels.settingsOf(panel) : localOf(id);
  }

  function changeSettings({ panel, id }: SettingsPlace, change: Partial<TableSettings>): void {
    if (panel) {
      panels.change(panel, change);
      return;
    }
    const own = localOf(id);
    own.value = { ...own.peek(), ...change };
  }

  return { panels, settingsOf, changeSettings };
}

export type ScopeTableSettings = ReturnType<typeof makeTableSettings>;
