// How charts are drawn: settings of the page, with overrides per panel; all of it in the URL.

import { computed, type ReadonlySignal, type Signal } from "@preact/signals";
import { NO_SMOOTHING, type Smoothing, type SmoothingKind } from "@/lib/charts/smoothing";
import type { ScopeClock } from "@/state/clock/clock";
import { type Checks, type PanelSettingsRoom, isBoolean, isText } from "@/state/page/panelSettings";
import type { MakeUrlSignal } from "@/state/page/url";
import type { LoggedKey, ScopeKeys } from "@/state/runs/keys";

/** "auto": all values; "clip": without the outermost ones; or fixed limits, null where open. */
export type YRange = "auto" | "clip" | { min: number | null; max: number | null };

export interface ChartSettings {
  /** the x axis: the page's own unless a chart overrides it */
  x: string;
  smoothing: Smoothing;
  isLogX: boolean;
  isLogY: boolean;
  y: YRange;
  /** the min/max band of bucketed curves */
  isBandShown: boolean;
}

export type ChartOverrides = Partial<ChartSettings>;

export const SMOOTHING_KINDS: readonly SmoothingKind[] = ["none", "ema", "gaussian", "running"];
/** What a method starts with when it is chosen. */
export const FIRST_AMOUNT: Record<SmoothingKind, number> = { none: 0, ema: 0.6, gaussian: 1, running: 2 };
export const MOST_AMOUNT: Record<SmoothingKind, number> = { none: 0, ema: 0.999, gaussian: 10, running: 20 };

export function parseSmoothing(text: string): Smoothing | undefined {
  const [name, amountText = ""] = text.split(":");
  const kind = SMOOTHING_KINDS.find((known) => known === name);
  const amount = Number(amountText);
  if (kind === undefined || !Number.isFinite(amount)) return undefined;
  return kind === "none" ? NO_SMOOTHING : { kind, amount: Math.max(0, Math.min(MOST_AMOUNT[kind], amount)) };
}

export function formatSmoothing({ kind, amount }: Smoothing): string {
  return kind === "none" ? "none" : `${kind}:${amount}`;
}

/** "auto", "clip", "0..1", "..1" (open below). */
export function parseYRange(text: string): YRange | undefined {
  if (text === "auto" || text === "clip") return text;
  const parts = text.split("..");
  if (parts.length !== 2) return undefined;
  const [min, max] = parts.map((part) => (part === "" ? null : Number(part)));
  if (min === undefined || max === undefined || Number.isNaN(min) || Number.isNaN(max)) return undefined;
  if (min === null && max === null) return "auto";
  return min !== null && max !== null && min >= max ? undefined : { min, max };
}

export function formatYRange(y: YRange): string {
  return typeof y === "string" ? y : `${y.min ?? ""}..${y.max ?? ""}`;
}

/** The limits that two fields hold, or in words why they are none. A field left empty is an open end. */
export function limitsFrom(fromText: string, toText: string): Exclude<YRange, string> | string {
  const [min, max] = [fromText, toText].map((text) => (text.trim() === "" ? null : Number(text)));
  if (min === undefined || (min !== null && !Number.isFinite(min))) return "From is no number.";
  if (max === undefined || (max !== null && !Number.isFinite(max))) return "To is no number.";
  if (min === null && max === null) return "Give From, To or both.";
  return min !== null && max !== null && min >= max ? "From must be less than To." : { min, max };
}

interface WrittenOverrides {
  x?: unknown;
  smooth?: unknown;
  logx?: unknown;
  logy?: unknown;
  y?: unknown;
  band?: unknown;
}

function isSmoothing(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("kind" in value) || !("amount" in value)) return false;
  const kind = SMOOTHING_KINDS.find((known) => known === value.kind);
  return kind !== undefined && typeof value.amount === "number" && value.amount >= 0 && value.amount <= MOST_AMOUNT[kind];
}

function isYRange(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value === "auto" || value === "clip";
  const { min, max }: { min?: unknown; max?: unknown } = value;
  const isLimit = (limit: unknown): limit is number | null => limit === null || typeof limit === "number";
  return isLimit(min) && isLimit(max) && (min === null || max === null || min < max);
}

export const CHART_CHECKS: Checks<ChartSettings> = {
  x: isText,
  smoothing: isSmoothing,
  isLogX: isBoolean,
  isLogY: isBoolean,
  y: isYRange,
  isBandShown: isBoolean,
};

/** {"train/loss":{"smooth":"ema:0.9","logy":true}}; what makes no sense is left out. */
export function parseOverrides(text: string): ReadonlyMap<string, ChartOverrides> | undefined {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const found = new Map<string, ChartOverrides>();
  for (const [chart, value] of Object.entries(parsed)) {
    if (typeof value !== "object" || value === null) continue;
    const written: WrittenOverrides = value;
    const smoothing = typeof written.smooth === "string" ? parseSmoothing(written.smooth) : undefined;
    const y = typeof written.y === "string" ? parseYRange(written.y) : undefined;
    found.set(chart, {
      ...(typeof written.x === "string" ? { x: written.x } : {}),
      ...(smoothing ? { smoothing } : {}),
      ...(typeof written.logx === "boolean" ? { isLogX: written.logx } : {}),
      ...(typeof written.logy === "boolean" ? { isLogY: written.logy } : {}),
      ...(y !== undefined ? { y } : {}),
      ...(typeof written.band === "boolean" ? { isBandShown: written.band } : {}),
    });
  }
  return found;
}

export function formatOverrides(all: ReadonlyMap<string, ChartOverrides>): string {
  const written: Record<string, WrittenOverrides> = {};
  for (const [chart, own] of all) {
    written[chart] = {
      ...(own.x !== undefined ? { x: own.x } : {}),
      ...(own.smoothing ? { smooth: formatSmoothing(own.smoothing) } : {}),
      ...(own.isLogX !== undefined ? { logx: own.isLogX } : {}),
      ...(own.isLogY !== undefined ? { logy: own.isLogY } : {}),
      ...(own.y !== undefined ? { y: formatYRange(own.y) } : {}),
      ...(own.isBandShown !== undefined ? { band: own.isBandShown } : {}),
    };
  }
  return JSON.stringify(written);
}

interface ChartsNeeds {
  clock: ScopeClock;
  keys: Pick<ScopeKeys, "keyOf">;
  urlSignal: MakeUrlSignal;
  panelSettings: PanelSettingsRoom;
}

export function makeCharts({ urlSignal, clock: { axis }, keys: { keyOf }, panelSettings: { layered } }: ChartsNeeds) {
  const pageSmoothing: Signal<Smoothing> = urlSignal<Smoothing>("smooth", NO_SMOOTHING, {
    parse: parseSmoothing,
    format: formatSmoothing,
    history: "replace",
  });
  const pageLogX: Signal<boolean> = urlSignal("logx", false);
  const pageLogY: Signal<boolean> = urlSignal("logy", false);
  const pageY: Signal<YRange> = urlSignal<YRange>("y", "auto", { parse: parseYRange, format: formatYRange, history: "replace" });
  const pageBand: Signal<boolean> = urlSignal("band", true);

  /** After a resume from a checkpoint: also draw, faintly, what the earlier session had logged at the same steps. */
  const isReplacedShown: Signal<boolean> = urlSignal("replaced", true);

  /** While the rail gathers runs in groups, a curve is the mean of a group rather than a run. */
  const isMeanOfGroups: Signal<boolean> = urlSignal("means", true);

  /** The chart shown in full size, by key; "" for none. */
  const fullChart: Signal<string> = urlSignal("chart", "");

  const overrides: Signal<ReadonlyMap<string, ChartOverrides>> = urlSignal<ReadonlyMap<string, ChartOverrides>>("charts", new Map(), {
    parse: parseOverrides,
    format: formatOverrides,
    history: "replace",
  });

  /** Settings of the page, under those of single panels. */
  const pageSettings: ReadonlySignal<ChartSettings> = computed(() => ({
    x: axis.value,
    smoothing: pageSmoothing.value,
    isLogX: pageLogX.value,
    isLogY: pageLogY.value,
    y: pageY.value,
    isBandShown: pageBand.value,
  }));

  /**
   * While the page's x axis is the usual one: the axis that `define_metric` gave the key. Only where each run that has the key
   * has logged that axis as well, so that no curve is lost.
   */
  function askedBy(key: LoggedKey): Partial<ChartSettings> {
    const view = axis.value === "step" ? keyOf(key) : undefined;
    const x = view?.step_key ?? undefined;
    if (view === undefined || x === undefined || x === view.key) return {};
    const having = new Set(keyOf({ kind: "metric", key: x })?.runs.map(({ run }) => run));
    return view.runs.every(({ run }) => having.has(run)) ? { x } : {};
  }

  const panels = layered<ChartSettings>({
    page: pageSettings,
    askedBy,
    byKey: {
      of: (key) => overrides.value.get(key),
      set: (key, own) => {
        const next = new Map(overrides.peek());
        if (own) next.set(key, own);
        else next.delete(key);
        overrides.value = next;
      },
    },
    checks: CHART_CHECKS,
  });

  function changePage(changes: Partial<Omit<ChartSettings, "x">>): void {
    if (changes.smoothing) pageSmoothing.value = changes.smoothing;
    if (changes.isLogX !== undefined) pageLogX.value = changes.isLogX;
    if (changes.isLogY !== undefined) pageLogY.value = changes.isLogY;
    if (changes.y !== undefined) pageY.value = changes.y;
    if (changes.isBandShown !== undefined) pageBand.value = changes.isBandShown;
  }

  return {
    pageSmoothing, pageLogX, pageLogY, pageY, pageBand, isReplacedShown, isMeanOfGroups, fullChart, pageSettings,
    panels, askedBy, changePage,
  };
}

export type ScopeCharts = ReturnType<typeof makeCharts>;
