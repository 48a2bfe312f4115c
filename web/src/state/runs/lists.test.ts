import { describe, expect, it } from "vitest";
import type { KeyView, RunView } from "@/api/schema";
import { RUN_COLORS, defaultColor } from "@/lib/runs/colors";
import { filterHints, unfinishedTerm } from "@/lib/runs/filterText";
import { railItems, selectionAfter } from "@/lib/runs/groups";
import { csvField } from "@/lib/text/csv";
import { compareKeys, sectionsOf } from "@/state/runs/keys";
import { panelFilter } from "@/state/runs/panelSearch";

function key(name: string, kind = "metric"): KeyView {
  return { key: name, kind, runs: [], step_key: null, is_hidden: false };
}

it("gathers keys by what stands before their first slash", () => {
  const found = sectionsOf(["val/b", "loss", "train/a/x", "train/b", "/odd", "__proto__/x"].map((name) => key(name)));
  expect(found.map((section) => [section.name, section.keys.length])).toEqual([["__proto__", 1], ["train", 2], ["val", 1], ["", 2]]);
});

it("puts sections in the order of their names, whatever they hold, and keys without a prefix last", () => {
  const found = sectionsOf([
    key("loss"),
    key("notes/text", "value"),
    key("weights/a", "histogram"),
    key("train/loss"),
    key("val/loss"),
    key("val/scenes", "image"),
  ]);
  expect(found.map((section) => section.name)).toEqual(["notes", "train", "val", "weights", ""]);
});

it("puts pictures before tables and texts", () => {
  const [found] = sectionsOf([
    "val/notes text",
    "val/scenes image",
    "val/a table",
    "val/film video",
  ].map((row) => key(row.split(" ")[0] ?? "", row.split(" ")[1])).sort(compareKeys));
  expect(found?.keys.map((one) => one.key)).toEqual(["val/scenes", "val/film", "val/a", "val/notes"]);
});

describe("selectionAfter", () => {
  const order = [1, 2, 3, 4];
  it("picks one, toggles, and extends from the anchor both ways", () => {
    expect([...selectionAfter(order, new Set([1, 2]), 1, 3, "one")]).toEqual([3]);
    expect([...selectionAfter(order, new Set([1, 2]), 1, 2, "toggle")]).toEqual([1]);
    expect([...selectionAfter(order, new Set(), 3, 1, "extend")]).toEqual([1, 2, 3]);
    expect([...selectionAfter(order, new Set(), 9, 2, "extend")]).toEqual([2]);
  });
});

describe("railItems", () => {
  const view = (uid: number, group: string): RunView => ({ uid, group, config: {}, summary: {}, tags: [] }) as unknown as RunView;
  it("keeps gaps where pages are missing and gathers by value", () => {
    const rows = [view(1, "a"), undefined, view(2, "b"), view(3, "a")];
    expect(railItems(rows, "", String, () => true).map((item) => item.is)).toEqual(["run", "gap", "run", "run"]);
    const grouped = railItems(rows, "group", String, (name) => name !== "b");
    expect(grouped.map((item) => (item.is === "group" ? `${item.name}:${item.uids.join("+")}` : item.is))).toEqual([
      "a:1+3",
      "run",
      "run",
      "b:2",
      "gap",
    ]);
  });
});

describe("filter text", () => {
  it("waits for terms that are not finished", () => {
    expect(unfinishedTerm("lr >")).toContain("needs a value");
    expect(unfinishedTerm("tag:")).toContain("needs a tag");
    expect(unfinishedTerm('name = "two wo')).toContain("quotation mark");
    for (const text of [
      "",
      "lr>1e-3",
      "-tag:old state:running",
      '"two words" a,b',
      "summary.val/loss <= 0.2",
    ]) expect(unfinishedTerm(text)).toBeNull();
  });

  it("names what no run has", () => {
    const columns = [{ path: "config.lr", type: "number" as const, run_count: 2 }];
    expect(filterHints("lr>1 config.lr<2 name=x", columns)).toEqual([]);
    expect(filterHints("lrr>1 state:done", columns)).toEqual([
      "No run has a value called “lrr”.",
      expect.stringContaining("no state “done”"),
    ]);
  });
});

describe("panelFilter", () => {
  it("finds by words or by a regular expression", () => {
    const test = panelFilter("LOSS val");
    expect(typeof test === "function" && [test("val/loss"), test("train/loss")]).toEqual([true, false]);
    const pattern = panelFilter("/^val|lr$/");
    expect(typeof pattern === "function" && [pattern("val/x"), pattern("a/lr"), pattern("lr/a")]).toEqual([true, true, false]);
    expect(panelFilter("/(/")).toBeInstanceOf(Error);
  });
});

it("quotes CSV fields and disarms formulas", () => {
  expect(["plain", 'a "b", c', "=1+1", "-x", "line\nbreak"].map(csvField)).toEqual([
    "plain",
    '"a ""b"", c"',
    "'=1+1",
    "'-x",
    '"line\nbreak"',
  ]);
});

it("gives neighbours different colours, and every run its own for ever", () => {
  expect(new Set(RUN_COLORS).size).toBeGreaterThanOrEqual(12);
  for (let uid = 1; uid < 40; uid += 1) expect(defaultColor(uid)).not.toBe(defaultColor(uid + 1));
  expect(defaultColor(1)).toBe(RUN_COLORS[0]);
});
