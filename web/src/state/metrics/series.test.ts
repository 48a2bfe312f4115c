import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CannedSource } from "@/api/canned";
import { ApiError } from "@/api/errors";
import type { SeriesRequest } from "@/api/schema";
import type { RequestOptions } from "@/api/source";
import { receive } from "@/state/server/live";
import { type SeriesQuery, makeSeries } from "@/state/metrics/series";

interface Asked {
  body: SeriesRequest;
  signal: AbortSignal | null;
  answer(value: number): void;
  fail(status: number): void;
}

let asked: Asked[] = [];

/** Two points per series, as the server would send them. */
function reply(body: SeriesRequest, value: number): Response {
  const pairs = body.runs.flatMap((run) => body.keys.map((key) => ({ run, key })));
  const series = pairs.map((pair, i) => ({ ...pair, total: 2, is_exact: true, columns: { x: [i * 32, 2], last: [i * 32 + 16, 2] } }));
  let head = JSON.stringify({ series });
  while ((4 + head.length) % 8 !== 0) head += " ";
  const buffer = new ArrayBuffer(4 + head.length + pairs.length * 32);
  new DataView(buffer).setUint32(0, head.length, true);
  new Uint8Array(buffer, 4).set(new TextEncoder().encode(head));
  const numbers = new Float64Array(buffer, 4 + head.length);
  pairs.forEach((_, i) => numbers.set([0, 1, value, value], i * 4));
  return new Response(buffer);
}

const { watchSeries } = makeSeries({
  source: new CannedSource({
    "POST api/series": (body: SeriesRequest, _path: string, { signal }: RequestOptions) =>
      new Promise((resolve, reject) => {
        asked.push({
          body,
          signal: signal ?? null,
          answer: (value) => resolve(reply(body, value)),
          fail: (status) => reject(new ApiError("busy", "busy", "", status)),
        });
      }),
  }),
});

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
});

afterEach(() => {
  vi.useRealTimers();
});

let serial = 0;
/** A query that no other test has asked. */
function query(key: string, run = 1, more: Partial<SeriesQuery> = {}): SeriesQuery {
  return { run, key: `${key}-${serial}`, x: "step", range: null, buckets: 512, isSystem: false, ...more };
}
beforeEach(() => serial++);

const soon = () => vi.advanceTimersByTimeAsync(1);

describe("watchSeries", () => {
  it("asks for everything of one moment in one request", async () => {
    const watches = [query("loss", 1), query("loss", 2), query("acc", 1), query("acc", 2)].map(watchSeries);
    await soon();
    expect(asked).toHaveLength(1);
    expect(asked[0]?.body.runs).toEqual([1, 2]);
    expect(asked[0]?.body.keys).toHaveLength(2);
    asked[0]?.answer(5);
    await soon();
    for (const watch of watches) {
      expect(watch.state.value.isLoading).toBe(false);
      expect(watch.state.value.series?.last[0]).toBe(5);
      watch.release();
    }
  });

  it("never asks twice for what is on its way or here", async () => {
    const first = watchSeries(query("loss"));
    await soon();
    const second = watchSeries(query("loss"));
    await soon();
    expect(asked).toHaveLength(1);
    asked[0]?.answer(1);
    await soon();
    first.release();
    second.release();
    const third = watchSeries(query("loss"));
    await soon();
    expect(asked).toHaveLength(1);
    expect(third.state.value.series?.last[0]).toBe(1);
    third.release();
  });

  it("stops a request that nobody waits for any more", async () => {
    const watch = watchSeries(query("loss"));
    await soon();
    watch.release();
    await soon();
    expect(asked[0]?.signal?.aborted).toBe(true);
  });

  it("fetches again what a live event names, and shows the old until the new is here", async () => {
    const touched = query("loss", 7);
    const watch = watchSeries(touched);
    const other = watchSeries(query("acc", 8));
    await soon();
    for (const one of asked) one.answer(1);
    await soon();
    const before = asked.length;
    receive({ version: 10, runs: [{ uid: 7, state: "running", last_step: 2, keys: [touched.key] }] });
    await vi.advanceTimersByTimeAsync(400);
    expect(asked.slice(before).map((one) => one.body.runs)).toEqual([[7]]);
    expect(watch.state.value.series?.last[0]).toBe(1);
    asked.at(-1)?.answer(2);
    await soon();
    expect(watch.state.value.series?.last[0]).toBe(2);
    watch.release();
    other.release();
  });

  it("tells of a failure, keeps what was drawn, and tries again by itself", async () => {
    const touched = query("loss", 9);
    const watch = watchSeries(touched);
    await soon();
    asked[0]?.answer(1);
    await soon();
    receive({ version: 11, runs: [{ uid: 9, state: "running", last_step: 3, keys: [touched.key] }] });
    await vi.advanceTimersByTimeAsync(400);
    asked.at(-1)?.fail(503);
    await soon();
    expect(watch.state.value.error?.code).toBe("busy");
    expect(watch.state.value.series?.last[0]).toBe(1);
    const before = asked.length;
    await vi.advanceTimersByTimeAsync(6000);
    expect(asked.length).toBe(before + 1);
    asked.at(-1)?.answer(3);
    await soon();
    expect(watch.state.value.error).toBeNull();
    expect(watch.state.value.series?.last[0]).toBe(3);
    watch.release();
  });
});
