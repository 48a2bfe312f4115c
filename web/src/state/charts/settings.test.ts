import { describe, expect, it } from "vitest";
import type { KeyView, RunView } from "@/api/schema";
import {
  formatOverrides,
  formatSmoothing,
  formatYRange,
  makeCharts,
  parseOverrides,
  parseSmoothing,
  parseYRange,
} from "@/state/charts/settings";
import { makeClock } from "@/state/clock/clock";
import { extentOf } from "@/state/clock/tracks";
import { makePanelSettings } from "@/state/page/panelSettings";
import { urlSignal } from "@/state/page/url";

const panelSettings = makePanelSettings({ urlSignal });
const { pageLogY, panels } = makeCharts({ urlSignal, clock: makeClock({ urlSignal }), panelSettings });
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
