import { effect, signal } from "@preact/signals";
import { afterEach, expect, it, vi } from "vitest";
import { CannedSource } from "@/api/canned";
import { noteDown, noteUp } from "@/api/recovery";
import type { Route } from "@/state/page/route";
import { currentSearch, goTo } from "@/state/page/url";
import { type Scope, makeScope, scopePart } from "@/state/scope";
import { receive } from "@/state/server/live";

const route = signal<Route>({ page: "workspace", entity: "me", project: "p" });

/** A source whose project has these runs. */
function sourceOf(...names: string[]): CannedSource {
  const runs = names.map((name, uid) => ({ uid, name, id: name, last_step: 9, state: "finished" }));
  return new CannedSource({
    "GET api/projects/me/p/runs": { runs, matched: runs.length, total: runs.length, columns: [] },
    "GET api/keys": { keys: [] },
    "POST api/series": () => Promise.reject(new Error("no curves here")),
  });
}

const one = makeScope({ source: sourceOf("a", "b"), namespace: "", route });
const other = makeScope({ source: sourceOf("c"), namespace: "b.", route });

it("each scope asks its own source", async () => {
  one.runs.reloadRuns();
  other.runs.reloadRuns();
  await vi.waitFor(() => expect([one, other].map(({ runs }) => runs.listState.value.is)).toEqual(["ready", "ready"]));
  expect([one, other].map(({ runs }) => runs.visibleRuns.value.map(({ name }) => name))).toEqual([["a", "b"], ["c"]]);
});

it("neither disturbs the other, and both are in the address", () => {
  one.runs.showOnly([1]);
  one.overlays.changeOverlays((state) => ({ ...state, masksVisible: false }));
  other.clock.position.value = 5;
  other.charts.pageLogY.value = true;
  expect(other.runs.shown.value).toBe("auto");
  expect(other.overlays.overlays.value.masksVisible).toBe(true);
  expect([one.clock.position.value, one.charts.pageLogY.value]).toEqual([null, false]);
  const kept = currentSearch();
  expect([...new URLSearchParams(kept).keys()].sort()).toEqual(["b.at", "b.logy", "ov", "show"]);

  goTo("/me/p", "");
  expect([one.runs.shown.value, other.clock.position.value]).toEqual(["auto", null]);
  goTo("/me/p", kept);
  expect([one.runs.shown.value, one.overlays.overlays.value.masksVisible, one.clock.position.value]).toEqual([[1], false, null]);
  expect([other.runs.shown.value, other.clock.position.value, other.charts.pageLogY.value]).toEqual(["auto", 5, true]);
});

it("a part is made once for each scope", () => {
  const made: string[] = [];
  const partOf = scopePart((scope) => made.push(scope === one ? "one" : "other"));
  expect([partOf(one), partOf(other), partOf(one)]).toEqual([1, 2, 1]);
  expect(made).toEqual(["one", "other"]);
});

/** Runs in two projects, and what was asked for. */
function countingScope(namespace: string): { scope: Scope; asked: string[]; here: typeof route } {
  const asked: string[] = [];
  const run = { uid: 7, name: "a", id: "a", last_step: 9, state: "running", is_stale: false, last_activity_at: 0 };
  const key = { kind: "image", key: "pictures", is_hidden: false, runs: [{ run: 7, count: 3, last_step: 9 }] };
  const metric = { ...key, kind: "metric", key: "loss" };
  const listOf = (_: never, path: string): unknown => {
    asked.push(path);
    return { runs: [run], matched: 1, total: 1, columns: [] };
  };
  const refuse = (_: never, path: string): never => {
    asked.push(path);
    throw new Error("not here");
  };
  const source = new CannedSource({
    "GET api/projects/me/p/runs": listOf,
    "GET api/projects/me/q/runs": listOf,
    "GET api/runs/7": refuse,
    "GET api/keys": (_: never, path: string) => (asked.push(path), { keys: [key, metric] }),
    ...Object.fromEntries(["series", "media", "histograms", "tracks", "tables/page"].map((name) => [`POST api/${name}`, refuse])),
  });
  const here = signal<Route>({ page: "workspace", entity: "me", project: "p" });
  const scope = makeScope({ source, namespace, route: here });
  return { scope, asked, here };
}

const changeOf = (uid: number) => ({ version: 1, runs: [{ uid, state: "running" as const, last_step: 10, keys: ["pictures", "loss"] }] });

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("hears of new runs of its own project, not of another scope's", async () => {
  vi.useFakeTimers();
  vi.stubGlobal("document", { visibilityState: "visible" });
  const { scope, asked } = countingScope("hears.");
  scope.start();
  await vi.advanceTimersByTimeAsync(5_000);
  const lists = (): number => asked.filter((path) => path.startsWith("api/projects")).length;
  const before = lists();
  receive(changeOf(99), "me/q");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(lists()).toBe(before);
  receive(changeOf(99), "me/p");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(lists()).toBe(before + 1);
  scope.stop();
});

it("asks for nothing once it has stopped, and its names are free", async () => {
  vi.useFakeTimers();
  vi.stubGlobal("document", { visibilityState: "visible" });
  const { scope, asked, here } = countingScope("stops.");
  scope.start();
  scope.player.startPlayer();
  // All that a page looks at, so that whatever begins on first use has begun.
  const watch = scope.series.watchSeries({ run: 7, key: "loss", x: "step", range: null, buckets: 9, isSystem: false });
  const looked = effect(() => {
    void [scope.cells.cellAt(7, "pictures", 9).value, scope.histograms.histogramsOf(7, "pictures").value];
    void [scope.tracks.visibleTracks.value, scope.pageImages.pageImages.value, scope.sparks.sparkOf(7), watch.state.value];
  });
  await vi.advanceTimersByTimeAsync(5_000);
  scope.clock.isPlaying.value = true;
  scope.clock.axis.value = "loss";
  let isOver = 0;
  scope.onStop(() => (isOver += 1));
  const before = asked.length;
  expect(before).toBeGreaterThan(4);

  scope.stop();
  scope.onStop(() => (isOver += 1));
  expect(isOver).toBe(2);
  receive(changeOf(7), "me/p");
  noteDown();
  noteUp();
  const at = scope.clock.position.value;
  here.value = { page: "workspace", entity: "me", project: "q" };
  await vi.advanceTimersByTimeAsync(120_000);
  here.value = { page: "run", entity: "me", project: "q", id: "a", tab: "overview" };
  await vi.advanceTimersByTimeAsync(120_000);
  expect(scope.clock.position.value).toBe(at);
  expect(asked.slice(before)).toEqual([]);
  looked();
  const address = currentSearch();
  scope.clock.axis.value = "time";
  expect(currentSearch()).toBe(address);
  const next = countingScope("stops.").scope;
  expect(next.clock.axis.value).toBe("loss");
  next.stop();
});
