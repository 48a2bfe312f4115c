import { expressionInterpreter } from "vega-interpreter";
import { View, parse } from "vega";
import { compile } from "vega-lite";
import { describe, expect, it } from "vitest";
import { tipLines } from "@/media/vega/draw";
import { escapeField, fillSpec, hasUrl, modeOf, readSpec } from "@/media/vega/spec";

const BOX = { width: 400, height: 300 };

describe("a user's specification", () => {
  it("fills its place unless it has a size", () => {
    expect(readSpec('{"mark": "bar"}', "vega-lite", BOX).spec).toMatchObject({ width: 400, height: 300, autosize: { type: "fit" } });
    expect(readSpec('{"mark": "bar", "width": 100}', "", BOX).spec).toMatchObject({ width: 100, height: 300, autosize: { type: "fit-y" } });
    expect(readSpec('{"hconcat": []}', "", BOX).spec).toEqual({ hconcat: [] });
    expect(readSpec('{"marks": [], "width": 5}', "", BOX)).toMatchObject({ spec: { marks: [], width: 5 }, mode: "vega" });
    expect(() => readSpec("[]", "", BOX)).toThrow("no Vega specification");
  });

  it("is in the language that it says", () => {
    expect(modeOf({ $schema: "https://vega.github.io/schema/vega/v5.json" })).toBe("vega");
    expect(modeOf({ $schema: "https://vega.github.io/schema/vega-lite/v5.json", marks: [] })).toBe("vega-lite");
    expect(modeOf({ layer: [] })).toBe("vega-lite");
  });

  it("tells of addresses, not of data that look like some", () => {
    expect(hasUrl({ layer: [{ data: { url: "https://example.org" } }] })).toBe(true);
    expect(hasUrl({ data: { values: [{ url: "https://example.org" }], url: "data:text/csv,a" } })).toBe(false);
    expect(readSpec('{"mark": "bar", "data": {"url": "/api/runs"}}', "", BOX).notes).toHaveLength(1);
  });
});

describe("a table in a specification", () => {
  const rows = [{ "a.b": 1 }];
  it("puts columns and texts in their places", () => {
    const spec = { title: "${string:title}", encoding: { x: { field: "${field:x}" } }, transform: [{ filter: "datum['${field:x}'] > 0" }] };
    expect(fillSpec(spec, { x: "a.b" }, { title: "T" }, rows, "vega-lite")).toMatchObject({
      title: "T",
      encoding: { x: { field: "a\\.b" } },
      transform: [{ filter: "datum['a.b'] > 0" }],
      data: { name: "table" },
      datasets: { table: rows, wandb: rows },
    });
  });

  it("is the data set that a Vega specification names", () => {
    expect(fillSpec({ data: [{ name: "wandb" }, { name: "other", source: "wandb" }] }, {}, {}, rows, "vega")["data"]).toEqual([
      { name: "wandb", url: undefined, values: rows },
      { name: "other", source: "wandb" },
    ]);
    expect(fillSpec({ marks: [] }, {}, {}, rows, "vega")["data"]).toEqual([{ name: "table", values: rows }]);
  });

  it("escapes what Vega takes for a path", () => {
    expect(escapeField("a.b[0]")).toBe("a\\.b\\[0\\]");
  });
});

describe("expressions", () => {
  it("are interpreted, and reach no constructor", async () => {
    const attack = (update: string): Promise<unknown> => {
      const runtime = parse({ signals: [{ name: "s", update }], marks: [] } as never, {}, { ast: true });
      return new View(runtime, { expr: expressionInterpreter } as never).runAsync().then((view: View) => view.signal("s") as unknown);
    };
    (globalThis as { pwned?: boolean }).pwned = false;
    for (const code of [
      "toString.constructor('globalThis.pwned=true')()",
      "event.view.setTimeout('globalThis.pwned=true')",
      "({}).constructor.constructor('globalThis.pwned=true')()",
      "[].map.constructor('globalThis.pwned=true')()",
    ]) {
      try {
        await attack(code);
      } catch {
        // refused: as good as an answer that does nothing
      }
    }
    expect((globalThis as { pwned?: boolean }).pwned).toBe(false);
  });

  it("compile without a warning for a plain chart", () => {
    expect(() => compile({ mark: "bar", data: { values: [] }, encoding: { x: { field: "a", type: "nominal" } } })).not.toThrow();
  });
});

describe("tooltips", () => {
  it("are lines of text", () => {
    expect(tipLines({ a: 1, b: { c: 2 } })).toEqual(["a: 1", 'b: {"c":2}']);
    expect(tipLines("<b>")).toEqual(["<b>"]);
    expect(tipLines("")).toBeNull();
    expect(tipLines(Object.fromEntries(Array.from({ length: 30 }, (_, at) => [at, at])))).toHaveLength(21);
  });
});
