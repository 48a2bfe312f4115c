import { beforeEach, expect, it, vi } from "vitest";
import { CannedSource } from "@/api/canned";
import { noteDown, noteUp } from "@/api/recovery";
import { makeWaiting } from "@/state/clock/waiting";
import { makeCells } from "@/state/media/cells";

interface Wanted {
  run: number;
  key: string;
  step: number;
}
const server = { asked: [] as Wanted[][], fails: false };
const source = new CannedSource({
  "POST api/media": (body: { wanted: Wanted[] }) => {
    server.asked.push(body.wanted);
    if (server.fails) return Promise.reject(new Error("no answer"));
    const cells = body.wanted.map((one) => ({ ...one, state: "ok", time: 0, items: [one.step], is_list: false, attempts: 1 }));
    return Promise.resolve({ cells });
  },
});
const { isPending, markPending, markSettled, whenReady } = makeWaiting();
let { cellAt, peekCell, prefetchCell } = makeCells({ source });

beforeEach(() => {
  ({ cellAt, peekCell, prefetchCell } = makeCells({ source }));
  server.asked.length = 0;
  server.fails = false;
});

const isReady = (step: number) => vi.waitFor(() => expect(peekCell(1, "a", step)).toBeDefined());

it("the tiles of one frame ask in one request, and what is only near waits behind it", async () => {
  prefetchCell(1, "a", 9);
  for (const step of [1, 2, 3]) cellAt(1, "a", step);
  cellAt(1, "a", 1);
  await isReady(9);
  expect(server.asked.map((cells) => cells.map(({ step }) => step))).toEqual([[2, 3, 1], [9]]);
});

it("what failed is asked for again when the server answers again, as long as it is looked at", async () => {
  server.fails = true;
  const seen = cellAt(1, "a", 1);
  cellAt(1, "a", 2);
  const stop = seen.subscribe(() => undefined);
  await vi.waitFor(() => expect(seen.value.is).toBe("failed"));
  server.fails = false;
  noteDown();
  noteUp();
  await isReady(1);
  expect(peekCell(1, "a", 2)).toBeUndefined();
  stop();
});

it("says when every tile shows what it was asked for", async () => {
  const [one, two] = [{}, {}];
  markPending(one);
  markPending(two);
  const ready = whenReady();
  markSettled(one);
  expect(isPending()).toBe(true);
  markSettled(two);
  await ready;
  expect(isPending()).toBe(false);
});
