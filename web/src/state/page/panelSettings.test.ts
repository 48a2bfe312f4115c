import { signal } from "@preact/signals";
import { afterEach, describe, expect, it } from "vitest";
import { type OwnSettings, type PanelRef, isBoolean, isListOf, isText, makePanelSettings, readSettings } from "@/state/page/panelSettings";
import { currentSearch, goTo, undo, urlSignal } from "@/state/page/url";

interface Toy {
  color: string;
  isLarge: boolean;
}

const checks = { color: isText, isLarge: isBoolean };
const page = signal<Toy>({ color: "grey", isLarge: false });
const byKey = new Map<string, Partial<Toy>>();
const keyed: OwnSettings<Toy> = {
  of: (key) => byKey.get(key),
  set: (key, own) => void (own ? byKey.set(key, own) : byKey.delete(key)),
};
const { layered } = makePanelSettings({ urlSignal });
/** A choice is for one panel. */
const toys = layered<Toy>({ page, checks, byKey: keyed });
/** A choice is for all panels, unless a panel has its own. */
const shared = layered<Toy>({ page, checks, changePage: (changes) => (page.value = { ...page.peek(), ...changes }) });

function panel(id: string, settings: Partial<Toy> = {}): PanelRef<Toy> {
  return { id, keys: [{ kind: "metric", key: "loss" }], settings };
}

const ownInUrl = (): unknown => JSON.parse(new URLSearchParams(currentSearch()).get("settings") ?? "null");

afterEach(() => {
  goTo("/", "");
  page.value = { color: "grey", isLarge: false };
  byKey.clear();
});

describe("the settings of a panel", () => {
  it("lie in three layers: page, record, address bar", () => {
    const plain = panel("p1");
    const red = panel("p2", { color: "red" });
    expect([plain, red].map((one) => toys.settingsOf(one).value.color)).toEqual(["grey", "red"]);
    toys.change(red, { color: "blue" });
    page.value = { color: "black", isLarge: true };
    expect(toys.settingsOf(plain).value).toEqual({ color: "black", isLarge: true });
    expect(toys.settingsOf(red).value).toEqual({ color: "blue", isLarge: true });
    expect(toys.ownOf(red)).toEqual({ color: "blue" });
    toys.reset(red);
    expect(toys.settingsOf(red).value.color).toBe("red");
    expect(currentSearch()).toBe("");
  });

  it("are kept by key for the automatic panel, by id for any other of the same metric", () => {
    const automatic = panel("metric loss");
    const stored = panel("p1");
    const loss = panel("loss");
    toys.change(automatic, { color: "red" });
    expect([[...byKey], currentSearch()]).toEqual([[["loss", { color: "red" }]], ""]);
    toys.change(stored, { color: "blue" });
    toys.change(loss, { isLarge: true });
    expect(ownInUrl()).toEqual({ p1: { color: "blue" }, loss: { isLarge: true } });
    expect([automatic, stored, loss].map((one) => toys.settingsOf(one).value.color)).toEqual(["red", "blue", "grey"]);
  });

  it("go where they come from, if a choice is for the whole page", () => {
    const plain = panel("p1");
    const red = panel("p2", { color: "red" });
    shared.change(red, { color: "blue", isLarge: true });
    expect(shared.settingsOf(red).value).toEqual({ color: "blue", isLarge: true });
    expect(shared.settingsOf(plain).value).toEqual({ color: "grey", isLarge: true });
    shared.change(plain, { color: "black" });
    expect(page.value.color).toBe("black");
    expect(shared.settingsOf(red).value.color).toBe("blue");
    expect(ownInUrl()).toEqual({ p2: { color: "blue" } });
  });

  it("follow what the panel's key asks for, under the record and what a person has changed", () => {
    const asking = makePanelSettings({ urlSignal: (_, initial) => signal(initial) }).layered<Toy>({
      page,
      checks,
      changePage: (changes) => (page.value = { ...page.peek(), ...changes }),
      askedBy: ({ key }) => (key === "loss" ? { color: "green" } : {}),
    });
    const other: PanelRef<Toy> = { id: "p1", keys: [{ kind: "metric", key: "other" }], settings: {} };
    const colors = (): string[] =>
      [panel("p1"), panel("p2", { color: "red" }), other].map((one) => asking.settingsOf(one).value.color);
    expect(colors()).toEqual(["green", "red", "grey"]);
    asking.change(panel("p3"), { color: "blue", isLarge: true });
    expect(asking.settingsOf(panel("p3")).value).toEqual({ color: "blue", isLarge: true });
    expect(colors()).toEqual(["green", "red", "grey"]);
    asking.reset(panel("p3"));
    expect(asking.settingsOf(panel("p3")).value.color).toBe("green");
  });

  it("come back with the address, and can be undone", () => {
    toys.change(panel("p1"), { color: "blue" });
    const kept = currentSearch();
    undo();
    expect(toys.settingsOf(panel("p1")).value.color).toBe("grey");
    goTo("/", kept);
    expect(toys.settingsOf(panel("p1")).value.color).toBe("blue");
  });

  it("are a new value only where one of them has changed", () => {
    const one = toys.settingsOf(panel("p1"));
    const before = one.value;
    toys.change(panel("p2"), { color: "blue" });
    expect(one.value).toBe(before);
    toys.change(panel("p1"), { color: "blue" });
    expect(one.value).not.toBe(before);
  });

  it("from outside are read without what makes no sense", () => {
    expect(readSettings(checks, { color: "red", isLarge: 1, evil: true })).toEqual({ color: "red" });
    for (const odd of [null, 3, "red", []]) expect(readSettings(checks, odd)).toEqual({});
    expect(isListOf(isText)(["a", 1])).toBe(false);
    for (const text of ["{", "[]", "7", '{"p1":7}', '{"p1":{"color":7}}']) {
      goTo("/", `?settings=${encodeURIComponent(text)}`);
      expect(toys.settingsOf(panel("p1")).value.color).toBe("grey");
    }
  });
});
