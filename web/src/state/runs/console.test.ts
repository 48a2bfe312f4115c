import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CannedSource } from "@/api/canned";
import { openConsole } from "@/state/runs/console";
import { receive } from "@/state/server/live";

const server = { total: 1200, asked: [] as { offset: number; limit: number; q: string }[], fails: false };
const source = new CannedSource({
  "GET api/runs/1/console": (_body: unknown, path: string) => {
    const parameters = new URL(path, "http://x/").searchParams;
    const offset = Number(parameters.get("offset"));
    const limit = Number(parameters.get("limit"));
    server.asked.push({ offset, limit, q: parameters.get("q") ?? "" });
    if (server.fails) return Promise.reject(new Error("no answer"));
    const count = Math.max(0, Math.min(limit, server.total - offset));
    const lines = Array.from({ length: count }, (_, at) => ({ text: `line ${offset + at}` }));
    return Promise.resolve({ lines, matched: server.total, total: server.total });
  },
});

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(server, { total: 1200, fails: false });
  server.asked.length = 0;
});
afterEach(() => vi.useRealTimers());
const soon = () => vi.advanceTimersByTimeAsync(1);

it("fetches the pages in sight, each once", async () => {
  const shown = openConsole(source, 1);
  await soon();
  shown.ensure(400, 600);
  shown.ensure(400, 600);
  await soon();
  shown.ensure(0, 900);
  expect(server.asked.map(({ offset }) => offset)).toEqual([0, 500]);
  expect(shown.lineAt(501)).toMatchObject({ text: "line 501" });
  expect(shown.lineAt(1100)).toBeUndefined();
  shown.close();
});

it("asks again for pages that may have changed, and only for those of its run", async () => {
  const shown = openConsole(source, 1);
  await soon();
  server.total = 1201;
  receive({ version: 1, runs: [{ uid: 2, state: "running", last_step: 1, keys: [] }] });
  await vi.advanceTimersByTimeAsync(1000);
  expect(server.asked).toHaveLength(1);
  receive({ version: 2, runs: [{ uid: 1, state: "running", last_step: 1, keys: [] }] });
  await vi.advanceTimersByTimeAsync(1000);
  expect(shown.matched.value).toBe(1201);
  shown.ensure(0, 10);
  await soon();
  expect(server.asked.map(({ offset }) => offset)).toEqual([0, 1000, 0]);
  shown.close();
});

it("a search begins anew, and every line that matches can be had", async () => {
  const shown = openConsole(source, 1);
  await soon();
  shown.search("loss");
  expect(shown.state.value.is).toBe("loading");
  await soon();
  expect(server.asked.at(-1)).toMatchObject({ offset: 0, q: "loss" });
  expect(await shown.allLines()).toHaveLength(1200);
  shown.close();
});

it("a console that could not be had says so, and can be loaded again", async () => {
  server.fails = true;
  const shown = openConsole(source, 1);
  await soon();
  expect(shown.state.value.is).toBe("failed");
  server.fails = false;
  shown.reload();
  await soon();
  expect(shown.state.value.is).toBe("ready");
  shown.close();
});
