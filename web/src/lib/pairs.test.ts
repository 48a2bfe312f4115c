import { expect, it } from "vitest";
import { groupPairs, pairId, pairsOf } from "@/lib/pairs";

const MANY = 10_000;

it("asks for exactly the wanted pairs, in few groups", () => {
  const groups = groupPairs([
    { run: 2, key: "a" },
    { run: 1, key: "a" },
    { run: 1, key: "b" },
    { run: 2, key: "b" },
    { run: 1, key: "only|one" },
  ], MANY);
  expect(groups).toEqual([
    { runs: [1, 2], keys: ["a", "b"] },
    { runs: [1], keys: ["only|one"] },
  ]);
  expect(groupPairs([], MANY)).toEqual([]);
});

it("splits what is too large for one request, by runs and by keys, without losing a pair", () => {
  const pairs = Array.from({ length: 200 }, (_, run) => Array.from({ length: 300 }, (_, key) => ({ run, key: `k${key}` }))).flat();
  for (const most of [MANY, 150, 1]) {
    const some = most === 1 ? pairs.slice(0, 20) : pairs;
    const groups = groupPairs(some, most);
    expect(Math.max(...groups.map((group) => group.runs.length * group.keys.length))).toBeLessThanOrEqual(most);
    const asked = groups.flatMap(pairsOf).map(({ run, key }) => pairId(run, key));
    expect(asked).toHaveLength(some.length);
    expect(new Set(asked)).toEqual(new Set(some.map(({ run, key }) => pairId(run, key))));
  }
});
