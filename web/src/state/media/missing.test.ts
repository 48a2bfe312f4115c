import { signal } from "@preact/signals";
import { beforeEach, expect, it } from "vitest";
import { CannedSource } from "@/api/canned";
import type { KeyView, RunView } from "@/api/schema";
import { makeMissing } from "@/state/media/missing";
import type { Route } from "@/state/page/route";
import { urlSignal } from "@/state/page/url";
import { type KeysState, makeKeys } from "@/state/runs/keys";
import { makeRuns } from "@/state/runs/runs";

const source = new CannedSource({});
const runs = makeRuns({ source, urlSignal, route: signal<Route>({ page: "projects" }) });
const keys = signal<KeyView[]>([]);
const keysState = signal<KeysState>({ is: "loading" });
const { whyNotThere } = makeMissing({ runs, keys: { ...makeKeys({ source, runs }), keys, keysState } });
const { listState, rows, setShown, showOnly } = runs;

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
