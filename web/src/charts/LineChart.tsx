// The canvas of one chart. uPlot gives scales, grid and axes; paint.ts draws the curves; an overlay
// canvas above holds what moves with the pointer and the clock, so that neither redraws the curves.

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import "uplot/dist/uPlot.min.css";
import "@/charts/charts.css";
import { ChartView } from "@/charts/view";
import type { ChartModel } from "@/charts/model";
import { useScope } from "@/state/scope";

/** Fills its parent. The chart's life is the element's life. */
export function LineChart({ model }: { model: ChartModel }): JSX.Element {
  const scope = useScope();
  const host = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!host.current) return;
    const view = new ChartView(scope, host.current, model);
    return () => view.dispose();
  }, [model]);
  return <div ref={host} class="chart-canvas" />;
}
