import { signal } from "@preact/signals";
import { beforeAll, expect, it, vi } from "vitest";
import { CannedSource } from "@/api/canned";
import type { RunView } from "@/api/schema";
import type { Route } from "@/state/page/route";
import { urlSignal } from "@/state/page/url";
import { makeRuns } from "@/state/runs/runs";

const server = { asked: [] as string[], count: 1200 };
const source = new CannedSource({
  "GET api/projects/me/p/runs": (_body: unknown, path: string) => {
    server.asked.push(path);
    const offset = Number(new URL(path, "http://x/").searchParams.get("offset"));
    const length = Math.min(500, server.count - offset);
    const runs = Array.from({ length }, (_, at) => ({ uid: offset + at, name: "same", id: `id${offset + at}` }));
    return Promise.resolve({ runs, matched: server.count, total: server.count, columns: [] });
  },
});
const { ensureRows, eyedRuns, isShown, listState, reloadRuns, replaceRun, rows, runs, setShown, showOnly, shown, visibleRuns } =
  makeRuns({ source, urlSignal, route: signal<Route>({ page: "workspace", entity: "me", project: "p" }) });

beforeAll(async () => {
  reloadRuns();
  await vi.waitFor(() => expect(listState.value.is).toBe("ready"));
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
