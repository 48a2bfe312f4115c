import { signal } from "@preact/signals";
import { expect, it, vi } from "vitest";
import { CannedSource } from "@/api/canned";
import type { Route } from "@/state/page/route";
import { currentSearch, goTo } from "@/state/page/url";
import { makeScope, scopePart } from "@/state/scope";

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
