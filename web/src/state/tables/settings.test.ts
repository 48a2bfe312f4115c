import { describe, expect, it } from "vitest";
import { makePanelSettings } from "@/state/page/panelSettings";
import { urlSignal } from "@/state/page/url";
import { DEFAULT_SETTINGS, formatTables, makeTableSettings, parseTables, sortAfter } from "@/state/tables/settings";

const { changeSettings, settingsOf } = makeTableSettings({ urlSignal, panelSettings: makePanelSettings({ urlSignal }) });
const placeOf = (key: string) => ({ panel: { id: `table ${key}`, keys: [{ kind: "table", key }], settings: {} }, id: "" }) as const;

describe("the settings of tables in the URL", () => {
  it("come back as they were, whatever columns are called", () => {
    const tables = {
      "val/preds": {
        sort: [{ column: "lo-ss", is_descending: true }, { column: "a,b:c*d_e" }],
        filters: [
          { column: "loss", op: "<" as const, value: -0.5 },
          { column: "name", op: "contains" as const, value: "<img onerror=1>, ß 😀" },
          { column: "ok", op: "==" as const, value: true },
          { column: "x", op: "is_null" as const },
        ],
        search: "cat & dog",
        rowHeight: "large" as const,
        hidden: ["_a_", ""],
      },
      other: { ...DEFAULT_SETTINGS, search: "q" },
    };
    expect(parseTables(formatTables(tables))).toEqual(tables);
    expect(formatTables({ a: DEFAULT_SETTINGS })).toBe("");
  });

  it("take any key for a name", () => {
    const odd = Object.fromEntries(["__proto__", "constructor"].map((key) => [key, { ...DEFAULT_SETTINGS, search: key }]));
    expect(parseTables(formatTables(odd))).toEqual(odd);
    expect(settingsOf(placeOf("constructor")).value).toEqual(DEFAULT_SETTINGS);
    changeSettings(placeOf("__proto__"), { search: "x" });
    expect(settingsOf(placeOf("__proto__")).value.search).toBe("x");
  });

  it("survive nonsense", () => {
    expect(parseTables("")).toEqual({});
    expect(parseTables("k:fzzz:hq:s")["k"]?.filters).toEqual([]);
  });

  it("sort up, down, not at all; with Shift beside others", () => {
    const up = sortAfter([], "a", false);
    expect(up).toEqual([{ column: "a" }]);
    const down = sortAfter(up, "a", false);
    expect(down).toEqual([{ column: "a", is_descending: true }]);
    expect(sortAfter(down, "a", false)).toEqual([]);
    expect(sortAfter(down, "b", true)).toEqual([...down, { column: "b" }]);
    expect(sortAfter([...down, { column: "b" }], "b", true)).toEqual([...down, { column: "b", is_descending: true }]);
    expect(sortAfter(down, "b", false)).toEqual([{ column: "b" }]);
  });
});
