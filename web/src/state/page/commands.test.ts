import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type KeyPress, isChord, keycaps } from "@/lib/browser/keyboard";
import { commands, dispatchKey, registerCommand } from "@/state/page/commands";

function press(key: string, held: Partial<KeyPress> = {}): KeyPress {
  return { key, code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held };
}

describe("isChord", () => {
  it("takes Ctrl and Cmd for Mod", () => {
    expect(isChord("Mod+K", press("k", { ctrlKey: true }))).toBe(true);
    expect(isChord("Mod+K", press("k", { metaKey: true }))).toBe(true);
    expect(isChord("Mod+K", press("k"))).toBe(false);
    expect(isChord("k", press("k", { ctrlKey: true }))).toBe(false);
  });

  it("tells Shift apart for letters and names, not for bare symbols", () => {
    expect(isChord("Mod+Z", press("Z", { ctrlKey: true, shiftKey: true }))).toBe(false);
    expect(isChord("Mod+Shift+Z", press("Z", { ctrlKey: true, shiftKey: true }))).toBe(true);
    expect(isChord("?", press("?", { shiftKey: true }))).toBe(true);
    expect(isChord("?", press("?"))).toBe(true);
    expect(isChord("f", press("F", { shiftKey: true }))).toBe(false);
    expect(isChord("Space", press(" "))).toBe(true);
  });

  it("knows the brackets by their place when Shift changes the letter", () => {
    expect(isChord("Shift+[", press("{", { code: "BracketLeft", shiftKey: true }))).toBe(true);
    expect(isChord("[", press("{", { code: "BracketLeft", shiftKey: true }))).toBe(false);
    expect(isChord("[", press("[", { code: "BracketLeft" }))).toBe(true);
  });
});

describe("registerCommand", () => {
  it("replaces by id, and an old registration cannot remove the new one", () => {
    const stopOld = registerCommand({ id: "a", title: "Old", group: "Test", run: () => undefined });
    const stopNew = registerCommand({ id: "a", title: "New", group: "Test", run: () => undefined });
    stopOld();
    expect(commands.value.filter((one) => one.id === "a").map((one) => one.title)).toEqual(["New"]);
    stopNew();
    expect(commands.value.some((one) => one.id === "a")).toBe(false);
  });
});

describe("keys that are never the browser's", () => {
  class Element {
    readonly type = "text";
  }
  class Field extends Element {}
  const stops: (() => void)[] = [];
  function pressIn(target: unknown, key: string, held: Partial<KeyPress> = {}): boolean {
    const event: unknown = { ...press(key, { ctrlKey: true, ...held }), defaultPrevented: false, isComposing: false, target };
    return dispatchKey(event as KeyboardEvent);
  }

  beforeEach(() => {
    vi.stubGlobal("HTMLElement", Element);
    vi.stubGlobal("HTMLTextAreaElement", Field);
    vi.stubGlobal("HTMLInputElement", Field);
  });

  afterEach(() => {
    vi.unstubAllGlobals();
    for (const stop of stops.splice(0)) stop();
  });

  it("are taken with nothing to undo as well, but for those pressed in a field", () => {
    const run = vi.fn();
    const nothing = { group: "Test", run, isEnabled: () => false };
    stops.push(
      registerCommand({ ...nothing, id: "undo", title: "Undo", keys: "Mod+Z", ownsKeys: true }),
      registerCommand({ ...nothing, id: "redo", title: "Redo", keys: ["Mod+Shift+Z", "Mod+Y"], ownsKeys: true }),
      registerCommand({ ...nothing, id: "other", title: "Other", keys: "Mod+U" }),
    );
    expect([pressIn(null, "z"), pressIn(null, "Z", { shiftKey: true }), pressIn(null, "y")]).toEqual([true, true, true]);
    expect(pressIn(null, "u")).toBe(false);
    const field = new Field();
    expect([pressIn(field, "z"), pressIn(field, "Z", { shiftKey: true }), pressIn(field, "y")]).toEqual([false, false, false]);
    expect(run).not.toHaveBeenCalled();
  });
});

it("writes keycaps as the machine names its keys", () => {
  expect(keycaps("Mod+Shift+Z", false)).toEqual(["Ctrl", "Shift", "Z"]);
  expect(keycaps("Mod+K", true)).toEqual(["⌘", "K"]);
  expect(keycaps("ArrowLeft", false)).toEqual(["←"]);
});
