import { signal } from "@preact/signals";
import { beforeEach, expect, it, vi } from "vitest";
import type { KeyView, RunView } from "@/api/schema";

const mocks = vi.hoisted(() => ({ keys: {} }));
vi.mock("@/state/runs/keys", () => mocks.keys);
const keys = signal<KeyView[]>([]);
const keysState = signal<{ is: "loading" } | { is: "ready" }>({ is: "loading" });
Object.assign(mocks.keys, { keys, keysState });
const { whyNotThere } = await import("@/state/media/missing");
const { listState, rows, setShown, showOnly } = await import("@/state/runs/runs");

const tile = { run: 7, key: "pictures", index: 0 };
const run = (uid: number): RunView => ({ uid, name: `run ${uid}` }) as RunView;

beforeEach(() => {
  listState.value = { is: "ready" };
  rows.value = [run(1), run(7)];
  showOnly([1, 7]);
});

it("nothing is said of a tile while the list is on its way", () => {
  listState.value = { is: "loading" };
  rows.value = [];
  expect(whyNotThere(tile)).toBeNull();
});

it("a tile of a run that is not there says so; a hidden run is another matter", () => {
  rows.value = [run(1)];
  expect(whyNotThere(tile)).toContain("not in the list");
  rows.value = [run(1), run(7)];
  setShown([7], false);
  expect(whyNotThere(tile)).toContain("hidden");
});

it("a key that the run has not logged is said once the keys are known", () => {
  const logged = { key: "pictures", kind: "image", step_key: null, is_hidden: false };
  const count = { count: 1, first_step: 0, last_step: 0, last_value: null };
  keysState.value = { is: "loading" };
  keys.value = [{ ...logged, runs: [{ run: 1, ...count }] }];
  expect(whyNotThere(tile)).toBeNull();
  keysState.value = { is: "ready" };
  expect(whyNotThere(tile)).toBe("This run has not logged this key.");
  keys.value = [{ ...logged, runs: [{ run: 7, ...count }] }];
  expect(whyNotThere(tile)).toBeNull();
});
