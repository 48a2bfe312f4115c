// Which of the machine's metrics stand together on the system page.

import type { KeyView } from "@/api/schema";

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
