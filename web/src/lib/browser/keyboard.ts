/** Key presses: which chord they are, whether the focused element needs them for itself, how keys are written. */

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

/** Whether a key press is the chord that `keys` names: "Mod+K" (Ctrl, or Cmd on a Mac), "Shift+ArrowRight", "[", "?". */
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

/** "Mod+K" -> ["Ctrl", "K"] (or ["⌘", "K"]) for the keycaps. */
export function keycaps(keys: string, isMac = isMacPlatform()): string[] {
  const names = new Map([
    ["Mod", isMac ? "⌘" : "Ctrl"],
    ["ArrowLeft", "←"],
    ["ArrowRight", "→"],
    ["ArrowUp", "↑"],
    ["ArrowDown", "↓"],
    ["Escape", "Esc"],
  ]);
  return (keys === "+" ? ["+"] : keys.split("+")).map((part) => names.get(part) ?? part);
}

export function isTextField(target: EventTarget | null): boolean {
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
