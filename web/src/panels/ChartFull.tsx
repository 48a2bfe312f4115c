// One chart over the whole panel area: Esc closes, arrows go to the neighbours. Rail, inspector and
// scrub bar stay in sight, so the clock still works.

import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { onEscape } from "@/lib/browser/escape";
import { Button, IconButton } from "@/parts/Button";
import { registerCommand } from "@/state/page/commands";
import { sectionsOf } from "@/state/runs/keys";
import { ChartPanel } from "@/panels/ChartPanel";
import { panelOfKey } from "@/panels/panel";
import { panelFilter } from "@/state/runs/panelSearch";
import { useScope } from "@/state/scope";
import "@/panels/chart.css";

/** Put this inside the element that it shall cover (position: relative); nothing while no chart is in full size. */
export function ChartFull(): JSX.Element | null {
  const { fullChart } = useScope().charts;
  return fullChart.value === "" ? null : <Open keyName={fullChart.value} />;
}

function Open({ keyName }: { keyName: string }): JSX.Element {
  const { charts: { fullChart }, keys: { keys }, panelSearch: { panelQuery } } = useScope();
  // The charts of the page, in its order: what the search hides is not walked to.
  const metricKeys = useComputed(() => {
    const test = panelFilter(panelQuery.value);
    return sectionsOf(keys.value.filter((view) => view.kind === "metric" && (test instanceof Error || test(view.key))))
      .flatMap((section) => section.keys.map((view) => view.key));
  });
  const neighbour = (count: number): string | undefined => {
    const all = metricKeys.value;
    return all[all.indexOf(fullChart.value) + count];
  };
  const go = (count: number): void => {
    const next = neighbour(count);
    if (next !== undefined) fullChart.value = next;
  };
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
      <ChartPanel key={keyName} panel={panelOfKey("chart", { kind: "metric", key: keyName }, {})} isFull />
    </div>
  );
}
