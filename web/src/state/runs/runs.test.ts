import { signal } from "@preact/signals";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { CannedSource } from "@/api/canned";
import type { RunView } from "@/api/schema";
import type { Route } from "@/state/page/route";
import { urlNamespace, urlSignal } from "@/state/page/url";
import { makeRuns } from "@/state/runs/runs";
import { listenTo, startLive } from "@/state/server/live";

const server = { asked: [] as string[], count: 1200, fails: false };
const source = new CannedSource({
  "GET api/projects/me/p/runs": (_body: unknown, path: string) => {
    server.asked.push(path);
    if (server.fails) return Promise.reject(new Error("no answer"));
    const offset = Number(new URL(path, "http://x/").searchParams.get("offset"));
    const length = Math.min(500, server.count - offset);
    const runs = Array.from({ length }, (_, at) => ({ uid: offset + at, name: "same", id: `id${offset + at}` }));
    return Promise.resolve({ runs, matched: server.count, total: server.count, columns: [] });
  },
});
const route = signal<Route>({ page: "workspace", entity: "me", project: "p" });
const {
  ensureRows, eyedRuns, isNameTwice, isShown, labelOf, listState, reloadRuns, replaceRun, rows, runs, setShown, showOnly, shown,
  visibleRuns,
} = makeRuns({ source, urlSignal, route });

beforeAll(async () => {
  reloadRuns();
  await vi.waitFor(() => expect(listState.value.is).toBe("ready"));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("holds a place for every match and fetches only pages in sight, each once", async () => {
  expect([rows.value.length, runs.value.length]).toEqual([1200, 500]);
  ensureRows(1100, 1110);
  ensureRows(1100, 1110);
  await vi.waitFor(() => expect(rows.value[1105]?.uid).toBe(1105));
  ensureRows(1100, 1110);
  expect(server.asked).toHaveLength(2);
  expect(rows.value[700]).toBeUndefined();
});

it("shows the first few until somebody chooses, and never more than can be drawn", () => {
  expect([eyedRuns.value.length, isShown(0), isShown(10)]).toEqual([10, true, false]);
  setShown([0], false);
  expect([isShown(0), isShown(1)]).toEqual([false, true]);
  showOnly([3]);
  expect(visibleRuns.value.map(({ uid }) => uid)).toEqual([3]);
  shown.value = "all";
  expect(visibleRuns.value).toHaveLength(200);
});

it("a newer view of a run takes its place", () => {
  replaceRun({ uid: 2, name: "renamed" } as RunView);
  expect(rows.value[2]?.name).toBe("renamed");
  expect(rows.value).toHaveLength(1200);
});

it("an id stands beside a name that several runs bear, and beside no other", () => {
  expect([isNameTwice("same"), isNameTwice("renamed"), isNameTwice("nobody")]).toEqual([true, false, false]);
  expect(labelOf({ name: "same", id: "id3" })).toBe("same (id3)");
  expect(labelOf({ name: "renamed", id: "id2" })).toBe("renamed");
});

it("a page that fails leaves the list as it is, and is asked for again", async () => {
  vi.useFakeTimers();
  server.asked.length = 0;
  server.fails = true;
  ensureRows(600, 610);
  await vi.advanceTimersByTimeAsync(2_999);
  ensureRows(600, 610);
  expect(server.asked).toHaveLength(1);
  expect([listState.value.is, rows.value.length, rows.value[0]?.uid, rows.value[600]]).toEqual(["ready", 1200, 0, undefined]);
  server.fails = false;
  await vi.advanceTimersByTimeAsync(1);
  expect(server.asked.map((path) => new URL(path, "http://x/").searchParams.get("offset"))).toEqual(["500", "500"]);
  expect(rows.value[600]?.uid).toBe(600);
});

it("a list is asked for once the stream of its project has begun: no change lies between them", async () => {
  // Timers stand still: what the list waits for is the stream, not the end of its patience.
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval"] });
  vi.stubGlobal("document", { visibilityState: "visible", addEventListener: () => undefined });
  const opened = new Promise<ReadableStreamDefaultController<Uint8Array>>((start) => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(new ReadableStream({ start }))));
  });
  const soon = () => new Promise((resolve) => setImmediate(resolve));
  server.asked.length = 0;
  startLive();
  const stopListening = listenTo(signal("me/p"));
  const other = makeRuns({ source, urlSignal: urlNamespace("other.").urlSignal, route });
  other.startRuns();
  const stream = await opened;
  for (let turn = 0; turn < 20; turn += 1) await soon();
  expect(server.asked).toEqual([]);
  stream.enqueue(new TextEncoder().encode('id: 1\ndata: {"version":1,"runs":[]}\n\n'));
  while (other.listState.value.is !== "ready") await soon();
  expect(server.asked).toHaveLength(1);
  other.stop();
  stopListening();
});
