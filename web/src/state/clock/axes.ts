// Which x axes the page offers: step, times, and metrics that every visible run has logged.

import { computed, type ReadonlySignal } from "@preact/signals";
import { axisName } from "@/lib/text/axisFormat";
import type { ScopeClock } from "@/state/clock/clock";
import type { ScopeKeys } from "@/state/runs/keys";
import type { ScopeRuns } from "@/state/runs/runs";

export const BUILT_IN_AXES: readonly string[] = ["step", "relative", "time"];

/** Declared with define_metric, or named like what people put on an x axis. */
function isLikely(key: string, declared: ReadonlySet<string>): boolean {
  return declared.has(key) || /(^|[/_])(epoch|iteration|iter|batch|samples|tokens|examples)s?$/i.test(key);
}

interface AxesNeeds {
  clock: Pick<ScopeClock, "axis">;
  keys: Pick<ScopeKeys, "keyOf" | "keys">;
  runs: Pick<ScopeRuns, "visibleKey">;
}

export function makeAxes({ clock: { axis }, keys: { keyOf, keys }, runs: { visibleKey } }: AxesNeeds) {
  /** Metrics come after the built-in axes, those that some run declared as its step first. */
  const axisChoices: ReadonlySignal<string[]> = computed(() => {
    const runCount = visibleKey.value === "" ? 0 : visibleKey.value.split(",").length;
    const metrics = keys.value.filter((view) => view.kind === "metric");
    const declared = new Set(metrics.flatMap((view) => view.step_key ?? []));
    const common = metrics.filter((view) => view.runs.length >= runCount || declared.has(view.key)).map((view) => view.key);
    common.sort((a, b) => Number(isLikely(b, declared)) - Number(isLikely(a, declared)));
    return [...BUILT_IN_AXES, ...new Set(common)];
  });

  /** Why the page's axis has no extent. */
  const nothingText: ReadonlySignal<string> = computed(() => {
    const name = axis.value;
    const isKnown = BUILT_IN_AXES.includes(name) || keyOf({ kind: "metric", key: name }) !== undefined;
    return keys.value.length === 0 || isKnown ? "nothing logged yet" : `nothing logged with ${axisName(name)}`;
  });

  return { axisChoices, nothingText };
}

export type ScopeAxes = ReturnType<typeof makeAxes>;
