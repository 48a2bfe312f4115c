import { describe, expect, it } from "vitest";
import { type KeyPress, isChord, keycaps } from "@/lib/browser/keyboard";
import { commands, registerCommand } from "@/state/page/commands";

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

it("writes keycaps as the machine names its keys", () => {
  expect(keycaps("Mod+Shift+Z", false)).toEqual(["Ctrl", "Shift", "Z"]);
  expect(keycaps("Mod+K", true)).toEqual(["⌘", "K"]);
  expect(keycaps("ArrowLeft", false)).toEqual(["←"]);
});
