// The machine while the run ran: CPU, memory, process, disk, network, GPUs, over time since the start.

import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import type { RunView } from "@/api/schema";
import { formatDuration } from "@/lib/text/format";
import { EmptyState } from "@/parts/States";
import { PanelView, automaticPanels } from "@/panels/registry";
import { systemSections } from "@/panels/systemSections";
import { useScope } from "@/state/scope";
import "@/panels/chart.css";

/** Wider sections have the row. */
const MOST_BESIDE = 2;

/** The machine is looked at a second after the start, then every ten seconds: see DIORAMA_STATS_INTERVAL_SECS. */
const SURE_SECS = 15;

function whyNone(run: RunView): string {
  if (run.state === "running") return "The first sample comes a second or two after the start.";
  if (run.runtime_secs < SURE_SECS) {
    return `The run ended after ${formatDuration(run.runtime_secs)}, before a sample of the machine was stored.`;
  }
  return "The run was logged with system metrics turned off (DIORAMA_STATS_INTERVAL_SECS=0), or imported without them.";
}

export function System({ run }: { run: RunView }): JSX.Element {
  const { systemKeys } = useScope().keys;
  const sections = useComputed(() => systemSections(systemKeys.value));
  if (sections.value.length === 0) {
    return (
      <EmptyState icon="monitor" title="No system metrics">
        {whyNone(run)}
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
          style={{ gridColumn: section.keys.length > MOST_BESIDE ? "1 / -1" : `span ${section.keys.length}` }}
        >
          <h2 class="system-title">
            {section.title}
            <span class="system-count">{section.keys.length} {section.keys.length === 1 ? "chart" : "charts"}</span>
          </h2>
          <div class="system-grid">
            {automaticPanels(section.keys).map((panel) => <PanelView key={panel.id} panel={panel} isPacked />)}
          </div>
        </section>
      ))}
    </div>
  );
}
