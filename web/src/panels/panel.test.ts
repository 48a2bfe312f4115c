import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";
import { signal } from "@preact/signals";
import { CannedSource } from "@/api/canned";
import type { KeyView } from "@/api/schema";
import { type Panel, type PanelKinds, type PanelSettings, type PanelType, panelOfKey } from "@/panels/panel";
import { automaticPanels, leastHeightOf, registerPanels } from "@/panels/registry";
import { HISTOGRAM_CHECKS } from "@/state/charts/histograms";
import { CHART_CHECKS } from "@/state/charts/settings";
import { MEDIA_CHECKS } from "@/state/media/zoom";
import { type Checks, readSettings } from "@/state/page/panelSettings";
import type { Route } from "@/state/page/route";
import { currentSearch } from "@/state/page/url";
import { makeScope } from "@/state/scope";
import { DEFAULT_SETTINGS, TABLE_CHECKS } from "@/state/tables/settings";

const WEB = fileURLToPath(new URL("../..", import.meta.url));
const TOY = `${WEB}src/panels/toy.ts`;

/** What the compiler says of a file beside the panels. */
function problems(...texts: string[]): string[] {
  const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(`${WEB}tsconfig.json`, ts.sys.readFile).config, ts.sys, WEB);
  const parsed = new Map<string, ts.SourceFile | undefined>();
  return texts.map((text) => {
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists, readFile } = host;
    host.getSourceFile = (name, ...rest) => {
      if (name === TOY) return ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
      if (!parsed.has(name)) parsed.set(name, getSourceFile.call(host, name, ...rest));
      return parsed.get(name);
    };
    host.fileExists = (name) => name === TOY || fileExists.call(host, name);
    host.readFile = (name) => (name === TOY ? text : readFile.call(host, name));
    const program = ts.createProgram([TOY], { ...options, types: [] }, host);
    const found = program.getSemanticDiagnostics(program.getSourceFile(TOY));
    return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")).join("\n");
  });
}

const HEAD = `
  import type { PanelKind, PanelKinds } from "@/panels/panel";
  declare module "@/panels/panel" { interface PanelSettings { toy: { size: number } } }
  declare const others: Omit<PanelKinds, "toy">;`;
const PARTS: Readonly<Record<string, string>> = {
  defaults: "() => null",
  View: "({ panel }) => { const size: number = panel.settings.size; throw new Error(String(size)); }",
  Form: "null",
  leastHeight: "() => 100",
  span: "() => ({ wish: 1, most: 1 })",
};

function toyWithout(part: string | null): string {
  const parts = Object.entries(PARTS).filter(([name]) => name !== part);
  const kind = parts.map(([name, text]) => `${name}: ${text}`).join(",\n");
  return `${HEAD}\nconst toy: PanelKind<"toy"> = { ${kind} };\nexport const PANELS: PanelKinds = { ...others, toy };`;
}

it("a new type of panel compiles with all its parts, and without one of them the compiler names it", { timeout: 120_000 }, () => {
  const without = Object.keys(PARTS);
  const unregistered = `${HEAD}\nexport const PANELS: PanelKinds = { ...others };`;
  const [whole, forgotten, ...missing] = problems(toyWithout(null), unregistered, ...without.map((part) => toyWithout(part)));
  expect(whole).toBe("");
  expect(forgotten).toContain("Property 'toy' is missing");
  without.forEach((part, at) => expect(missing[at]).toContain(`Property '${part}' is missing`));
});

it("keys call for their panels by themselves, each for one", () => {
  const key = (name: string, kind: string): KeyView => ({ key: name, kind, runs: [], step_key: null, is_hidden: false });
  const kindOf = (type: string, wanted: string) => ({
    defaults: ({ key: name, kind }: KeyView) =>
      kind === wanted ? { id: name, type, title: name, keys: [{ kind, key: name }], query: { runs: "shown" }, settings: {} } : null,
    leastHeight: () => 7,
  });
  registerPanels({ chart: kindOf("chart", "metric"), media: kindOf("media", "image") } as unknown as PanelKinds);
  const panels = automaticPanels([key("loss", "metric"), key("picture", "image"), key("odd", "odd")]);
  expect(panels.map(({ id, type }) => [id, type])).toEqual([["loss", "chart"], ["picture", "media"]]);
  expect(JSON.parse(JSON.stringify(panels))).toEqual(panels);
  expect(panels.map((panel) => leastHeightOf(panel, true))).toEqual([7, 7]);
  expect(() => leastHeightOf({ ...panels[0], type: "gone" } as never, true)).toThrow('no kind of panel is registered for "gone"');
});

/** A panel of each type with all settings that it can have of its own. */
const CHART: Required<PanelSettings["chart"]> = {
  x: "epoch",
  smoothing: { kind: "ema", amount: 0.9 },
  isLogX: true,
  isLogY: true,
  y: { min: 0, max: null },
  isBandShown: false,
};
const SETTINGS: { readonly [T in PanelType]: Required<PanelSettings[T]> } = {
  chart: CHART,
  system: { ...CHART, x: "relative", y: "clip" },
  histogram: { view: "ridges", isLog: false },
  value: {},
  media: { layout: "grid", tileWidth: 240 },
  table: {
    sort: [{ column: "loss", is_descending: true }],
    filters: [{ column: "name", op: "contains", value: "cat" }, { column: "x", op: "is_null" }],
    search: "dog",
    rowHeight: "large",
    hidden: ["a"],
  },
};
const CHECKS: { readonly [T in PanelType]: Checks<PanelSettings[T]> } = {
  chart: CHART_CHECKS,
  system: CHART_CHECKS,
  histogram: HISTOGRAM_CHECKS,
  value: {},
  media: MEDIA_CHECKS,
  table: TABLE_CHECKS,
};

it.each(Object.keys(SETTINGS) as PanelType[])("a %s panel with all its settings is JSON", (type) => {
  const panel = { ...panelOfKey(type, { kind: "any", key: "train/loss" }, SETTINGS[type]), id: "p1" };
  const read = JSON.parse(JSON.stringify(panel)) as typeof panel;
  expect(read).toEqual(panel);
  expect(readSettings<object>(CHECKS[type], read.settings)).toEqual(panel.settings);
});

it("settings that make no sense are no settings", () => {
  const odd: Record<string, readonly [object, object]> = {
    chart: [CHART_CHECKS, { x: 1, smoothing: { kind: "ema", amount: 7 }, isLogX: "yes", isLogY: null, isBandShown: 0 }],
    order: [CHART_CHECKS, { y: { min: 2, max: 1 } }],
    limits: [CHART_CHECKS, { smoothing: { kind: "median", amount: 1 }, y: { min: "a", max: null } }],
    histogram: [HISTOGRAM_CHECKS, { view: "pie", isLog: "no" }],
    media: [MEDIA_CHECKS, { layout: "round", tileWidth: 1e9 }],
    table: [TABLE_CHECKS, { sort: [{}], filters: [{ column: "a", op: "toString" }], search: 1, rowHeight: "huge", hidden: "a" }],
  };
  for (const [checks, written] of Object.values(odd)) expect(readSettings(checks as Checks<object>, written)).toEqual({});
});

it("two panels of one key have their settings each", () => {
  const route = signal<Route>({ page: "workspace", entity: "me", project: "p" });
  const { charts, histograms, tableSettings, zoom, stop } = makeScope({ source: new CannedSource({}), namespace: "two.", route });
  const two = <T extends PanelType>(type: T, settings: PanelSettings[T]): readonly [Panel<T>, Panel<T>] => {
    const automatic = panelOfKey(type, { kind: "any", key: "a" }, {} as PanelSettings[T]);
    return [automatic, { ...automatic, id: `${type} of mine`, settings }];
  };

  const [curve, mine] = two("chart", { isLogY: true, x: "epoch" });
  charts.panels.change(curve, { smoothing: { kind: "ema", amount: 0.5 } });
  charts.panels.change(mine, { smoothing: { kind: "gaussian", amount: 2 } });
  charts.pageBand.value = false;
  expect([curve, mine].map((panel) => charts.panels.settingsOf(panel).value)).toEqual([
    { x: "step", smoothing: { kind: "ema", amount: 0.5 }, isLogX: false, isLogY: false, y: "auto", isBandShown: false },
    { x: "epoch", smoothing: { kind: "gaussian", amount: 2 }, isLogX: false, isLogY: true, y: "auto", isBandShown: false },
  ]);

  const [heat, ridges] = two("histogram", { view: "ridges" });
  histograms.panels.change(ridges, { view: "bars", isLog: false });
  expect([heat, ridges].map((panel) => histograms.panels.settingsOf(panel).value)).toEqual([
    { view: "heat", isLog: false },
    { view: "bars", isLog: false },
  ]);

  const [pictures, large] = two("media", { tileWidth: 400 });
  zoom.panels.change(pictures, { tileWidth: 100, layout: "wrap" });
  expect([pictures, large].map((panel) => zoom.panels.settingsOf(panel).value)).toEqual([
    { layout: "wrap", tileWidth: 100 },
    { layout: "wrap", tileWidth: 400 },
  ]);

  const [table, sorted] = two("table", { sort: [{ column: "loss" }] });
  tableSettings.panels.change(sorted, { sort: [], search: "cat" });
  expect([table, sorted].map((panel) => tableSettings.panels.settingsOf(panel).value)).toEqual([
    DEFAULT_SETTINGS,
    { ...DEFAULT_SETTINGS, search: "cat" },
  ]);
  tableSettings.panels.reset(sorted);
  expect(tableSettings.panels.settingsOf(sorted).value.sort).toEqual([{ column: "loss" }]);

  const written = new URLSearchParams(currentSearch());
  expect(written.get("two.charts")).toBe('{"a":{"smooth":"ema:0.5"}}');
  expect(Object.keys(JSON.parse(written.get("two.settings") ?? "") as object)).toEqual(["chart of mine", "histogram of mine"]);
  stop();
});
