/**
 * How the tables of a key are looked at: order, filters, search, row height, hidden columns. In the URL, by key, so
 * that the same key of several runs is ordered in one way and a link shows what its sender saw.
 */
import { type ReadonlySignal, type Signal, computed, signal } from "@preact/signals";
import type { TableFilter, TableSort } from "@/api/schema";
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

/** Where settings are kept: with a key in the URL, without one (a table in a cell) as long as the page lives. */
export interface SettingsPlace {
  key: string | null;
  id: string;
}

const OPS = { eq: "==", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=", has: "contains", null: "is_null", some: "is_not_null" } as const;
const OP_CODES = Object.fromEntries(Object.entries(OPS).map(([code, op]) => [op, code])) as Record<TableFilter["op"], string>;
const HEIGHTS: Readonly<Record<string, RowHeight>> = { s: "small", m: "medium", l: "large" };

type ByKey = Readonly<Record<string, TableSettings>>;

/** Keys are whatever people logged, "constructor" included: only own properties are looked at. */
function settingsIn(tables: ByKey, key: string): TableSettings {
  return Object.hasOwn(tables, key) ? (tables[key] ?? DEFAULT_SETTINGS) : DEFAULT_SETTINGS;
}

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
}

export function makeTableSettings({ urlSignal }: TableSettingsNeeds) {
  const byKey: Signal<ByKey> = urlSignal<ByKey>("tables", {}, { parse: parseTables, format: formatTables, history: "replace" });
  const local = new Map<string, Signal<TableSettings>>();
  const views = new Map<string, ReadonlySignal<TableSettings>>();

  function localOf(id: string): Signal<TableSettings> {
    let found = local.get(id);
    if (!found) local.set(id, (found = signal(DEFAULT_SETTINGS)));
    return found;
  }

  function settingsOf({ key, id }: SettingsPlace): ReadonlySignal<TableSettings> {
    if (key === null) return localOf(id);
    let found = views.get(key);
    // Each key has a signal of its own: a change to another key's table must not render this one.
    if (!found) {
      let last: TableSettings = DEFAULT_SETTINGS;
      views.set(key, (found = computed(() => {
        const next = settingsIn(byKey.value, key);
        if (formatSettings(next) !== formatSettings(last)) last = next;
        return last;
      })));
    }
    return found;
  }

  function changeSettings({ key, id }: SettingsPlace, change: Partial<TableSettings>): void {
    if (key === null) {
      const own = localOf(id);
      own.value = { ...own.peek(), ...change };
      return;
    }
    byKey.value = { ...byKey.peek(), [key]: { ...settingsIn(byKey.peek(), key), ...change } };
  }

  return { settingsOf, changeSettings };
}

export type ScopeTableSettings = ReturnType<typeof makeTableSettings>;
