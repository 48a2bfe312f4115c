import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type FrameTask, cancelFrame, requestFrame } from "@/lib/browser/animationFrame";

let asked: FrameTask[] = [];
const reported: unknown[] = [];

beforeEach(() => {
  asked = [];
  reported.length = 0;
  vi.stubGlobal("requestAnimationFrame", (run: FrameTask) => asked.push(run));
  vi.stubGlobal("reportError", (thrown: unknown) => reported.push(thrown));
});

afterEach(() => void vi.unstubAllGlobals());

/** The browser draws. */
function frame(now: number): void {
  const due = asked;
  asked = [];
  for (const run of due) run(now);
}

it("runs each task once in one frame, with the frame's time, and again only when it is asked for again", () => {
  const times: string[] = [];
  const a = (now: number): void => void times.push(`a ${now}`);
  const b = (now: number): void => {
    times.push(`b ${now}`);
    if (now < 2) requestFrame(b);
  };
  for (const task of [a, b, a]) requestFrame(task);
  expect(asked).toHaveLength(1);
  frame(1);
  frame(2);
  frame(3);
  expect(times).toEqual(["a 1", "b 1", "b 2"]);
  expect(asked).toHaveLength(0);
});

it("forgets what is cancelled, also by a task of the same frame", () => {
  const ran: string[] = [];
  const last = (): void => void ran.push("last");
  const first = (): void => {
    ran.push("first");
    cancelFrame(last);
  };
  const never = (): void => void ran.push("never");
  for (const task of [never, first, last]) requestFrame(task);
  cancelFrame(never);
  frame(1);
  expect(ran).toEqual(["first"]);
});

it("reports a task that fails and runs the others", () => {
  const failure = new Error("broken");
  const other = vi.fn();
  requestFrame(() => {
    throw failure;
  });
  requestFrame(other);
  frame(1);
  expect(reported).toEqual([failure]);
  expect(other).toHaveBeenCalledWith(1);
});
