import { signal } from "@preact/signals";
import { beforeEach, expect, it, vi } from "vitest";
import { CannedSource } from "@/api/canned";
import { noteDown, noteUp } from "@/api/recovery";
import { Tile, wordsFor } from "@/media/tiles";
import type { Route } from "@/state/page/route";
import { type Scope, makeScope } from "@/state/scope";

const server = { items: [1] as unknown[], state: "ok", fails: false };
const source = new CannedSource({
  "POST api/media": (body: { wanted: { run: number; key: string; step: number }[] }) => {
    if (server.fails) return Promise.reject(new Error("no answer"));
    const { items, state } = server;
    return Promise.resolve({ cells: body.wanted.map((one) => ({ ...one, state, time: 0, items, is_list: true, attempts: 1 })) });
  },
});
const route = signal<Route>({ page: "projects" });
let scope: Scope;
let made = 0;

const wanted = (step: number | null | undefined, index = 0) => ({
  run: 1, key: "a", index, step, askedAt: null, isOtherStep: false, nothing: "nothing before step 5", width: 10, height: 10,
});

beforeEach(() => {
  scope = makeScope({ source, namespace: `${made++}.`, route });
  Object.assign(server, { items: [1], state: "ok", fails: false });
});

it("what a tile shows stays until the next step is there", async () => {
  const tile = new Tile(scope);
  tile.ask(wanted(1));
  expect([tile.status.value.is, scope.waiting.isPending()]).toEqual(["loading", true]);
  await vi.waitFor(() => expect(tile.status.value.is).toBe("shown"));
  tile.ask(wanted(2));
  expect([tile.status.value.is, tile.shown.value?.cell.step]).toEqual(["loading", 1]);
  await vi.waitFor(() => expect(tile.shown.value?.cell.step).toBe(2));
  expect(scope.waiting.isPending()).toBe(false);
  tile.dispose();
});

it("a tile without a picture says why", async () => {
  const tile = new Tile(scope);
  tile.ask(wanted(null));
  expect(tile.status.value).toEqual({ is: "missing", text: "nothing before step 5" });
  tile.ask(wanted(1, 3));
  await vi.waitFor(() => expect(tile.status.value).toEqual({ is: "missing", text: "only 1 of these at step 1" }));
  tile.dispose();
  expect(wordsFor({ run: 1, key: "a", step: 1000, state: "missing", time: null, items: [], is_list: false, attempts: 0 }, 0))
    .toBe("nothing at step 1,000");
});

it("what failed is tried again when the server answers again", async () => {
  server.fails = true;
  const tile = new Tile(scope);
  tile.ask(wanted(1));
  await vi.waitFor(() => expect(tile.status.value.is).toBe("failed"));
  server.fails = false;
  noteDown();
  noteUp();
  await vi.waitFor(() => expect(tile.status.value.is).toBe("shown"));
  tile.dispose();
});
