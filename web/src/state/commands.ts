/**
 * Every command once: the same object feeds the shortcut, the palette (Ctrl-K) and the `?` sheet.
 *
 * Keys are written "Mod+K" (Ctrl, or Cmd on a Mac), "Shift+ArrowRight", "[", "?", "Space", "Home".
 * Esc is no command: it unwinds one level at a time, see `onEscape`.
 */
import { type ReadonlySignal, computed, signal } from "@preact/signals";

export interface Command {
  id: string;
  title: string;
  /** Shortcut or shortcuts; the first is shown. */
  keys?: string | readonly string[];
  /** Heading in the palette and on the sheet: "View", "Runs", "Clock", "Media" ... */
  group: string;
  run: () => void;
  isEnabled?: () => boolean;
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

const escapeStack: (() => unknown)[] = [];

/**
 * Call `close` on Esc while it is the innermost thing open (popover, drawer, full view, selection).
 * `close` may answer false to say that it had nothing to do: then the next level is asked.
 * Returns the way to unregister.
 */
export function onEscape(close: () => unknown): () => void {
  escapeStack.push(close);
  return () => {
    const at = escapeStack.lastIndexOf(close);
    if (at >= 0) escapeStack.splice(at, 1);
  };
}

export interface KeyPress {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

const CODE_OF_SYMBOL = new Map([
  ["[", "BracketLeft"], ["]", "BracketRight"], [",", "Comma"], [".", "Period"], ["/", "Slash"], ["-", "Minus"], ["=", "Equal"],
]);

/** Whether a key press is the chord that `keys` names. */
export function isChord(keys: string, press: KeyPress): boolean {
  const parts = keys === "+" ? ["+"] : keys.split("+");
  const key = parts.at(-1) ?? "";
  const wantsMod = parts.includes("Mod");
  if (wantsMod !== (press.ctrlKey || press.metaKey) || parts.includes("Alt") !== press.altKey) return false;
  const wantsShift = parts.includes("Shift");
  const pressed = press.key === " " ? "Space" : press.key;
  if (CODE_OF_SYMBOL.get(key) === press.code && wantsShift === press.shiftKey && wantsShift) return true;
  if (pressed.toLowerCase() !== key.toLowerCase()) return false;
  // "?" needs Shift on most keyboards and not on others: for a bare symbol Shift says nothing.
  const isSymbol = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  return isSymbol && !wantsShift ? true : wantsShift === press.shiftKey;
}

/** Handle one key press; true when it was taken. */
export function dispatchKey(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing) return false;
  if (event.key === "Escape") return unwind(event.target);
  const hasMod = event.ctrlKey || event.metaKey;
  if (!hasMod && needsKeyItself(event.target, event.key)) return false;
  for (const command of registry.peek().values()) {
    const chords = command.keys === undefined ? [] : typeof command.keys === "string" ? [command.keys] : command.keys;
    if (!chords.some((keys) => isChord(keys, event))) continue;
    if (hasMod && isTextField(event.target) && /^z$/i.test(event.key)) return false; // the field's own undo
    if (command.isEnabled && !command.isEnabled()) continue;
    command.run();
    return true;
  }
  return false;
}

/** Start listening; once, from main. */
export function listenForKeys(): void {
  addEventListener("keydown", (event) => {
    if (dispatchKey(event)) event.preventDefault();
  });
}

/** "Mod+K" -> ["Ctrl", "K"] (or ["⌘", "K"]) for the keycaps. */
export function keycaps(keys: string, isMac = isMacPlatform()): string[] {
  const names = new Map([
    ["Mod", isMac ? "⌘" : "Ctrl"], ["ArrowLeft", "←"], ["ArrowRight", "→"], ["ArrowUp", "↑"], ["ArrowDown", "↓"], ["Escape", "Esc"],
  ]);
  return (keys === "+" ? ["+"] : keys.split("+")).map((part) => names.get(part) ?? part);
}

function unwind(target: EventTarget | null): boolean {
  for (let at = escapeStack.length - 1; at >= 0; at -= 1) if (escapeStack[at]?.() !== false) return true;
  if (target instanceof HTMLElement && isTextField(target)) {
    target.blur();
    return true;
  }
  return false;
}

function isTextField(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable)) return true;
  return target instanceof HTMLInputElement && !["range", "checkbox", "radio", "button", "color"].includes(target.type);
}

/** Whether the focused element needs a key for itself: text in fields, arrows on sliders, Space and Enter on buttons. */
export function needsKeyItself(target: EventTarget | null, key: string): boolean {
  if (isTextField(target) || target instanceof HTMLSelectElement) return true;
  if (target instanceof HTMLInputElement) return key.startsWith("Arrow") || ["Home", "End", "PageUp", "PageDown", " "].includes(key);
  const isButton = target instanceof HTMLElement && target.closest("button, a[href], [role=menuitem], summary") !== null;
  return isButton && (key === " " || key === "Enter");
}

function isMacPlatform(): boolean {
  return typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);
}
