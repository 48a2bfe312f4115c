import { describe, expect, it } from "vitest";
import { type FrameTheme, isFigureMessage, readReply } from "@/lib/frames/protocol";
import { fitDocument, readDocument, versionNote } from "@/frames/bokehDocument";
import { dressed, marginFor, readFigure } from "@/frames/plotlyFigure";

const NIGHT: FrameTheme = {
  isDark: true,
  text: "#eee",
  faint: "#999",
  line: "#333",
  surface: "#111",
  accent: "#66f",
  font: "sans-serif",
  palette: ["#2f6fe4"],
};
const DAY = { ...NIGHT, isDark: false };

describe("what a frame says", () => {
  it("is checked and cut", () => {
    expect(readReply({ type: "ready", more: 1 })).toEqual({ type: "ready" });
    expect(readReply({ type: "drawn", key: "a", notes: ["x", 5, ...Array<string>(20).fill("y")] })).toMatchObject({
      notes: ["x", "y", "y", "y", "y"],
    });
    expect(readReply({ type: "failed", key: "a", reason: "r".repeat(10_000) })).toMatchObject({ reason: `${"r".repeat(500)}…` });
    for (const wrong of [
      null,
      5,
      "ready",
      {},
      { type: "drawn" },
      { type: "failed", key: 5, reason: "x" },
      { type: "png", data: "x" },
      { type: "link", href: "javascript" },
    ]) {
      expect(readReply(wrong)).toBeNull();
    }
  });

  it("is a file only if it is a PNG", () => {
    const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1]).buffer;
    expect(readReply({ type: "png", data: png })).toEqual({ type: "png", data: png });
    expect(readReply({ type: "png", data: new TextEncoder().encode("<script>").buffer })).toBeNull();
    expect(readReply({ type: "png", data: new ArrayBuffer(0) })).toBeNull();
  });

  it("goes only one way", () => {
    expect(isFigureMessage({ type: "figure", key: "a", theme: {} })).toBe(true);
    for (const wrong of [null, "figure", { type: "figure" }, { type: "figure", key: 1, theme: {} }]) {
      expect(isFigureMessage(wrong)).toBe(false);
    }
  });
});

describe("a Plotly figure", () => {
  const usual = {
    layout: { plot_bgcolor: "#E5ECF6", paper_bgcolor: "white", font: { color: "#2a3f5f" }, colorway: ["#636efa"] },
    data: { bar: [{ a: 1 }], heatmap: [{ b: 2 }] },
  };

  it("has margins that fit its frame", () => {
    const read = (layout: object): ReturnType<typeof readFigure> => {
      return readFigure(JSON.stringify({ data: [], layout: { template: usual, ...layout } }), DAY);
    };
    expect(marginFor(read({}), 440)).toEqual({ l: 52, r: 20, t: 28, b: 40 });
    expect(marginFor(read({ title: { text: "x" } }), 440)).toMatchObject({ t: 48 });
    expect(marginFor(read({ margin: { l: 100, r: 10, pad: 4 }, width: 1000 }), 500)).toEqual({ l: 50, r: 5, pad: 2 });
    expect(marginFor(read({ margin: { l: 100 } }), 1400)).toEqual({ l: 100 });
  });

  it("is a map only if its traces are", () => {
    const notes = (type: string): string[] => readFigure(JSON.stringify({ data: [{ type }] }), DAY).notes;
    for (const type of ["heatmap", "treemap", "histogram2d", "densityheatmap"]) expect(notes(type)).toEqual([]);
    for (const type of ["choropleth", "scattergeo", "scattermap", "densitymapbox", "choroplethmap"]) expect(notes(type)).toHaveLength(1);
  });

  it("keeps a template of its own, and the usual one by day", () => {
    const own = { layout: { plot_bgcolor: "pink" } };
    expect(dressed(own, NIGHT)).toBe(own);
    expect(dressed(usual, DAY)).toBe(usual);
  });

  it("is darkened at night with the colours of its lines", () => {
    expect(dressed(usual, NIGHT)).toMatchObject({
      layout: { paper_bgcolor: "#111", colorway: ["#636efa"] },
      data: { heatmap: [{ b: 2 }] },
    });
    expect(dressed(usual, NIGHT)).not.toHaveProperty("data.bar");
    expect(dressed(undefined, DAY)).toMatchObject({ layout: { paper_bgcolor: "#111", colorway: ["#2f6fe4"] } });
  });

  it("fills its frame; a fixed size gives way to half of it", () => {
    const figure = readFigure('{"data": [{"type": "bar"}, 5], "layout": {"width": 800, "height": 600, "title": "x"}}', DAY);
    expect(figure).toMatchObject({ data: [{ type: "bar" }], leastWidth: 400, leastHeight: 300, frames: [], notes: [] });
    expect(figure.layout).toMatchObject({ title: "x", autosize: false });
    expect(figure.layout).not.toHaveProperty("width");
    expect(readFigure('{"data": [{"type": "choropleth"}]}', DAY).notes).toHaveLength(1);
    expect(() => readFigure("[]", DAY)).toThrow("no Plotly figure");
  });
});

describe("a Bokeh document", () => {
  const text = JSON.stringify({
    version: "3.9.2",
    roots: [
      {
        id: "p1",
        type: "object",
        name: "Column",
        attributes: {
          children: [
            { name: "Figure", attributes: {} },
            { name: "Figure", attributes: { width: 300, background_fill_color: "ivory" } },
          ],
        },
      },
    ],
  });

  it("fills its frame where it has no size, and is darkened where it has no colours", () => {
    const { document, rootIds, version } = readDocument(text);
    fitDocument(document, NIGHT);
    expect([rootIds, version]).toEqual([["p1"], "3.9.2"]);
    const [root] = document["roots"] as { attributes: { sizing_mode: string; children: { attributes: object }[] } }[];
    expect(root?.attributes.sizing_mode).toBe("stretch_both");
    expect(root?.attributes.children[0]?.attributes).toMatchObject({ sizing_mode: "stretch_both", background_fill_color: "#111" });
    expect(root?.attributes.children[1]?.attributes).toEqual({ width: 300, background_fill_color: "ivory" });
  });

  it("of an old Bokeh is refused, of a newer one marked", () => {
    expect(() => readDocument('{"version": "2.4.3", "roots": {"root_ids": []}}')).toThrow("written by Bokeh 2.4.3");
    expect(() => readDocument('{"roots": []}')).toThrow("nothing in it");
    expect(versionNote("3.9.2", "3.10.0")).toEqual([]);
    expect(versionNote("3.11.0", "3.10.0")).toHaveLength(1);
    expect(versionNote("4.0.0", "3.10.0")).toHaveLength(1);
    expect(versionNote(null, "3.10.0")).toEqual([]);
  });
});

describe("a Bokeh document in a frame that is too small for it", () => {
  const figure = (attributes: object) => ({ name: "Figure", attributes: { ...attributes } });
  const fit = (root: { attributes: object }, width: number, height: number): void => fitDocument({ roots: [root] }, DAY, { width, height });
  it("is made smaller as a whole", () => {
    const children = [figure({ width: 400, height: 300 }), figure({ width: 400, height: 200 })];
    fit({ name: "Row", attributes: { width: 800, children } } as never, 400, 300);
    expect(children.map(({ attributes }) => attributes)).toEqual([{ width: 200, height: 150 }, { width: 200, height: 100 }]);
  });
  it("not below what can be read, and never larger", () => {
    const small = figure({ width: 200, height: 100 });
    fit(small, 1000, 1000);
    expect(small.attributes).toEqual({ width: 200, height: 100 });
    const large = figure({ width: 10_000, height: 5_000 });
    fit(large, 100, 100);
    expect(large.attributes).toEqual({ width: 3_500, height: 1_750 });
  });
  it("counts the columns of a grid", () => {
    const cells = [0, 1, 2].map((column) => [figure({ width: 300, height: 300 }), 0, column] as const);
    fit({ name: "GridPlot", attributes: { sizing_mode: "fixed", children: cells } } as never, 450, 900);
    expect(cells.map(([{ attributes }]) => attributes)).toEqual(Array(3).fill({ width: 150, height: 150 }));
  });
});
