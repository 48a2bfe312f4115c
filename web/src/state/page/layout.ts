/** How the frame is laid out on this screen: kept in the browser, not in the URL, because it is about the window. */
import { type Signal, effect, signal } from "@preact/signals";
import { readStored, store } from "@/state/page/storage";

export const RAIL_WIDTH = { least: 180, usual: 240, most: 560 } as const;

function kept<T>(name: string, initial: T, parse: (text: string) => T, format: (value: T) => string = String): Signal<T> {
  const text = readStored(name);
  const value = signal(text === null ? initial : parse(text));
  effect(() => {
    const now = format(value.value);
    store(name, now === format(initial) ? null : now);
  });
  return value;
}

function clampRail(width: number): number {
  return Number.isFinite(width) ? Math.min(RAIL_WIDTH.most, Math.max(RAIL_WIDTH.least, Math.round(width))) : RAIL_WIDTH.usual;
}

export const railWidth = kept<number>("rail-width", RAIL_WIDTH.usual, (text) => clampRail(Number(text)));
export const isRailOpen = kept<boolean>("rail-open", true, (text) => text === "true");
export const isInspectorOpen = kept<boolean>("inspector-open", true, (text) => text === "true");
export const hasLogTimes = kept<boolean>("log-times", false, (text) => text === "true");
export const isLogWrapped = kept<boolean>("log-wrap", true, (text) => text === "true");

export function setRailWidth(width: number): void {
  railWidth.value = clampRail(width);
}

const narrow = typeof matchMedia === "undefined" ? null : matchMedia("(max-width: 1180px)");
/** Too narrow for the inspector to have a column of its own: then it is a drawer over the panels. */
export const isNarrow = signal(narrow?.matches ?? false);
narrow?.addEventListener("change", (event) => (isNarrow.value = event.matches));
export const isDrawerOpen = signal(false);

export function toggleInspector(): void {
  const open = isNarrow.peek() ? isDrawerOpen : isInspectorOpen;
  open.value = !open.peek();
}

/** Sections that were folded, per project: "entity/project/section". */
const folded = kept<ReadonlySet<string>>(
  "folded",
  new Set(),
  (text) => new Set(text.split("\n").filter(Boolean)),
  (value) => [...value].slice(-500).join("\n"),
);

export function isFolded(place: string): boolean {
  return folded.value.has(place);
}

export function setFolded(place: string, isFoldedNow: boolean): void {
  const next = new Set(folded.peek());
  if (isFoldedNow) next.add(place);
  else next.delete(place);
  folded.value = next;
}

/** Sections of the inspector that were folded, by name. */
export const foldedInspector = kept<ReadonlySet<string>>(
  "inspector-folded",
  new Set(),
  (text) => new Set(text.split(",").filter(Boolean)),
  (value) => [...value].join(","),
);

/** Which floating thing is open. */
export const openDialog: Signal<"none" | "palette" | "keys"> = signal("none");
