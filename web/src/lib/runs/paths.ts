/**
 * Reading values of a run by path: "config.lr", "summary.val/loss", "state".
 *
 * Keys are whatever people logged, "__proto__" and "a.b" included: only own properties are looked at.
 */
import type { RunView } from "@/api/schema";
import { numberOf } from "@/lib/text/numbers";

export type Tree = Readonly<Record<string, unknown>>;

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value) && numberOf(value) === undefined;
}

/** Whether a value is a record of media (an image, a histogram), which is a leaf although it is an object. */
export function isMedia(value: unknown): value is Tree & { kind: string } {
  return isTree(value) && typeof value["kind"] === "string" && Object.hasOwn(value, "kind");
}

/**
 * The names that lead to the value at a path, from the outside in; undefined if there is none.
 *
 * A path is names joined by dots. Dots may belong to names, as in "m@0.5". Where that could mean two values of a
 * run, a dot in a name is written "\\.": so a path is read exactly first, then with dots in names.
 */
export function namesIn(tree: Tree, path: string): string[] | undefined {
  const exact = exactNames(path);
  let level: unknown = tree;
  for (const name of exact) level = isTree(level) && Object.hasOwn(level, name) ? level[name] : undefined;
  return level === undefined ? looseNamesIn(tree, path) : exact;
}

/** The value at a path. */
export function valueIn(tree: Tree, path: string): unknown {
  let level: unknown = tree;
  for (const name of namesIn(tree, path) ?? []) level = isTree(level) ? level[name] : undefined;
  return level === tree ? undefined : level;
}

/** Reads a path exactly: a backslash makes what follows it part of a name. */
export function exactNames(path: string): string[] {
  const names = [""];
  for (let at = 0; at < path.length; at += 1) {
    const character = path.charAt(at);
    if (character === ".") names.push("");
    else names.push((names.pop() ?? "") + (character === "\\" ? path.charAt((at += 1)) || "\\" : character));
  }
  return names;
}

function looseNamesIn(tree: Tree, path: string): string[] | undefined {
  if (Object.hasOwn(tree, path)) return [path];
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const head = path.slice(0, dot);
    const child = Object.hasOwn(tree, head) ? tree[head] : undefined;
    const rest = isTree(child) ? looseNamesIn(child, path.slice(dot + 1)) : undefined;
    if (rest !== undefined) return [head, ...rest];
  }
  return undefined;
}

/** The value of a column of the run list. */
export function valueAt(run: RunView, path: string): unknown {
  if (path.startsWith("config.")) return valueIn(run.config, path.slice(7));
  if (path.startsWith("summary.")) return valueIn(run.summary, path.slice(8));
  const view: Tree = { ...run };
  return path in FIELD_TITLES && Object.hasOwn(view, path) ? view[path] : undefined;
}

/** The columns that every run has, with their headings. */
export const FIELD_TITLES: Readonly<Record<string, string>> = {
  name: "Name", state: "State", tags: "Tags", created_at: "Created", runtime_secs: "Runtime", last_step: "Steps", notes: "Notes",
  group: "Group", job_type: "Job type", host: "Host", id: "Id", last_activity_at: "Last activity", exit_code: "Exit code",
};

/** The innermost name of a column's value: "lr" of "config.optimizer.lr", "m@0.5" of "summary.m@0.5". */
export function lastNameAt(run: RunView, path: string): string {
  const title = columnTitle(path);
  const tree = path.startsWith("config.") ? run.config : path.startsWith("summary.") ? run.summary : {};
  return namesIn(tree, title)?.at(-1) ?? title;
}

export function columnTitle(path: string): string {
  if (path.startsWith("config.")) return path.slice(7);
  if (path.startsWith("summary.")) return path.slice(8);
  return Object.hasOwn(FIELD_TITLES, path) ? (FIELD_TITLES[path] ?? path) : path;
}

/** Leaves of a tree with their dotted paths, in order. */
export function leavesOf(tree: Tree, prefix = ""): [path: string, value: unknown][] {
  return Object.entries(tree).flatMap(([name, value]): [string, unknown][] =>
    isTree(value) && !isMedia(value) && Object.keys(value).length > 0 ? leavesOf(value, `${prefix}${name}.`) : [[prefix + name, value]],
  );
}

const DULL = /(^|[._])(seed|id|uuid|name|path|dir|device|host|date|time|version)s?$/i;

/** Config paths that tell the runs apart, the most telling first: what a row of the rail has room for. */
export function tellingPaths(runs: readonly RunView[], limit = 3): string[] {
  const values = new Map<string, Map<string, number>>();
  const numeric = new Set<string>();
  for (const run of runs.slice(0, 300)) {
    for (const [path, value] of leavesOf(run.config)) {
      if (value === null || (typeof value === "object" && numberOf(value) === undefined)) continue;
      let counts = values.get(path);
      if (!counts) values.set(path, (counts = new Map()));
      const text = JSON.stringify(value);
      counts.set(text, (counts.get(text) ?? 0) + 1);
      if (numberOf(value) !== undefined) numeric.add(path);
    }
  }
  const order = [...values.keys()];
  const score = (path: string): number => {
    const counts = values.get(path) ?? new Map<string, number>();
    const present = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const isDifferent = counts.size > 1 || present < Math.min(runs.length, 300);
    if (!isDifferent) return -1;
    const isUniqueText = !numeric.has(path) && counts.size === present && present > 4;
    return (
      (numeric.has(path) ? 3 : 2) -
      (DULL.test(path) ? 2 : 0) -
      (isUniqueText ? 2 : 0) -
      path.split(".").length / 10 +
      present / Math.max(1, runs.length)
    );
  };
  const scored = order.map((path, index) => ({ path, index, score: score(path) })).filter((one) => one.score >= 0);
  const best = scored.sort((a, b) => b.score - a.score || a.index - b.index).map((one) => one.path);
  // A seed or a path is better than nothing, but only than nothing.
  const telling = best.filter((path) => !DULL.test(path));
  return (telling.length > 0 ? telling : best).slice(0, limit);
}
