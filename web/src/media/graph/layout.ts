/** Where the nodes of a graph lie: layers by longest path, order within a layer by the middles of neighbours. Pure functions. */

export interface GraphNode {
  id: string;
  name: string;
  className: string;
  fields: Readonly<Record<string, unknown>>;
}

export interface GraphData {
  nodes: GraphNode[];
  edges: { from: string; to: string; name: string | null }[];
}

/** What the blob says; nodes that only edges name are there too. */
export function readGraph(text: string): GraphData {
  const content: unknown = JSON.parse(text);
  if (!isJson(content) || !Array.isArray(content["nodes"]) || !Array.isArray(content["edges"])) throw new Error("This is no graph.");
  const nodes = new Map<string, GraphNode>();
  content["nodes"].forEach((raw: unknown, at) => {
    const fields = isJson(raw) ? raw : {};
    const id = String(fields["id"] ?? at);
    nodes.set(id, { id, name: String(fields["name"] ?? id), className: String(fields["class_name"] ?? ""), fields });
  });
  const edges: GraphData["edges"] = [];
  for (const raw of content["edges"] as unknown[]) {
    if (!Array.isArray(raw) || raw.length < 2) continue;
    const [from, to, name] = [String(raw[0]), String(raw[1]), raw[2] === undefined || raw[2] === null ? null : String(raw[2])];
    for (const id of [from, to]) if (!nodes.has(id)) nodes.set(id, { id, name: id, className: "", fields: {} });
    edges.push({ from, to, name });
  }
  return { nodes: [...nodes.values()], edges };
}

export interface Spot {
  x: number;
  y: number;
  width: number;
}

export interface GraphLayout {
  /** The middle of each node. */
  spots: Map<string, Spot>;
  /** Each edge's points, from the foot of a node to the head of another. */
  paths: { from: string; to: string; name: string | null; points: { x: number; y: number }[] }[];
  width: number;
  height: number;
}

export const NODE_HEIGHT = 38;
const LAYER_GAP = 34;
const NODE_GAP = 22;
const BEND_WIDTH = 14;
const MARGIN = 16;
const SWEEPS = 8;
const LETTER = 6.6;
const NARROWEST = 72;
const WIDEST = 220;

export function nodeWidth(node: GraphNode): number {
  const longest = Math.max(node.name.length, node.className.length);
  return Math.round(Math.min(WIDEST, Math.max(NARROWEST, longest * LETTER + 20)));
}

/** A node, or the bend of an edge that passes a layer. */
interface Item {
  id: string;
  layer: number;
  width: number;
  above: Item[];
  below: Item[];
  x: number;
}

export function layOut(graph: GraphData): GraphLayout {
  const layers = layersOf(graph);
  const items = new Map<string, Item>(
    graph.nodes.map((node) => [
      node.id,
      { id: node.id, layer: layers.get(node.id) ?? 0, width: nodeWidth(node), above: [], below: [], x: 0 },
    ]),
  );
  const all = [...items.values()];
  const chains: Item[][] = [];
  for (const { from, to } of graph.edges) {
    let [start, end] = [items.get(from) as Item, items.get(to) as Item];
    const isBackwards = start.layer > end.layer;
    if (isBackwards) [start, end] = [end, start];
    const chain = [start];
    for (let layer = start.layer + 1; layer < end.layer; layer++) {
      const bend: Item = { id: "", layer, width: BEND_WIDTH, above: [], below: [], x: 0 };
      all.push(bend);
      chain.push(bend);
    }
    if (end !== start) chain.push(end);
    for (let at = 1; at < chain.length; at++) {
      (chain[at - 1] as Item).below.push(chain[at] as Item);
      (chain[at] as Item).above.push(chain[at - 1] as Item);
    }
    chains.push(isBackwards ? [...chain].reverse() : chain);
  }
  const rows: Item[][] = [];
  for (const item of all) (rows[item.layer] ??= []).push(item);
  order(rows);
  place(rows);
  const left = Math.min(0, ...all.map((item) => item.x - item.width / 2));
  const right = Math.max(0, ...all.map((item) => item.x + item.width / 2));
  const yOf = (layer: number): number => MARGIN + NODE_HEIGHT / 2 + layer * (NODE_HEIGHT + LAYER_GAP);
  const xOf = (item: Item): number => item.x - left + MARGIN;
  return {
    spots: new Map([...items.values()].map((item) => [item.id, { x: xOf(item), y: yOf(item.layer), width: item.width }])),
    paths: graph.edges.map((edge, at) => ({ ...edge, points: pointsOf(chains[at] as Item[], xOf, yOf) })),
    width: right - left + 2 * MARGIN,
    height: rows.length * (NODE_HEIGHT + LAYER_GAP) - LAYER_GAP + 2 * MARGIN,
  };
}

/** Each node below all that lead to it; edges that close a circle are not counted. */
function layersOf({ nodes, edges }: GraphData): Map<string, number> {
  const next = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const { from, to } of edges) if (from !== to) next.get(from)?.push(to);
  const back = circleEdges(nodes.map(({ id }) => id), next);
  const waitingFor = new Map<string, number>(nodes.map(({ id }) => [id, 0]));
  const forward = (from: string): string[] => (next.get(from) ?? []).filter((to) => !back.has(`${from}\u0000${to}`));
  for (const { id } of nodes) for (const to of forward(id)) waitingFor.set(to, (waitingFor.get(to) ?? 0) + 1);
  const layers = new Map<string, number>();
  const ready = nodes.filter(({ id }) => waitingFor.get(id) === 0).map(({ id }) => id);
  for (const id of ready) layers.set(id, 0);
  for (let at = 0; at < ready.length; at++) {
    const id = ready[at] as string;
    for (const to of forward(id)) {
      layers.set(to, Math.max(layers.get(to) ?? 0, (layers.get(id) ?? 0) + 1));
      const left = (waitingFor.get(to) ?? 0) - 1;
      waitingFor.set(to, left);
      if (left === 0) ready.push(to);
    }
  }
  return layers;
}

/** The edges that lead back to a node on the way (depth first, without recursion: a graph may be a long chain). */
function circleEdges(ids: readonly string[], next: ReadonlyMap<string, string[]>): Set<string> {
  const back = new Set<string>();
  const state = new Map<string, "open" | "done">();
  for (const start of ids) {
    if (state.has(start)) continue;
    const way: { id: string; at: number }[] = [{ id: start, at: 0 }];
    state.set(start, "open");
    for (let top = way.at(-1); top; top = way.at(-1)) {
      const to = next.get(top.id)?.[top.at];
      top.at += 1;
      if (to === undefined) {
        state.set(top.id, "done");
        way.pop();
      } else if (state.get(to) === "open") back.add(`${top.id}\u0000${to}`);
      else if (!state.has(to)) {
        state.set(to, "open");
        way.push({ id: to, at: 0 });
      }
    }
  }
  return back;
}

/** Few crossings: every item goes to the middle of its neighbours in the row above, then below, and so on. */
function order(rows: Item[][]): void {
  const spot = new Map<Item, number>();
  const number = (row: Item[]): void => row.forEach((item, at) => spot.set(item, at));
  rows.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    const sequence = isDown ? rows : [...rows].reverse();
    for (const row of sequence) {
      const middle = new Map(row.map((item) => {
        const others = isDown ? item.above : item.below;
        return [
          item,
          others.length > 0 ? others.reduce((sum, other) => sum + (spot.get(other) ?? 0), 0) / others.length : (spot.get(item) ?? 0),
        ];
      }));
      row.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
      number(row);
    }
  }
}

/** Items side by side in their order, each as near to the middle of its neighbours as the others let it. */
function place(rows: Item[][]): void {
  for (const row of rows) {
    let x = 0;
    for (const item of row) {
      item.x = x + item.width / 2;
      x += item.width + NODE_GAP;
    }
    for (const item of row) item.x -= x / 2;
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const row of isDown ? rows : [...rows].reverse()) settle(row, (item) => middleOf(isDown ? item.above : item.below) ?? item.x);
  }
}

function middleOf(items: readonly Item[]): number | null {
  return items.length === 0 ? null : items.reduce((sum, { x }) => sum + x, 0) / items.length;
}

/** Least squares with gaps kept: neighbours that would overlap move as one block around the middle of their wishes. */
function settle(row: readonly Item[], wish: (item: Item) => number): void {
  const blocks: { items: Item[]; offsets: number[]; width: number; sum: number; count: number }[] = [];
  for (const item of row) {
    let block = { items: [item], offsets: [0], width: item.width, sum: wish(item), count: 1 };
    for (let before = blocks.at(-1); before; before = blocks.at(-1)) {
      const lastBefore = before.items.at(-1) as Item;
      const endOfBefore = before.sum / before.count + (before.offsets.at(-1) as number) + lastBefore.width / 2;
      const startOfBlock = block.sum / block.count - (block.items[0] as Item).width / 2;
      if (endOfBefore + NODE_GAP <= startOfBlock) break;
      blocks.pop();
      const shift = (before.offsets.at(-1) as number) + lastBefore.width / 2 + NODE_GAP + (block.items[0] as Item).width / 2;
      block = {
        items: [...before.items, ...block.items],
        offsets: [...before.offsets, ...block.offsets.map((offset) => offset + shift)],
        width: 0,
        sum: before.sum + block.sum - shift * block.count,
        count: before.count + block.count,
      };
    }
    blocks.push(block);
  }
  for (const { items, offsets, sum, count } of blocks) items.forEach((item, at) => (item.x = sum / count + (offsets[at] as number)));
}

function pointsOf(chain: readonly Item[], xOf: (item: Item) => number, yOf: (layer: number) => number): { x: number; y: number }[] {
  const [first, last] = [chain[0] as Item, chain.at(-1) as Item];
  if (first === last) {
    // An edge to itself: a loop at the right side.
    const [x, y] = [xOf(first) + first.width / 2, yOf(first.layer)];
    return [{ x, y: y - 8 }, { x: x + 16, y: y - 8 }, { x: x + 16, y: y + 8 }, { x, y: y + 8 }];
  }
  const half = (first.layer < last.layer ? 1 : -1) * (NODE_HEIGHT / 2);
  return [
    { x: xOf(first), y: yOf(first.layer) + half },
    ...chain.slice(1, -1).map((bend) => ({ x: xOf(bend), y: yOf(bend.layer) })),
    { x: xOf(last), y: yOf(last.layer) - half },
  ];
}

/** A smooth line through the points, upright at each of them. */
export function curveOf(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let before = first;
  const parts = [`M${round(first.x)} ${round(first.y)}`];
  for (const point of rest) {
    const middle = (before.y + point.y) / 2;
    parts.push(
      Math.abs(point.x - before.x) < 0.5 || point.y === before.y
        ? `L${round(point.x)} ${round(point.y)}`
        : `C${round(before.x)} ${round(middle)} ${round(point.x)} ${round(middle)} ${round(point.x)} ${round(point.y)}`,
    );
    before = point;
  }
  return parts.join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function isJson(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
