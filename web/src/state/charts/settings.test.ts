import { signal } from "@preact/signals";
import { afterEach, describe, expect, it } from "vitest";
import type { KeyView, RunView } from "@/api/schema";
import {
  formatOverrides,
  formatSmoothing,
  formatYRange,
  limitsFrom,
  makeCharts,
  parseOverrides,
  parseSmoothing,
  parseYRange,
} from "@/state/charts/settings";
import { makeClock } from "@/state/clock/clock";
import { extentOf } from "@/state/clock/tracks";
import { makePanelSettings } from "@/state/page/panelSettings";
import { currentSearch, goTo, urlSignal } from "@/state/page/url";

const panelSettings = makePanelSettings({ urlSignal });
const clock = makeClock({ urlSignal });
const logged = signal<KeyView[]>([]);
const keyOf = (wanted: { key: string }): KeyView | undefined => logged.value.find(({ key }) => key === wanted.key);
const { pageLogY, panels } = makeCharts({ urlSignal, clock, keys: { keyOf }, panelSettings });
const chartOf = (key: string) => ({ id: `metric ${key}`, keys: [{ kind: "metric", key }], settings: {} }) as const;

describe("settings in the address", () => {
  it("read what they write", () => {
    for (const text of [
      "none",
      "ema:0.6",
      "gaussian:2.5",
      "running:10",
    ]) expect(formatSmoothing(parseSmoothing(text) ?? { kind: "none", amount: 0 })).toBe(text);
    for (const text of ["auto", "clip", "0..1", "..2.5", "-1.."]) expect(formatYRange(parseYRange(text) ?? "auto")).toBe(text);
  });

  it("refuse what makes no sense", () => {
    expect(parseSmoothing("median:3")).toBeUndefined();
    expect(parseSmoothing("ema:x")).toBeUndefined();
    expect(parseSmoothing("ema:7")).toEqual({ kind: "ema", amount: 0.999 });
    expect(parseYRange("2..1")).toBeUndefined();
    expect(parseYRange("a..b")).toBeUndefined();
    expect(parseYRange("..")).toBe("auto");
  });

  it("keep single charts' own settings, without what is no setting", () => {
    const text = '{"train/loss":{"smooth":"ema:0.9","logy":true,"y":"0..2","x":"epoch","band":false,"evil":1},"b":7}';
    const parsed = parseOverrides(text);
    expect(parsed?.get("train/loss")).toEqual({
      smoothing: { kind: "ema", amount: 0.9 },
      isLogY: true,
      y: { min: 0, max: 2 },
      x: "epoch",
      isBandShown: false,
    });
    expect(parsed?.has("b")).toBe(false);
    expect(parseOverrides(formatOverrides(parsed ?? new Map()))).toEqual(parsed);
  });

  it("lay a chart's own over the page's", () => {
    pageLogY.value = true;
    const isLogY = (key: string): boolean => panels.settingsOf(chartOf(key)).value.isLogY;
    expect(isLogY("loss")).toBe(true);
    panels.change(chartOf("loss"), { isLogY: false });
    expect(isLogY("loss")).toBe(false);
    expect(isLogY("other")).toBe(true);
    panels.reset(chartOf("loss"));
    expect(panels.ownOf(chartOf("loss"))).toEqual({});
    pageLogY.value = false;
  });
});

describe("the x axis that define_metric gave a key", () => {
  const viewOf = (key: string, step_key: string | null, runs: number[]): KeyView => ({
    key,
    kind: "metric",
    step_key,
    is_hidden: false,
    runs: runs.map((run) => ({ run, count: 1, first_step: 0, last_step: 0, last_value: 0 })),
  });
  const xOf = (key: string): string => panels.settingsOf(chartOf(key)).value.x;

  afterEach(() => {
    goTo("/", "");
    logged.value = [];
  });

  it("is that of its chart, and of no other", () => {
    const chart = panels.settingsOf(chartOf("val/loss"));
    expect(chart.value.x).toBe("step");
    logged.value = [viewOf("val/loss", "epoch", [1]), viewOf("loss", null, [1]), viewOf("epoch", "epoch", [1, 2])];
    expect([chart.value.x, xOf("loss"), xOf("epoch")]).toEqual(["epoch", "step", "step"]);
    expect([panels.ownOf(chartOf("val/loss")), currentSearch()]).toEqual([{}, ""]);
  });

  it("gives way to an axis that was chosen for the page, the record or the chart", () => {
    logged.value = [viewOf("val/loss", "epoch", [1]), viewOf("epoch", null, [1])];
    expect(panels.settingsOf({ ...chartOf("val/loss"), settings: { x: "time" } }).value.x).toBe("time");
    goTo("/", "?axis=relative");
    expect(xOf("val/loss")).toBe("relative");
    goTo("/", `?charts=${encodeURIComponent('{"val/loss":{"x":"step"}}')}`);
    expect(xOf("val/loss")).toBe("step");
    panels.reset(chartOf("val/loss"));
    expect(xOf("val/loss")).toBe("epoch");
  });

  it("is left out where a run would lose its curve", () => {
    logged.value = [viewOf("val/loss", "epoch", [1, 2]), viewOf("epoch", null, [1])];
    expect(xOf("val/loss")).toBe("step");
    logged.value = [viewOf("val/loss", "epoch", [1])];
    expect(xOf("val/loss")).toBe("step");
  });
});

it("two fields are limits, or it is said why not", () => {
  expect(limitsFrom("0", " 1e3 ")).toEqual({ min: 0, max: 1000 });
  expect([limitsFrom("", "2"), limitsFrom("-2", " ")]).toEqual([{ min: null, max: 2 }, { min: -2, max: null }]);
  expect([limitsFrom("5", "2"), limitsFrom("2", "2")]).toEqual(["From must be less than To.", "From must be less than To."]);
  expect([limitsFrom("abc", "2"), limitsFrom("1", "Infinity")]).toEqual(["From is no number.", "To is no number."]);
  expect(limitsFrom("", "")).toBe("Give From, To or both.");
});

describe("the extent of the clock", () => {
  const key: KeyView = {
    key: "loss",
    kind: "metric",
    step_key: null,
    is_hidden: false,
    runs: [
      { run: 1, count: 2, first_step: 5, last_step: 90, last_value: 1 },
      { run: 2, count: 2, first_step: 0, last_step: 400, last_value: 1 },
    ],
  };
  const run = (uid: number): RunView => ({
    uid,
    entity: "lab",
    project: "p",
    id: "r",
    name: "r",
    state: "running",
    is_stale: false,
    created_at: 1000,
    last_activity_at: 1600,
    runtime_secs: 600,
    exit_code: null,
    last_step: 90,
    notes: "",
    tags: [],
    group: null,
    job_type: null,
    host: null,
    config: {},
    summary: {},
    version: 1,
  });

  it("covers what the visible runs logged, and media", () => {
    expect(extentOf("step", [key], [run(1)], [])).toEqual([5, 90]);
    const steps = Float64Array.from([0, 120]);
    expect(extentOf("step", [key], [run(1)], [{ kind: "image", total: 2, steps, at: steps }])).toEqual([0, 120]);
    expect(extentOf("relative", [key], [run(1)], [])).toEqual([0, 600]);
    expect(extentOf("time", [key], [run(1)], [])).toEqual([1000, 1600]);
    expect(extentOf("step", [], [], [])).toBeNull();
  });

  it("of a metric comes from its own curve, whatever is not finite left out", () => {
    const column = Float64Array.from([0.5, NaN, Infinity, 3]);
    expect(extentOf("epoch", [key], [run(1)], [], [{ low: column, high: column }])).toEqual([0.5, 3]);
  });
});
