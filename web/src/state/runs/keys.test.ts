import { signal } from "@preact/signals";
import { afterEach, expect, it, vi } from "vitest";
import { CannedSource } from "@/api/canned";
import { noteDown, noteUp } from "@/api/recovery";
import type { Route } from "@/state/page/route";
import { urlSignal } from "@/state/page/url";
import { makeKeys } from "@/state/runs/keys";
import { makeRuns } from "@/state/runs/runs";

const reply = { current: (): Promise<unknown> => Promise.resolve({ keys: [] }) };
const source = new CannedSource({
  "GET api/keys": () => reply.current(),
});
const runs = makeRuns({ source, urlSignal, route: signal<Route>({ page: "projects" }) });
const { fixedRun } = runs;
const { keys, keysState, startKeys } = makeKeys({ source, runs });

const settled = (): Promise<void> => vi.waitFor(() => expect(keysState.value.is).not.toBe("loading"));
const loss = { key: "loss", kind: "metric", runs: [], step_key: null, is_hidden: false };

afterEach(() => vi.useRealTimers());

it("keys that could not be had are asked for again, and what is on show stays meanwhile", async () => {
  reply.current = () => Promise.reject(new Error("no answer"));
  startKeys();
  fixedRun.value = { uid: 1 } as never;
  await settled();
  expect(keysState.value.is).toBe("failed");
  reply.current = () => Promise.resolve({ keys: [loss] });
  noteDown();
  noteUp();
  await vi.waitFor(() => expect(keysState.value.is).toBe("ready"));
  expect(keys.value.map((view) => view.key)).toEqual(["loss"]);
  reply.current = () => Promise.reject(new Error("no answer"));
  noteDown();
  noteUp();
  await Promise.resolve();
  expect(keysState.value.is).toBe("ready");
  expect(keys.value).toHaveLength(1);
});
