import { effect } from "@preact/signals";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { canRedo, canUndo, currentSearch, flush, goTo, redo, undo, urlNamespace, urlSignal } from "@/state/page/url";

const text = urlSignal("t", "");
const count = urlSignal("n", 3, { history: "replace" });
const place = urlSignal("at", 0, { history: "silent" });
const list = urlSignal<readonly string[]>("list", [], {
  parse: (value) => value.split(","),
  format: (value) => value.join(","),
});

beforeEach(() => {
  vi.useFakeTimers();
  goTo("/", "?elsewhere=1");
  goTo("/", "");
});

describe("urlSignal", () => {
  it("writes what is not the default, and only that", () => {
    text.value = "lr > 1";
    expect(currentSearch()).toBe("?t=lr+%3E+1");
    text.value = "";
    expect(currentSearch()).toBe("");
  });

  it("reads every signal when the address changes, and falls back to the default for nonsense", () => {
    goTo("/", "?t=a&n=12&list=x,y");
    expect([text.value, count.value, list.value]).toEqual(["a", 12, ["x", "y"]]);
    goTo("/", "?n=many");
    expect([text.value, count.value, list.value]).toEqual(["", 3, []]);
  });

  it("keeps parameters that it does not know", () => {
    goTo("/", "?later=1");
    text.value = "b";
    expect(new URLSearchParams(currentSearch()).get("later")).toBe("1");
  });

  it("refuses a name that is taken", () => {
    expect(() => urlSignal("t", "")).toThrow("exists already");
  });
});

describe("undo", () => {
  it("takes back discrete changes one by one, and redoes them", () => {
    text.value = "a";
    text.value = "b";
    undo();
    expect(text.value).toBe("a");
    undo();
    expect([text.value, canUndo()]).toEqual(["", false]);
    redo();
    redo();
    expect([text.value, canRedo()]).toEqual(["b", false]);
  });

  it("takes a burst of small changes as one", () => {
    for (let value = 4; value < 20; value += 1) count.value = value;
    flush();
    undo();
    expect([count.value, canUndo()]).toEqual([3, false]);
    vi.advanceTimersByTime(2_000);
    count.value = 7;
    vi.advanceTimersByTime(2_000);
    count.value = 9;
    undo();
    expect(count.value).toBe(7);
  });

  it("leaves the clock alone", () => {
    text.value = "a";
    place.value = 40;
    undo();
    expect([text.value, place.value]).toEqual(["", 40]);
    expect(currentSearch()).toBe("?at=40");
  });

  it("forgets what could be redone after a new change, and everything on another page", () => {
    text.value = "a";
    undo();
    text.value = "c";
    expect(canRedo()).toBe(false);
    goTo("/other", "?t=z");
    expect(canUndo()).toBe(false);
  });
});

it("shows a new address at once, not one signal after the other", () => {
  const seen: unknown[] = [];
  const stop = effect(() => void seen.push([text.value, list.value]));
  goTo("/", "?t=a&list=b");
  stop();
  expect(seen).toEqual([["", []], ["a", ["b"]]]);
});

describe("urlNamespace", () => {
  it("lets go of its names, whose texts stay for the next one", () => {
    const first = urlNamespace("b.");
    const old = first.urlSignal("t", "");
    old.value = "kept";
    first.stop();
    old.value = "not written";
    first.urlSignal("late", "").value = "not written";
    expect(currentSearch()).toBe("?b.t=kept");
    const second = urlNamespace("b.");
    expect(second.urlSignal("t", "").value).toBe("kept");
    goTo("/", "?b.t=other");
    expect(old.value).toBe("not written");
    second.stop();
  });

  it("refuses names that could be those of another", () => {
    const outer = urlNamespace("");
    outer.urlSignal("dotted.name", "");
    expect(() => urlNamespace("dotted.")).toThrow("dotted.name");
    const block = urlNamespace("block.");
    expect(() => urlNamespace("block.")).toThrow("block.");
    expect(() => urlNamespace("block.a.")).toThrow("block.");
    expect(() => outer.urlSignal("block.t", "")).toThrow("block.");
    expect(() => urlSignal("block.t", "")).toThrow("block.");
    block.stop();
    outer.urlSignal("block.t", "");
    outer.stop();
    urlNamespace("dotted.").stop();
  });
});
