import { describe, expect, it } from "vitest";
import { NODE_HEIGHT, type GraphData, curveOf, layOut, readGraph } from "@/media/graph/layout";

function graphOf(count: number, edges: [number, number][]): GraphData {
  return readGraph(
    JSON.stringify({
      nodes: Array.from({ length: count }, (_, id) => ({ id: String(id), name: `n${id}` })),
      edges: edges.map(([from, to]) => [String(from), String(to)]),
    }),
  );
}

function checkNoOverlap(graph: GraphData): void {
  const spots = [...layOut(graph).spots.values()].sort((a, b) => a.y - b.y || a.x - b.x);
  for (let at = 1; at < spots.length; at++) {
    const [a, b] = [spots[at - 1] as (typeof spots)[0], spots[at] as (typeof spots)[0]];
    if (a.y === b.y) expect(b.x - b.width / 2).toBeGreaterThanOrEqual(a.x + a.width / 2);
  }
}

describe("reading a graph", () => {
  it("takes numbers for ids, and nodes that only edges name", () => {
    const graph = readGraph('{"nodes": [{"id": 1, "class_name": "C"}, 5, {"id": 2, "name": null}], "edges": [[1, 7, "x"], [1], "no"]}');
    expect(graph.nodes.map(({ id, name, className }) => [id, name, className])).toEqual([["1", "1", ""], ["2", "2", ""], ["7", "7", ""]]);
    expect(graph.edges).toEqual([{ from: "1", to: "7", name: "x" }]);
  });

  it("refuses what is none", () => {
    expect(() => readGraph("{}")).toThrow("no graph");
    expect(() => readGraph("[]")).toThrow("no graph");
  });
});

describe("the layout", () => {
  it("puts every node below all that lead to it", () => {
    const graph = graphOf(6, [[0, 1], [1, 2], [0, 2], [2, 3], [0, 4], [4, 3], [3, 5]]);
    const { spots, paths } = layOut(graph);
    for (const { from, to } of graph.edges) expect((spots.get(to)?.y ?? 0) - (spots.get(from)?.y ?? 0)).toBeGreaterThan(NODE_HEIGHT);
    expect(paths.find(({ from, to }) => from === "0" && to === "2")?.points).toHaveLength(3);
    checkNoOverlap(graph);
  });

  it("draws circles, loops and twins", () => {
    const graph = graphOf(3, [[0, 1], [1, 2], [2, 0], [1, 1], [0, 1]]);
    const { spots, paths } = layOut(graph);
    expect(spots.size).toBe(3);
    expect(paths).toHaveLength(5);
    for (const { points } of paths) for (const { x, y } of points) expect(Number.isFinite(x + y)).toBe(true);
    checkNoOverlap(graph);
  });

  it("does not run out of stack on a long chain", () => {
    const graph = graphOf(5_000, Array.from({ length: 4_999 }, (_, at) => [at, at + 1] as [number, number]));
    const { spots, width } = layOut(graph);
    expect(spots.size).toBe(5_000);
    expect(width).toBeLessThan(200);
  });

  it("puts random graphs side by side without overlap", () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    const edges = Array.from({ length: 700 }, () => {
      const to = 1 + random(499);
      return [Math.max(0, to - 1 - random(12)), to] as [number, number];
    });
    const graph = graphOf(500, edges);
    checkNoOverlap(graph);
  });

  it("curves through its points", () => {
    expect(curveOf([{ x: 0, y: 0 }, { x: 0, y: 10 }])).toBe("M0 0L0 10");
    expect(curveOf([{ x: 0, y: 0 }, { x: 10, y: 10 }])).toBe("M0 0C0 5 10 5 10 10");
    expect(curveOf([])).toBe("");
  });
});
