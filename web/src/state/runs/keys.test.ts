import { afterEach, expect, it, vi } from "vitest";
import { noteDown, noteUp } from "@/api/recovery";

const reply = vi.hoisted(() => ({ current: (): Promise<unknown> => Promise.resolve({ keys: [] }) }));
vi.mock("@/state/server/source", async () => ({
  source: new (await import("@/api/canned")).CannedSource({
    "GET api/keys": () => reply.current(),
  }),
}));
const { keys, keysState, startKeys } = await import("@/state/runs/keys");
const { fixedRun } = await import("@/state/runs/runs");

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
