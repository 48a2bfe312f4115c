/** The rows of the rail: runs, and the headings that they are gathered under. */
import type { RunView } from "@/api/schema";
import { valueAt } from "@/lib/runs/paths";

export type RailItem = { is: "group"; name: string; uids: number[] } | { is: "run"; run: RunView } | { is: "gap"; index: number };

/**
 * Items in list order. With a path, runs are gathered by its value (groups in order of their first run; runs
 * whose page is not loaded come last). `isOpen` says which groups show their runs.
 */
export function railItems(
  rows: readonly (RunView | undefined)[],
  path: string,
  nameOf: (value: unknown) => string,
  isOpen: (group: string) => boolean,
): RailItem[] {
  if (path === "") return rows.map((run, index): RailItem => (run ? { is: "run", run } : { is: "gap", index }));
  const groups = new Map<string, RunView[]>();
  const gaps: RailItem[] = [];
  rows.forEach((run, index) => {
    if (!run) {
      gaps.push({ is: "gap", index });
      return;
    }
    const name = nameOf(valueAt(run, path));
    const list = groups.get(name);
    if (list) list.push(run);
    else groups.set(name, [run]);
  });
  const items: RailItem[] = [];
  for (const [name, runs] of groups) {
    items.push({ is: "group", name, uids: runs.map((run) => run.uid) });
    if (isOpen(name)) items.push(...runs.map((run): RailItem => ({ is: "run", run })));
  }
  return [...items, ...gaps];
}

/** The selection after a click or an arrow: plain picks one, "toggle" adds or removes it, "extend" takes all from the anchor. */
export function selectionAfter(
  order: readonly number[],
  selected: ReadonlySet<number>,
  anchor: number | null,
  uid: number,
  how: "one" | "toggle" | "extend",
): ReadonlySet<number> {
  if (how === "toggle") {
    const next = new Set(selected);
    if (!next.delete(uid)) next.add(uid);
    return next;
  }
  const from = anchor === null ? -1 : order.indexOf(anchor);
  const to = order.indexOf(uid);
  if (how === "one" || from < 0 || to < 0) return new Set([uid]);
  return new Set(order.slice(Math.min(from, to), Math.max(from, to) + 1));
}
