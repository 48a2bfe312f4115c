import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { signal } from "@preact/signals";
import { CannedSource } from "@/api/canned";
import type { KeyView, RunView, TrackRequest } from "@/api/schema";
import { makeClock } from "@/state/clock/clock";
import { makeTracks } from "@/state/clock/tracks";
import { makeSeries } from "@/state/metrics/series";
import type { Route } from "@/state/page/route";
import { urlSignal } from "@/state/page/url";
import { makeKeys } from "@/state/runs/keys";
import { makeRuns } from "@/state/runs/runs";
import { receive } from "@/state/server/live";

interface Asked {
  body: TrackRequest;
  answer(at: (step: number) => number): void;
}

const STEPS = [0, 100, 200];
let asked: Asked[] = [];

function reply(body: TrackRequest, at: (step: number) => number): Response {
  const pairs = body.runs.flatMap((run) => body.keys.map((key) => ({ run, key })));
  const size = STEPS.length * 8;
  const tracks = pairs.map((pair, i) => ({
    ...pair,
    kind: "image",
    total: STEPS.length,
    columns: { steps: [2 * i * size, STEPS.length], at: [(2 * i + 1) * size, STEPS.length] },
  }));
  let head = JSON.stringify({ tracks });
  while ((4 + head.length) % 8 !== 0) head += " ";
  const buffer = new ArrayBuffer(4 + head.length + pairs.length * 2 * size);
  new DataView(buffer).setUint32(0, head.length, true);
  new Uint8Array(buffer, 4).set(new TextEncoder().encode(head));
  const numbers = new Float64Array(buffer, 4 + head.length);
  pairs.forEach((_, i) => numbers.set([...STEPS, ...STEPS.map(at)], i * 2 * STEPS.length));
  return new Response(buffer);
}

const source = new CannedSource({
  "POST api/tracks": (body: TrackRequest) =>
    new Promise<Response>((resolve) => {
      asked.push({ body, answer: (at) => resolve(reply(body, at)) });
    }),
});

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
});

afterEach(() => {
  vi.useRealTimers();
});

const soon = () => vi.advanceTimersByTimeAsync(1);

it("loads tracks once, keeps the moment on another axis, and never mixes positions of two axes", async () => {
  const view: KeyView = {
    key: "pictures",
    kind: "image",
    step_key: null,
    is_hidden: false,
    runs: [{ run: 1, count: 3, first_step: 0, last_step: 200, last_value: null }],
  };
  const runs = makeRuns({ source, urlSignal, route: signal<Route>({ page: "projects" }) });
  const keys = makeKeys({ source, runs });
  const clock = makeClock({ urlSignal });
  const series = makeSeries({ source });
  // The lists of runs and keys have tests of their own; here they are plain signals.
  const { changeAxis, trackOf } = makeTracks({
    source,
    clock,
    series,
    keys: { ...keys, keys: signal([view]) },
    runs: { ...runs, visibleKey: signal("1"), visibleRuns: signal<RunView[]>([]) },
  });
  const { axis, extent, position, stops } = clock;

  expect(trackOf(1, "pictures")).toBeUndefined();
  await soon();
  await soon();
  expect(asked.map((one) => one.body)).toEqual([{ runs: [1], keys: ["pictures"], axis: "step" }]);
  asked[0]?.answer((step) => step);
  await soon();
  expect([...(trackOf(1, "pictures")?.at ?? [])]).toEqual(STEPS);
  expect([...stops.value]).toEqual(STEPS);
  expect(extent.value).toEqual([0, 200]);

  // While the tracks for the new axis are on their way, the page stays as it is ...
  position.value = 150;
  const changing = changeAxis("relative");
  await soon();
  expect(axis.value).toBe("step");
  // ... and what the live stream asks for meanwhile still stands on the old axis.
  receive({ version: 5, runs: [{ uid: 1, state: "running", last_step: 200, keys: ["pictures"] }] });
  await vi.advanceTimersByTimeAsync(200);
  const [onNew, onOld] = asked.slice(1);
  expect([onNew?.body.axis, onOld?.body.axis]).toEqual(["relative", "step"]);
  onNew?.answer((step) => step / 10);
  await changing;
  expect(axis.value).toBe("relative");
  expect(position.value).toBe(10); // 150 stood at step 100
  onOld?.answer((step) => step);
  await vi.advanceTimersByTimeAsync(400);
  expect([...(trackOf(1, "pictures")?.at ?? [])]).toEqual([0, 10, 20]);
  // The late answer was thrown away, and asked for again on the axis of now.
  expect(asked.at(-1)?.body.axis).toBe("relative");
});
