/** Light, dark, or what the system says; kept in the browser. */
import { type ReadonlySignal, type Signal, computed, effect, signal } from "@preact/signals";
import { readStored, store } from "@/state/page/storage";

export type ThemeChoice = "system" | "light" | "dark";

const stored = readStored("theme");
const systemDark = typeof matchMedia === "undefined" ? null : matchMedia("(prefers-color-scheme: dark)");
const isSystemDark = signal(systemDark?.matches ?? false);

export const themeChoice: Signal<ThemeChoice> = signal(stored === "light" || stored === "dark" ? stored : "system");

/** What is shown: canvases read it to redraw with the tokens' new values. */
export const theme: ReadonlySignal<"light" | "dark"> = computed(() =>
  themeChoice.value === "system" ? (isSystemDark.value ? "dark" : "light") : themeChoice.value,
);

/** The value of a CSS token ("--line") in the shown theme; reading it subscribes to theme changes. */
export function token(name: string): string {
  const shown = theme.value;
  if (typeof document === "undefined") return "";
  document.documentElement.dataset["theme"] = shown; // an effect elsewhere may run before the one below
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function cycleTheme(): void {
  const order: ThemeChoice[] = ["system", "light", "dark"];
  themeChoice.value = order[(order.indexOf(themeChoice.peek()) + 1) % order.length] ?? "system";
}

if (typeof document !== "undefined") {
  systemDark?.addEventListener("change", (event) => (isSystemDark.value = event.matches));
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    store("theme", themeChoice.value === "system" ? null : themeChoice.value);
  });
}
