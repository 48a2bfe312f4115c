// The machine while the run ran: CPU, memory, process, disk, network, GPUs, over time since the start.

import { computed } from "@preact/signals";
import type { JSX } from "preact";
import type { KeyView, RunView } from "@/api/schema";
import { EmptyState } from "@/parts/States";
import { systemKeys } from "@/state/keys";
import { ChartPanel } from "./ChartPanel";
import "./chart.css";

const SECTIONS: readonly { title: string; test: RegExp }[] = [
  { title: "GPU", test: /^gpu/ },
  { title: "CPU", test: /^(cpu|load)/ },
  { title: "Memory", test: /^(memory|mem|swap)/ },
  { title: "Process", test: /^(proc|process)/ },
  { title: "Disk", test: /^disk/ },
  { title: "Network", test: /^(net|network)/ },
];

export interface SystemSection {
  title: string;
  keys: KeyView[];
}

/** "system/gpu.0.memory" -> "gpu.0.memory" */
export function systemName(key: string): string {
  return key.replace(/^system\//, "");
}

/** Keys in the sections that people look for; what fits none comes last. */
export function systemSections(all: readonly KeyView[]): SystemSection[] {
  const rest = new Set(all);
  const sections = SECTIONS.map(({ title, test }) => {
    const members = all.filter((view) => test.test(systemName(view.key)));
    for (const view of members) rest.delete(view);
    return { title, keys: members };
  });
  sections.push({ title: "Other", keys: [...rest] });
  return sections.filter((section) => section.keys.length > 0);
}

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
        <section key={section.title} class="system-section" aria-label={section.title}>
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
