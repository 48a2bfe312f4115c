import { signal } from "@preact/signals";
import { beforeAll, expect, it, vi } from "vitest";
import { CannedSource } from "@/api/canned";
import type { Route } from "@/state/page/route";
import { urlSignal } from "@/state/page/url";
import { makeDetail } from "@/state/runs/detail";
import { makeRuns } from "@/state/runs/runs";
import { receive } from "@/state/server/live";

const server = { uids: [0, 1, 2, 3, 4], listings: 0, held: null as Promise<void> | null };
const source = new CannedSource({
  "GET api/projects/me/p/runs": async () => {
    server.listings += 1;
    const runs = server.uids.map((uid) => ({ uid, name: `run ${uid}` }));
    await server.held;
    return { runs, matched: runs.length, total: runs.length, columns: [] };
  },
  "GET api/runs/me/p/three": () => Promise.resolve({ run: { uid: 3, name: "three" }, environment: {}, warnings: [] }),
});
const route = signal<Route>({ page: "workspace", entity: "me", project: "p" });
const scopeRuns = makeRuns({ source, urlSignal, route });
const { focusedRun, fixedRun, matched, reloadRuns, rows, selectedRuns, startRuns, total, visibleRuns } = scopeRuns;
const { detail, startDetail } = makeDetail({ source, route, runs: scopeRuns });

const uids = () => rows.value.map((run) => run?.uid);

beforeAll(async () => {
  startRuns();
  startDetail();
  await vi.waitFor(() => expect(uids()).toEqual([0, 1, 2, 3, 4]), 3_000);
});

it("a deleted run leaves the page at once, from the list, the counts and the selection", () => {
  selectedRuns.value = new Set([1, 2]);
  focusedRun.value = 1;
  server.uids = [0, 2, 3, 4];
  const { listings } = server;
  receive({ version: 10, runs: [], deleted: [1, 99] });
  expect([uids(), matched.value, total.value]).toEqual([[0, 2, 3, 4], 4, 4]);
  expect(visibleRuns.value.map((run) => run.uid)).toEqual([0, 2, 3, 4]);
  expect([[...selectedRuns.value], focusedRun.value]).toEqual([[2], null]);
  expect(server.listings).toBe(listings);
});

it("asks for the list again for what a page can't count itself", async () => {
  const { listings } = server;
  receive({ version: 11, runs: [], deleted: [98] });
  await vi.waitFor(() => expect(server.listings).toBe(listings + 1), 3_000);
});

it("an answer from before the deletion brings nothing back", async () => {
  let answer = (): void => undefined;
  server.held = new Promise<void>((resolve) => (answer = resolve));
  reloadRuns();
  server.held = null;
  server.uids = [0, 3, 4];
  const seen: (number | undefined)[][] = [];
  const stop = rows.subscribe(() => void seen.push(uids()));
  receive({ version: 12, runs: [], deleted: [2] });
  answer();
  await new Promise((resolve) => setTimeout(resolve, 50));
  stop();
  expect(seen.slice(1).some((list) => list.includes(2))).toBe(false);
  expect([uids(), total.value]).toEqual([[0, 3, 4], 3]);
});

it("the page of a deleted run says so at once", async () => {
  route.value = { page: "run", entity: "me", project: "p", id: "three", tab: "overview" };
  await vi.waitFor(() => expect(detail.value.is).toBe("ready"), 3_000);
  receive({ version: 13, runs: [], deleted: [3] });
  expect(fixedRun.value).toBeNull();
  expect(detail.value).toMatchObject({ is: "failed", error: { code: "deleted", status: 404, message: "The run three was deleted." } });
});
