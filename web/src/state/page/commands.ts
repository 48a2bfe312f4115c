/**
 * Every command once: the same object feeds the shortcut, the palette (Ctrl-K) and the `?` sheet.
 *
 * Keys are written "Mod+K" (Ctrl, or Cmd on a Mac), "Shift+ArrowRight", "[", "?", "Space", "Home".
 * Esc is no command: it unwinds one level at a time, see `lib/browser/escape`.
 */
import { type ReadonlySignal, computed, signal } from "@preact/signals";
import { closeInnermost } from "@/lib/browser/escape";
import { isChord, isTextField, needsKeyItself } from "@/lib/browser/keyboard";

export interface Command {
  id: string;
  title: string;
  /** Shortcut or shortcuts; the first is shown. */
  keys?: string | readonly string[];
  /** Heading in the palette and on the sheet: "View", "Runs", "Clock", "Media" ... */
  group: string;
  run: () => void;
  isEnabled?: () => boolean;
  /** Outside of text fields its keys are never the browser's, also while it is not enabled. */
  ownsKeys?: boolean;
  /** More words that find it in the palette. */
  words?: string;
  /** A shortcut only: on the sheet, but not in the palette. */
  isOnlyShortcut?: boolean;
}

const registry = signal<ReadonlyMap<string, Command>>(new Map());

export const commands: ReadonlySignal<Command[]> = computed(() => [...registry.value.values()]);

/** Add a command; one with the same id is replaced. Returns the way to remove it. */
export function registerCommand(command: Command): () => void {
  registry.value = new Map(registry.peek()).set(command.id, command);
  return () => {
    if (registry.peek().get(command.id) !== command) return; // replaced since
    const rest = new Map(registry.peek());
    rest.delete(command.id);
    registry.value = rest;
  };
}

/** Handle one key press; true when it was taken. */
export function dispatchKey(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing) return false;
  if (event.key === "Escape") return unwind(event.target);
  const hasMod = event.ctrlKey || event.metaKey;
  if (!hasMod && needsKeyItself(event.target, event.key)) return false;
  let isTaken = false;
  for (const command of registry.peek().values()) {
    const chords = command.keys === undefined ? [] : typeof command.keys === "string" ? [command.keys] : command.keys;
    if (!chords.some((keys) => isChord(keys, event))) continue;
    if (hasMod && isTextField(event.target) && /^[zy]$/i.test(event.key)) return false; // the field's own undo and redo
    if (command.ownsKeys) isTaken = true;
    if (command.isEnabled && !command.isEnabled()) continue;
    command.run();
    return true;
  }
  return isTaken;
}

/** Start listening; once, from main. */
export function listenForKeys(): void {
  addEventListener("keydown", (event) => {
    if (dispatchKey(event)) event.preventDefault();
  });
}

function unwind(target: EventTarget | null): boolean {
  if (closeInnermost()) return true;
  if (target instanceof HTMLElement && isTextField(target)) {
    target.blur();
    return true;
  }
  return false;
}
