/** The search of the panels: which keys are shown. */
import type { Signal } from "@preact/signals";
import type { MakeUrlSignal } from "@/state/page/url";

/** A test for keys, or the reason why the text is none. */
export function panelFilter(text: string): ((key: string) => boolean) | Error {
  const wanted = text.trim();
  if (wanted === "") return () => true;
  const pattern = /^\/(.+)\/$/.exec(wanted);
  if (!pattern?.[1]) {
    const words = wanted.toLowerCase().split(/\s+/);
    return (key) => words.every((word) => key.toLowerCase().includes(word));
  }
  try {
    const expression = new RegExp(pattern[1], "i");
    return (key) => expression.test(key);
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}

interface PanelSearchNeeds {
  urlSignal: MakeUrlSignal;
}

export function makePanelSearch({ urlSignal }: PanelSearchNeeds) {
  /** The panel search: a part of the key's name, or /a regular expression/. */
  const panelQuery: Signal<string> = urlSignal("panels", "", { history: "replace" });

  return { panelQuery };
}

export type ScopePanelSearch = ReturnType<typeof makePanelSearch>;
