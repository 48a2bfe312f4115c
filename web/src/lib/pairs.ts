// The API asks for runs x keys. Panels want single (run, key) pairs: this groups pairs into few
// requests that ask for exactly those pairs and no others.

export interface Pair {
  run: number;
  key: string;
}

export interface PairGroup {
  runs: number[];
  keys: string[];
}

export function pairId(run: number, key: string): string {
  return `${run}|${key}`;
}

/** Keys that want the same runs share a group; a group has at most `most` pairs. */
export function groupPairs(pairs: Iterable<Pair>, most: number): PairGroup[] {
  const runsByKey = new Map<string, Set<number>>();
  for (const { run, key } of pairs) {
    const runs = runsByKey.get(key);
    if (runs) runs.add(run);
    else runsByKey.set(key, new Set([run]));
  }
  const groups = new Map<string, PairGroup>();
  for (const [key, wanted] of runsByKey) {
    const runs = [...wanted].sort((a, b) => a - b);
    const group = groups.get(runs.join());
    if (group) group.keys.push(key);
    else groups.set(runs.join(), { runs, keys: [key] });
  }
  return [...groups.values()].flatMap((group) => splitGroup(group, most));
}

function splitGroup({ runs, keys }: PairGroup, most: number): PairGroup[] {
  const runsEach = Math.min(runs.length, most);
  const keysEach = Math.max(1, Math.floor(most / runsEach));
  return chunks(runs, runsEach).flatMap((someRuns) => chunks(keys, keysEach).map((someKeys) => ({ runs: someRuns, keys: someKeys })));
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}

/** The pairs that a group asks for. */
export function pairsOf({ runs, keys }: PairGroup): Pair[] {
  return keys.flatMap((key) => runs.map((run) => ({ run, key })));
}
