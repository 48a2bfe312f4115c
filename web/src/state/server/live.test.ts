import { effect } from "@preact/signals";
import { describe, expect, it, vi } from "vitest";
import { type SseMessage, dataVersion, newSteps, onLive, receive, sseParser } from "@/state/server/live";

function parsed(...pieces: string[]): SseMessage[] {
  const found: SseMessage[] = [];
  const feed = sseParser((message) => found.push(message));
  for (const piece of pieces) feed(piece);
  return found;
}

describe("sseParser", () => {
  it("reads messages however they are cut", () => {
    const whole = 'id: 7\ndata: {"a":1}\n\n: keep-alive\n\nid: 8\ndata: x\ndata: y\n\n';
    const wanted = [{ id: "7", data: '{"a":1}' }, { id: "8", data: "x\ny" }];
    expect(parsed(whole)).toEqual(wanted);
    expect(parsed(...whole)).toEqual(wanted);
    expect(parsed(...whole.replaceAll("\n", "\r\n"))).toEqual(wanted);
  });

  it("waits for the end of a message", () => {
    expect(parsed("data: half")).toEqual([]);
    expect(parsed("data: half\n")).toEqual([]);
  });
});

describe("receive", () => {
  it("raises the version of the runs that changed, and of no other", () => {
    const seen: number[] = [];
    const stop = effect(() => void seen.push(dataVersion(1)));
    receive({ version: 5, runs: [{ uid: 2, state: "running", last_step: 1, keys: [] }] });
    receive({ version: 6, runs: [{ uid: 1, state: "running", last_step: 1, keys: [] }] });
    receive({ version: 6, runs: [{ uid: 1, state: "running", last_step: 1, keys: [] }] });
    stop();
    expect(seen).toEqual([0, 6, 7]);
  });

  it("counts new steps for a while", () => {
    vi.useFakeTimers();
    for (const step of [10, 12, 13]) receive({ version: step, runs: [{ uid: 9, state: "running", last_step: step, keys: ["loss"] }] });
    expect(newSteps.value).toBe(3);
    vi.advanceTimersByTime(10_000);
    expect(newSteps.value).toBe(0);
    vi.useRealTimers();
  });

  it("does not take the steps of a run that was deleted and restored for new ones", () => {
    const step = (last_step: number) => [{ uid: 8, state: "running" as const, last_step, keys: ["loss"] }];
    receive({ version: 14, runs: step(10) });
    receive({ version: 15, runs: [], deleted: [8] });
    receive({ version: 16, runs: step(50) });
    expect(newSteps.value).toBe(0);
  });

  it("tells listeners until they stop", () => {
    const seen: number[] = [];
    const stop = onLive((event) => seen.push(event.version));
    receive({ version: 20, runs: [] });
    stop();
    receive({ version: 21, runs: [] });
    expect(seen).toEqual([20]);
  });
});
