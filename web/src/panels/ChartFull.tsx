// One chart over the whole panel area: Esc closes, arrows go to the neighbours. Rail, inspector and
// scrub bar stay in sight, so the clock still works.

import { computed } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { onEscape } from "@/lib/browser/escape";
import { Button, IconButton } from "@/parts/Button";
import { fullChart } from "@/state/charts/settings";
import { registerCommand } from "@/state/page/commands";
import { keys, sectionsOf } from "@/state/runs/keys";
import { visibleRuns } from "@/state/runs/runs";
import { panelFilter, panelQuery } from "@/state/page/layout";
import { ChartPanel } from "@/panels/ChartPanel";
import "@/panels/chart.css";

/** The charts of the page, in its order: what the search hides is not walked to. */
const metricKeys = computed(() => {
  const test = panelFilter(panelQuery.value);
  return sectionsOf(keys.value.filter((view) => view.kind === "metric" && (test instanceof Error || test(view.key))))
    .flatMap((section) => section.keys.map((view) => view.key));
});

function neighbour(count: number): string | undefined {
  const all = metricKeys.value;
  const at = all.indexOf(fullChart.value);
  return all[at + count];
}

function go(count: number): void {
  const next = neighbour(count);
  if (next !== undefined) fullChart.value = next;
}

/** Put this inside the element that it shall cover (position: relative); nothing while no chart is in full size. */
export function ChartFull(): JSX.Element | null {
  return fullChart.value === "" ? null : <Open keyName={fullChart.value} />;
}

function Open({ keyName }: { keyName: string }): JSX.Element {
  useLayoutEffect(() => {
    const close = (): void => {
      fullChart.value = "";
    };
    const isEnabled = (): boolean => fullChart.peek() !== "";
    const stops = [
      onEscape(close),
      registerCommand({ id: "chart-next", title: "Next chart", keys: "ArrowRight", group: "Chart", run: () => go(1), isEnabled }),
      registerCommand({ id: "chart-previous", title: "Previous chart", keys: "ArrowLeft", group: "Chart", run: () => go(-1), isEnabled }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, []);
  const all = metricKeys.value;
  const at = all.indexOf(keyName);
  return (
    <div class="chart-stage" role="region" aria-label={`${keyName} in full size`}>
      <div class="chart-stage-bar">
        <IconButton icon="chevronLeft" label="Previous chart (←)" isDisabled={neighbour(-1) === undefined} onClick={() => go(-1)} />
        <IconButton icon="chevronRight" label="Next chart (→)" isDisabled={neighbour(1) === undefined} onClick={() => go(1)} />
        {at >= 0 && <span class="chart-stage-count">{at + 1} of {all.length} charts</span>}
        <span class="chart-stage-space" />
        <Button look="plain" icon="close" keys="Escape" onClick={() => (fullChart.value = "")}>Close</Button>
      </div>
      <ChartPanel key={keyName} keyName={keyName} runs={visibleRuns.value} isFull />
    </div>
  );
}
