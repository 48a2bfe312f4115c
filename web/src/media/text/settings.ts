/** How texts are read, for the whole page: set once, kept in the browser. */
import { type Signal, effect, signal } from "@preact/signals";
import { readStored, store } from "@/state/page/storage";

function stored(name: string, otherwise: boolean): Signal<boolean> {
  const before = readStored(name);
  const setting = signal(before === null || before === undefined ? otherwise : before === "yes");
  effect(() => store(name, setting.value === otherwise ? null : setting.value ? "yes" : "no"));
  return setting;
}

export const isTextWrapped = stored("text-wrap", true);
/** Markdown as it was written instead of formatted. */
export const isMarkdownRaw = stored("text-raw", false);
