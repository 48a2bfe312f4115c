import { type Signal, signal } from "@preact/signals";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CannedSource } from "@/api/canned";
import type { KeyView, MediaRequest, RunView } from "@/api/schema";
import { makeCells } from "@/state/media/cells";
import { makePageImages } from "@/state/media/pageImages";
import type { Route } from "@/state/page/route";
import { urlNamespace } from "@/state/page/url";
import { makeKeys } from "@/state/runs/keys";
import { makePanelSearch } from "@/state/runs/panelSearch";
import { makeRuns } from "@/state/runs/runs";

const server = { asked: [] as MediaRequest["wanted"][] };
const source = new CannedSource({
  "POST api/media": ({ wanted }: MediaRequest) => {
    server.asked.push(wanted);
    const cells = wanted.map((one) => ({ ...one, state: "ok", time: 0, items: [{ kind: "image" }, "a text"], is_list: true, attempts: 1 }));
    return Promise.resolve({ cells });
  },
});

const key = (name: string, kind: string, ...runs: number[]): KeyView => ({
  key: name, kind, step_key: null, is_hidden: false,
  runs: runs.map((run) => ({ run, count: 1, first_step: 0, last_step: 0, last_value: null })),
});

let count = 0;
/** A page of two runs, both drawn, with these keys; its clock stands at `step` (undefined: not known yet). */
function pageOf(keys: KeyView[], step: Signal<number | null | undefined> = signal(3)) {
  count += 1;
  const { urlSignal } = urlNamespace(`page${count}.`);
  const runs = makeRuns({ source, urlSignal, route: signal<Route>({ page: "projects" }) });
  runs.rows.value = [1, 2].map((uid) => ({ uid, name: `run ${uid}` }) as RunView);
  const panelSearch = makePanelSearch({ urlSignal });
  const stepsOf = (uids: readonly number[]) => uids.map(() => ({ step: step.value, askedAt: null, isOtherStep: false, nothing: "" }));
  const { pageImages } = makePageImages({
    cells: makeCells({ source }), keys: { ...makeKeys({ source, runs }), keys: signal(keys) }, panelSearch, runs, steps: { stepsOf },
  });
  return { ...panelSearch, pageImages, isReady: () => vi.waitFor(() => expect(pageImages.value).toMatchObject({ isPartial: false })) };
}

const asked = () => server.asked.flat().map((one) => `${one.run} ${one.key} ${one.step}`);

beforeEach(() => {
  server.asked.length = 0;
});

afterEach(() => vi.useRealTimers());

it("every picture of the drawn runs counts, also where no tile ever was; what is no picture does not", async () => {
  const others = [key("loss", "metric", 1, 2), key("t", "table", 1)];
  const { isReady, pageImages } = pageOf([key("a", "image", 1, 2), key("b", "image", 2), ...others]);
  await vi.waitFor(() => expect(pageImages.value.records).toHaveLength(3));
  await isReady();
  expect(asked().sort()).toEqual(["1 a 3", "2 a 3", "2 b 3"]);
});

it("what the panel search hides is not counted", async () => {
  const { isReady, pageImages, panelQuery } = pageOf([key("a", "image", 1, 2), key("b", "image", 2)]);
  panelQuery.value = "b";
  await vi.waitFor(() => expect(pageImages.value.records).toHaveLength(1));
  await isReady();
  expect(asked()).toEqual(["2 b 3"]);
});

it("only where the clock rests is asked for", async () => {
  vi.useFakeTimers();
  const step = signal<number | null | undefined>(1);
  const { pageImages } = pageOf([key("a", "image", 1)], step);
  const stop = pageImages.subscribe(() => undefined);
  for (let at = 1; at < 9; at += 1) {
    step.value = at;
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(asked()).toEqual([]);
  await vi.advanceTimersByTimeAsync(300);
  expect(asked()).toEqual(["1 a 8"]);
  expect(pageImages.value.records).toHaveLength(1);
  step.value = null;
  await vi.advanceTimersByTimeAsync(300);
  expect(pageImages.value.records).toEqual([]);
  stop();
});

it("says that not all are counted while some are on their way", async () => {
  const { pageImages } = pageOf([key("a", "image", 1, 2)]);
  const seen: [number, boolean][] = [];
  const stop = pageImages.subscribe(({ records, isPartial }) => seen.push([records.length, isPartial]));
  await vi.waitFor(() => expect(pageImages.value).toMatchObject({ isPartial: false, records: { length: 2 } }));
  expect(seen).toEqual([[0, false], [0, true], [1, true], [2, false]]);
  stop();
});

it("says so where a page has more pictures than are looked at", async () => {
  const { pageImages } = pageOf(Array.from({ length: 301 }, (_, at) => key(`k${at}`, "image", 1, 2)));
  await vi.waitFor(() => expect(pageImages.value).toMatchObject({ isPartial: true, records: { length: 600 } }));
  expect(asked()).toHaveLength(600);
});
