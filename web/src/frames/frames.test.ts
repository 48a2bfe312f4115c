import { describe, expect, it } from "vitest";
import { fitDocument, readDocument, versionNote } from "@/frames/bokehDocument";
import { dressed, readFigure } from "@/frames/plotlyFigure";
import { type FrameTheme, isFigureMessage, readReply } from "@/frames/protocol";

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
