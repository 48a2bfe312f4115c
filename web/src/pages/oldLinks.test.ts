/**
 * Links that people have kept open the same view as ever. `oldLinks.json` was written by version 0.1 itself: its own code was given each
 * state, wrote the address and read it back. Links are added to it, never changed.
 */
import { readFileSync } from "node:fs";
import { beforeEach, expect, it } from "vitest";
import { CannedSource } from "@/api/canned";
import { object3dLook } from "@/media/object3d/look";
import { object3dViews } from "@/media/object3d/views";
import { panelOfKey } from "@/panels/panel";
import { type Route, route, routeOf } from "@/state/page/route";
import { goTo } from "@/state/page/url";
import { makeScope } from "@/state/scope";

interface OldLink {
  link: string;
  /** The page, where it is not the workspace of the project. */
  route?: Route;
  /** What is not as usual, by the name of its parameter. */
  state: Readonly<Record<string, unknown>>;
}

const links = JSON.parse(readFileSync(new URL("oldLinks.json", import.meta.url), "utf8")) as OldLink[];
const scope = makeScope({ source: new CannedSource({}), namespace: "", route });

/** Of parameters that hold something for each key or run: what these have. */
function each(asked: unknown, valueOf: (name: string) => unknown): unknown {
  return asked === undefined ? undefined : Object.fromEntries(Object.keys(asked as object).map((name) => [name, valueOf(name)]));
}

/** What the page shows, by the names of the parameters. */
function stateNow(asked: OldLink["state"]): Record<string, unknown> {
  const { charts, clock, histograms, imageLook, overlays, panelSearch, runs, selection, tableSettings, zoom } = scope;
  return {
    axis: clock.axis.value,
    at: clock.position.value,
    match: clock.matchRule.value,
    range: clock.range.value,
    xzoom: clock.zoom.value,
    loop: clock.isLooping.value,
    speed: clock.speed.value,
    q: runs.query.value,
    sort: runs.sort.value,
    cols: runs.columns.value,
    rail: runs.railPaths.value,
    group: runs.groupBy.value,
    show: runs.shown.value,
    colors: each(asked["colors"], (uid) => runs.runColor(Number(uid))),
    panels: panelSearch.panelQuery.value,
    tile: zoom.panels.page.value.tileWidth,
    layout: zoom.panels.page.value.layout,
    pixels: zoom.smoothing.value,
    linked: zoom.isLinked.value,
    zoom: zoom.linkedView.value,
    sel: selection.selected.value,
    full: selection.isFull.value,
    sample: selection.followedSample.value,
    look: imageLook.imageLook.value,
    ov: overlays.overlays.value,
    smooth: charts.pageSmoothing.value,
    logx: charts.pageLogX.value,
    logy: charts.pageLogY.value,
    y: charts.pageY.value,
    band: charts.pageBand.value,
    chart: charts.fullChart.value,
    charts: each(asked["charts"], (key) => charts.panels.ownOf(panelOfKey("chart", { kind: "metric", key }, {}))),
    hist: histograms.panels.page.value.view,
    "hist.log": histograms.panels.page.value.isLog,
    tables: each(asked["tables"], (key) => tableSettings.panels.settingsOf(panelOfKey("table", { kind: "table", key }, {})).value),
    view3d: Object.fromEntries(object3dViews(scope).keyViews.value),
    look3d: object3dLook(scope).lookChoice.value,
  };
}

beforeEach(() => goTo("/lab/scenes", ""));

const usual = stateNow({});

it.each(links)("$link", ({ link, route: page, state }) => {
  const [path = "", query] = link.split("?");
  goTo(path, query === undefined ? "" : `?${query}`);
  expect(routeOf(path)).toEqual(page ?? { page: "workspace", entity: "lab", project: "scenes" });
  expect(route.value).toEqual(routeOf(path));
  expect(stateNow(state)).toEqual({ ...usual, ...state });
});

it("the list has each parameter of version 0.1", () => {
  const names = links.flatMap(({ link }) => [...new URLSearchParams(link.split("?")[1] ?? "").keys()]);
  expect([...new Set(names)].sort()).toEqual(Object.keys(usual).sort());
});

it("what is for all panels of a type holds for each of them", () => {
  goTo("/lab/scenes", "?hist=ridges&tile=300&layout=grid&smooth=ema:0.5");
  const { charts, histograms, zoom } = scope;
  expect(histograms.panels.settingsOf(panelOfKey("histogram", { kind: "histogram", key: "w" }, {})).value.view).toBe("ridges");
  expect(zoom.panels.settingsOf(panelOfKey("media", { kind: "image", key: "a" }, {})).value).toEqual({ tileWidth: 300, layout: "grid" });
  expect(charts.panels.settingsOf(panelOfKey("chart", { kind: "metric", key: "a" }, {})).value.smoothing.amount).toBe(0.5);
});
