import { expect, it } from "vitest";
import { groupPairs } from "./pairs";

it("asks for exactly the wanted pairs in as few groups as share their runs", () => {
  const groups = groupPairs([
    { run: 2, key: "loss" },
    { run: 1, key: "loss" },
    { run: 1, key: "acc" },
    { run: 2, key: "acc" },
    { run: 2, key: "acc" },
    { run: 3, key: "lr" },
  ]);
  expect(groups).toEqual([
    { runs: [1, 2], keys: ["loss", "acc"] },
    { runs: [3], keys: ["lr"] },
  ]);
  expect(groupPairs([])).toEqual([]);
});
