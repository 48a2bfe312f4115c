/**
 * The address bar is the state of the view: signals bound to query parameters, with undo and redo.
 *
 * Invariants: a parameter is absent while its signal has the default; a text that `parse` refuses gives the
 * default; parameters that no signal of this page knows are kept, because a lazily loaded part may ask for them later.
 */
import { type Signal, batch, signal, untracked } from "@preact/signals";
import { Ends } from "@/lib/ends";

export interface UrlSignalOptions<T> {
  /** The value of a parameter's text; undefined for a text that makes no sense. */
  parse?: (text: string) => T | undefined;
  format?: (value: T) => string;
  /**
   * "push": a discrete choice, its own entry in the browser's history (default).
   * "replace": changes that come in streams (a slider, typing): one undo step for a burst, no history entry.
   * "silent": follows something that is not a view change (the clock's position): in the URL, but never undone.
   */
  history?: "push" | "replace" | "silent";
}

interface Bound {
  read(text: string | null): void;
  write(): string | null;
  history: "push" | "replace" | "silent";
}

interface Place {
  path: string;
  search: string;
}

/** The browser's history, or one in memory where there is no window (unit tests). */
interface Bar {
  read(): Place;
  write(place: Place, how: "push" | "replace"): void;
}

const UNDO_LIMIT = 100;
const BURST_MS = 700;
const REPLACE_DELAY_MS = 200; // browsers refuse more than about 20 history calls a second

const bound = new Map<string, Bound>();
/** The beginnings of names that scopes have for themselves. */
const namespaces = new Set<string>();
const bar = typeof window === "undefined" ? memoryBar() : windowBar();

/** The path of the page, with the base still in front. */
export const locationPath = signal(bar.read().path);

let current = bar.read().search; // what signals and URL agree on
let applying = false;
let pendingTimer: ReturnType<typeof setTimeout> | undefined;
let burst = { name: "", at: 0 };

const undoStack = signal<string[]>([]);
const redoStack = signal<string[]>([]);

/** A signal that lives in the query string under `name`, for as long as the page lives. Make each name once. */
export function urlSignal<T>(name: string, initial: T, options: UrlSignalOptions<T> = {}): Signal<T> {
  const other = [...namespaces].find((prefix) => name.startsWith(prefix));
  if (other !== undefined) throw new Error(`urlSignal("${name}"): a scope has all names that begin with "${other}"`);
  return bind(name, initial, options).value;
}

/** `unbind`: the name is free again, the signal has no more to do with the address bar, whose text stays. */
function bind<T>(name: string, initial: T, options: UrlSignalOptions<T>): { value: Signal<T>; unbind: () => void } {
  if (bound.has(name)) throw new Error(`urlSignal("${name}") exists already`);
  const parse = options.parse ?? (parserFor(initial) as (text: string) => T | undefined);
  const format = options.format ?? String;
  const initialText = format(initial);
  const valueOf = (text: string | null): T => {
    if (text === null) return initial;
    try {
      return parse(text) ?? initial;
    } catch {
      return initial; // a hand-edited or outdated URL must not break the page
    }
  };
  const value = signal<T>(valueOf(new URLSearchParams(current).get(name)));
  const entry: Bound = {
    history: options.history ?? "push",
    read: (text) => {
      const next = valueOf(text);
      if (format(next) !== format(untracked(() => value.value))) value.value = next;
    },
    write: () => {
      const text = format(untracked(() => value.value));
      return text === initialText ? null : text;
    },
  };
  bound.set(name, entry);
  let isFirst = true;
  const stop = value.subscribe(() => {
    if (isFirst) isFirst = false;
    else if (!applying) onChange(name, entry);
  });
  const unbind = (): void => {
    stop();
    if (bound.get(name) === entry) bound.delete(name);
  };
  return { value, unbind };
}

export type MakeUrlSignal = typeof urlSignal;

export interface UrlNamespace {
  urlSignal: MakeUrlSignal;
  /** Lets go of its names, and of those that are asked for later. */
  stop(): void;
}

/**
 * Makes signals whose names begin with `prefix`, so that several scopes of a page keep theirs apart. "" adds nothing, and
 * has all names that no other has. Throws where names of two could be the same.
 */
export function urlNamespace(prefix: string): UrlNamespace {
  const ends = new Ends();
  if (prefix !== "") {
    const other = [...namespaces].find((one) => one.startsWith(prefix) || prefix.startsWith(one));
    const name = [...bound.keys()].find((one) => one.startsWith(prefix));
    if (other !== undefined || name !== undefined) {
      throw new Error(`urlNamespace("${prefix}"): the names of "${other ?? name}" begin so as well`);
    }
    namespaces.add(prefix);
    ends.add(() => namespaces.delete(prefix));
  }
  return {
    urlSignal: (name, initial, options = {}) => {
      const full = prefix + name;
      const other = [...namespaces].find((one) => one !== prefix && full.startsWith(one));
      if (other !== undefined) throw new Error(`urlSignal("${full}"): a scope has all names that begin with "${other}"`);
      const { value, unbind } = bind(full, initial, options);
      ends.add(unbind);
      return value;
    },
    stop: () => ends.end(),
  };
}

export function canUndo(): boolean {
  return undoStack.value.length > 0;
}

export function canRedo(): boolean {
  return redoStack.value.length > 0;
}

/** Take back the last change of the view. */
export function undo(): void {
  const stack = undoStack.peek();
  const previous = stack.at(-1);
  if (previous === undefined) return;
  undoStack.value = stack.slice(0, -1);
  redoStack.value = [...redoStack.peek(), current];
  restore(previous);
}

export function redo(): void {
  const stack = redoStack.peek();
  const next = stack.at(-1);
  if (next === undefined) return;
  redoStack.value = stack.slice(0, -1);
  undoStack.value = [...undoStack.peek(), current];
  restore(next);
}

/** Show another page. `search` null keeps the parameters that are there. */
export function goTo(path: string, search: string | null): void {
  flush();
  const next = search ?? current;
  bar.write({ path, search: next }, "push");
  if (next !== current) {
    undoStack.value = [];
    redoStack.value = [];
    burst = { name: "", at: 0 };
  }
  readAll(next);
  locationPath.value = path;
}

/** Everything after the path, as "?q=..." or "". */
export function currentSearch(): string {
  return current;
}

/** Write what is still waiting into the address bar, so that it can be copied. */
export function flush(): void {
  if (pendingTimer === undefined) return;
  clearTimeout(pendingTimer);
  pendingTimer = undefined;
  bar.write({ path: bar.read().path, search: current }, "replace");
}

function onChange(name: string, entry: Bound): void {
  const before = current;
  current = searchWith(current, name, entry.write());
  if (current === before) return;
  const now = Date.now();
  const isBurst = entry.history === "replace" && burst.name === name && now - burst.at < BURST_MS;
  if (entry.history !== "silent") {
    if (!isBurst) undoStack.value = [...undoStack.peek().slice(1 - UNDO_LIMIT), before];
    redoStack.value = [];
    burst = { name, at: now };
  }
  if (entry.history === "push") {
    clearTimeout(pendingTimer);
    pendingTimer = undefined;
    bar.write({ path: bar.read().path, search: current }, "push");
  } else {
    pendingTimer ??= setTimeout(flush, REPLACE_DELAY_MS);
  }
}

/** Bring back an older view; what is never undone (silent) stays as it is. */
function restore(search: string): void {
  let target = search;
  for (const [name, entry] of bound) if (entry.history === "silent") target = searchWith(target, name, entry.write());
  clearTimeout(pendingTimer);
  pendingTimer = undefined;
  bar.write({ path: bar.read().path, search: target }, "replace");
  readAll(target);
  burst = { name: "", at: 0 };
}

function readAll(search: string): void {
  current = search;
  const parameters = new URLSearchParams(search);
  applying = true;
  try {
    // All at once: nobody sees half of an address.
    batch(() => {
      for (const [name, entry] of bound) entry.read(parameters.get(name));
    });
  } finally {
    applying = false;
  }
}

function searchWith(search: string, name: string, text: string | null): string {
  const parameters = new URLSearchParams(search);
  if (text === null) parameters.delete(name);
  else parameters.set(name, text);
  const query = parameters.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/");
  return query ? `?${query}` : "";
}

function parserFor(initial: unknown): (text: string) => unknown {
  switch (typeof initial) {
    case "boolean":
      return (text) => (text === "true" ? true : text === "false" ? false : undefined);
    case "number":
      return (text) => (text.trim() === "" || Number.isNaN(Number(text)) ? undefined : Number(text));
    case "string":
      return (text) => text;
    default:
      throw new Error("urlSignal of this type needs parse and format");
  }
}

function windowBar(): Bar {
  addEventListener("popstate", () => {
    clearTimeout(pendingTimer);
    pendingTimer = undefined;
    readAll(location.search);
    locationPath.value = location.pathname;
  });
  addEventListener("pagehide", flush);
  return {
    read: () => ({ path: location.pathname, search: location.search }),
    write: ({ path, search }, how) => {
      if (how === "push") history.pushState(null, "", path + search);
      else history.replaceState(null, "", path + search);
    },
  };
}

function memoryBar(): Bar {
  let place: Place = { path: "/", search: "" };
  return {
    read: () => place,
    write: (next) => {
      place = next;
    },
  };
}
