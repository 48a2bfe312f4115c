import { describe, expect, it } from "vitest";
import { Recent } from "@/lib/recent";

describe("Recent", () => {
  it("gives up what was used longest ago", () => {
    const gone: string[] = [];
    const recent = new Recent<string, number>({ limit: 2, onGone: (key) => gone.push(key) });
    recent.set("a", 1);
    recent.set("b", 2);
    expect(recent.get("a")).toBe(1);
    expect(recent.peek("b")).toBe(2); // no use
    recent.set("c", 3);
    expect(gone).toEqual(["b"]);
    expect([...recent].map(([key]) => key)).toEqual(["a", "c"]);
  });

  it("counts sizes, and keeps the newest whatever its size", () => {
    const recent = new Recent<string, number>({ limit: 10, size: (value) => value });
    recent.set("a", 6);
    recent.set("a", 3);
    expect(recent.used).toBe(3);
    recent.set("big", 50);
    expect([...recent]).toEqual([["big", 50]]);
    expect(recent.used).toBe(50);
    recent.delete("big");
    expect([recent.used, recent.count]).toEqual([0, 0]);
  });

  it("keeps what must stay, until it may go", () => {
    const held = new Set(["a"]);
    const recent = new Recent<string, number>({ limit: 1, mayGo: (key) => !held.has(key) });
    recent.set("a", 1);
    recent.set("b", 2);
    recent.set("c", 3);
    expect([...recent].map(([key]) => key)).toEqual(["a", "c"]);
    held.clear();
    recent.trim();
    expect([...recent].map(([key]) => key)).toEqual(["c"]);
  });

  it("asks for sizes when room is needed", () => {
    const weights: Record<string, number> = { a: 1, b: 1 };
    const recent = new Recent<string, string>({ limit: 4, size: (value) => weights[value] ?? 0 });
    recent.set("a", "a");
    recent.set("b", "b");
    weights["a"] = 4;
    expect(recent.used).toBe(5);
    recent.trim();
    expect([...recent.values()]).toEqual(["b"]);
  });

  it("makes what is not there, once", () => {
    const recent = new Recent<string, object>({ limit: 3 });
    const made = recent.getOrMake("a", () => ({}));
    expect(recent.getOrMake("a", () => ({}))).toBe(made);
  });
});
