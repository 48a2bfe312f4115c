// The machine while the run ran: CPU, memory, process, disk, network, GPUs, over time since the start.

import { computed } from "@preact/signals";
import type { JSX } from "preact";
import type { RunView } from "@/api/schema";
import { EmptyState } from "@/parts/States";
import { systemKeys } from "@/state/keys";
import { ChartPanel } from "./ChartPanel";
import { systemName, systemSections } from "./systemSections";
import "./chart.css";

const CHART_PX = 320;
const GAP_PX = 10;

const sections = computed(() => systemSections(systemKeys.value));

export function System({ run }: { run: RunView }): JSX.Element {
  if (sections.value.length === 0) {
    return (
      <EmptyState icon="monitor" title="No system metrics">
        {run.state === "running" ? "The first samples come some seconds after the start." : "This run was logged without them."}
      </EmptyState>
    );
  }
  return (
    <div class="system">
      {sections.value.map((section) => (
        <section
          key={section.title}
          class="system-section"
          aria-label={section.title}
          style={{ flexBasis: `min(100%, ${section.keys.length * (CHART_PX + GAP_PX) - GAP_PX}px)` }}
        >
          <h2 class="system-title">
            {section.title}
            <span class="system-count">{section.keys.length} {section.keys.length === 1 ? "chart" : "charts"}</span>
          </h2>
          <div class="system-grid">
            {section.keys.map((view) => (
              <ChartPanel key={view.key} keyName={view.key} title={systemName(view.key)} runs={[run]} isSystem x="relative" />
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}
