/** A graph as layers of boxes: drag and wheel to look around, click for what a node says, search by name. */
import type { JSX, TargetedPointerEvent, TargetedWheelEvent } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { GraphRecord } from "@/api/schema";
import { formatNumber } from "@/lib/text/format";
import { FigureThumb } from "@/media/figure/FigureStill";
import { fetchText, figureTexts } from "@/media/figure/texts";
import { type GraphLayout, type GraphNode, NODE_HEIGHT, curveOf, layOut, readGraph } from "@/media/graph/layout";
import type { CardProps } from "@/media/view";
import { Button, IconButton } from "@/parts/Button";
import { useRecovery } from "@/parts/useRecovery";
import "@/media/graph/graph.css";

interface Sight {
  /** Of the drawing's upper left corner, CSS pixels. */
  x: number;
  y: number;
  scale: number;
}

const LEAST_SCALE = 0.02;
const MOST_SCALE = 4;
const READABLE = 0.7;
const ZOOM = 1.25;

export function graphWords(record: GraphRecord): string {
  return `${formatNumber(record.node_count ?? 0)} nodes, ${formatNumber(record.edge_count ?? 0)} edges`;
}

export function GraphCard({ record, size, box }: CardProps<GraphRecord>): JSX.Element {
  if (size === "thumb") return <FigureThumb icon="graph" text={graphWords(record)} />;
  return <Graph record={record} size={size} box={box} />;
}

function Graph({
  record,
  size,
  box,
}: {
  record: GraphRecord;
  size: "cell" | "full";
  box: { width: number; height: number } | undefined;
}): JSX.Element {
  const load = (): Promise<string> => fetchText(record.blob);
  const state = figureTexts.of(record.blob.sha256, record.blob.size_bytes, load).value;
  const text = state.is === "ready" ? state.text : null;
  const made = useMemo(() => {
    if (text === null) return null;
    try {
      const graph = readGraph(text);
      return { graph, layout: layOut(graph) };
    } catch (thrown) {
      return { reason: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }, [text]);
  const retry = (): void => figureTexts.retry(record.blob.sha256, load);
  useRecovery(state.is === "failed" ? retry : undefined);
  if (state.is === "failed") {
    return (
      <div class="figure figure-words figure-failed" role="alert">
        <span>
          {state.error.message} {state.error.hint}
        </span>
        <Button look="plain" icon="reset" onClick={retry}>
          Try again
        </Button>
      </div>
    );
  }
  if (!made) return <div class="figure figure-words">loading</div>;
  if ("reason" in made) {
    return (
      <div class="figure figure-words figure-failed" role="alert">
        It can't be drawn: {made.reason}
      </div>
    );
  }
  if (made.graph.nodes.length === 0) return <div class="figure figure-words">The graph has no nodes.</div>;
  return <Drawing nodes={made.graph.nodes} layout={made.layout} words={graphWords(record)} size={size} box={box} />;
}

interface DrawingProps {
  nodes: readonly GraphNode[];
  layout: GraphLayout;
  words: string;
  size: "cell" | "full";
  box: { width: number; height: number } | undefined;
}

function Drawing({ nodes, layout, words, size, box }: DrawingProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const [measured, setMeasured] = useState<{ width: number; height: number } | null>(null);
  const [moved, setMoved] = useState<Sight | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [search, setSearch] = useState("");
  const drag = useRef<{ x: number; y: number; sight: Sight; isMoved: boolean } | null>(null);
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setMeasured({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const room = measured ?? box ?? { width: 320, height: 240 };
  const sight = moved ?? startOf(layout, room);
  const wanted = search.trim().toLowerCase();
  const found = useMemo(
    () => (wanted === "" ? [] : nodes.filter(({ name, className, id }) => `${name} ${className} ${id}`.toLowerCase().includes(wanted))),
    [nodes, wanted],
  );
  const isFound = new Set(found.map(({ id }) => id));
  const inside = (x: number, y: number, margin: number): boolean => {
    const [left, top] = [x * sight.scale + sight.x, y * sight.scale + sight.y];
    return left > -margin && top > -margin && left < room.width + margin && top < room.height + margin;
  };
  const zoom = (factor: number, x = room.width / 2, y = room.height / 2): void => {
    const scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, sight.scale * factor));
    const ratio = scale / sight.scale;
    setMoved({ scale, x: x - (x - sight.x) * ratio, y: y - (y - sight.y) * ratio });
  };
  const show = (id: string): void => {
    const spot = layout.spots.get(id);
    if (!spot) return;
    const scale = Math.max(sight.scale, 0.8);
    setMoved({ scale, x: room.width / 2 - spot.x * scale, y: room.height / 2 - spot.y * scale });
    setChosen(id);
  };
  const onWheel = (event: TargetedWheelEvent<SVGSVGElement>): void => {
    if (size !== "full" && !event.ctrlKey && !event.metaKey) return; // in a panel the wheel scrolls the page
    event.preventDefault();
    const at = event.currentTarget.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * 0.0015), event.clientX - at.left, event.clientY - at.top);
  };
  const onDown = (event: TargetedPointerEvent<SVGSVGElement>): void => {
    drag.current = { x: event.clientX, y: event.clientY, sight, isMoved: false };
  };
  const onMove = (event: TargetedPointerEvent<SVGSVGElement>): void => {
    const start = drag.current;
    if (!start || event.buttons === 0) return;
    const [x, y] = [event.clientX - start.x, event.clientY - start.y];
    if (!start.isMoved && Math.hypot(x, y) < 4) return;
    if (!start.isMoved) event.currentTarget.setPointerCapture(event.pointerId);
    start.isMoved = true;
    setMoved({ ...start.sight, x: start.sight.x + x, y: start.sight.y + y });
  };
  const hasText = sight.scale >= 0.4;
  const node = nodes.find(({ id }) => id === chosen);
  const near =
    chosen === null ? null : new Set(layout.paths.flatMap(({ from, to }) => (from === chosen || to === chosen ? [from, to] : [])));
  return (
    <div ref={frame} class={`figure graph graph-${size}`} data-own-pointer>
      <svg
        class="graph-drawing"
        role="img"
        aria-label={`graph of ${words}`}
        onWheel={onWheel}
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={() => (drag.current = null)}
        onClick={(event) => event.target === event.currentTarget && setChosen(null)}
      >
        <defs>
          <marker id="graph-arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0.5 L8 4 L0 7.5 Z" class="graph-arrow" />
          </marker>
        </defs>
        <g transform={`translate(${sight.x} ${sight.y}) scale(${sight.scale})`}>
          {layout.paths.map(({ from, to, name, points }, at) => {
            const isNear = chosen !== null && (from === chosen || to === chosen);
            const middle = points[Math.floor(points.length / 2)];
            return (
              <g key={at}>
                <path
                  class={`graph-edge${isNear ? " graph-edge-near" : ""}`}
                  d={curveOf(points)}
                  marker-end={hasText ? "url(#graph-arrow)" : undefined}
                />
                {name && hasText && middle && (
                  <text class="graph-edge-name" x={middle.x + 4} y={middle.y - 4}>
                    {name}
                  </text>
                )}
              </g>
            );
          })}
          {nodes.map(({ id, name, className, fields }) => {
            const spot = layout.spots.get(id);
            if (!spot || !inside(spot.x, spot.y, spot.width * sight.scale)) return null;
            const states = [
              id === chosen ? " graph-node-chosen" : "",
              isFound.has(id) ? " graph-node-found" : "",
              near && !near.has(id) ? " graph-node-far" : "",
              fields["is_output"] === true ? " graph-node-output" : "",
            ];
            return (
              <g
                key={id}
                class={`graph-node${states.join("")}`}
                transform={`translate(${spot.x - spot.width / 2} ${spot.y - NODE_HEIGHT / 2})`}
                onClick={() => !drag.current?.isMoved && setChosen(id)}
              >
                <rect width={spot.width} height={NODE_HEIGHT} rx={4} />
                {hasText && (
                  <>
                    <text class="graph-name" x={spot.width / 2} y={className ? 16 : 23}>
                      {fitted(name, spot.width)}
                    </text>
                    {className && (
                      <text class="graph-class" x={spot.width / 2} y={30}>
                        {fitted(className, spot.width)}
                      </text>
                    )}
                  </>
                )}
                <title>{className ? `${name} (${className})` : name}</title>
              </g>
            );
          })}
        </g>
      </svg>
      <div class="graph-tools" data-own-keys>
        {(size === "full" || room.width >= 380) && (
          <input
            class="graph-search"
            type="search"
            placeholder="Find a node"
            aria-label="Find a node"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || found.length === 0) return;
              const next = found[(found.findIndex(({ id }) => id === chosen) + 1) % found.length];
              if (next) show(next.id);
            }}
          />
        )}
        {wanted !== "" && <span class="graph-count" role="status">{found.length}</span>}
        <IconButton icon="minus" label="Zoom out" size={14} onClick={() => zoom(1 / ZOOM)} />
        <IconButton icon="plus" label="Zoom in" size={14} onClick={() => zoom(ZOOM)} />
        <IconButton icon="expand" label="Fit all into view" size={14} onClick={() => setMoved(wholeOf(layout, room))} />
      </div>
      {node && <Details node={node} onClose={() => setChosen(null)} />}
      <span class="graph-words">{words}</span>
    </div>
  );
}

function Details({ node, onClose }: { node: GraphNode; onClose: () => void }): JSX.Element {
  const rows = Object.entries(node.fields).filter(([name, value]) => name !== "name" && value !== null);
  return (
    <aside class="graph-details" aria-label={`Node ${node.name}`}>
      <header>
        <b class="truncate" title={node.name}>
          {node.name}
        </b>
        <IconButton icon="close" label="Close" size={12} onClick={onClose} />
      </header>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name.replaceAll("_", " ")}</dt>
            <dd>{typeof value === "number" ? formatNumber(value) : typeof value === "string" ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
    </aside>
  );
}

/** All of it where that is readable, else its beginning at a readable size. */
function startOf(layout: GraphLayout, room: { width: number; height: number }): Sight {
  const whole = wholeOf(layout, room);
  if (whole.scale >= READABLE) return whole;
  const scale = Math.min(1, Math.max(READABLE, room.width / layout.width));
  const top = [...layout.spots.values()].filter(({ y }) => y < NODE_HEIGHT + 20);
  const middle = top.reduce((sum, { x }) => sum + x, 0) / Math.max(1, top.length);
  return { scale, x: room.width / 2 - middle * scale, y: 8 };
}

function wholeOf(layout: GraphLayout, room: { width: number; height: number }): Sight {
  const scale = Math.min(1, room.width / layout.width, room.height / layout.height);
  return { scale, x: (room.width - layout.width * scale) / 2, y: (room.height - layout.height * scale) / 2 };
}

function fitted(text: string, width: number): string {
  const letters = Math.floor((width - 12) / 6.4);
  return text.length <= letters ? text : `${text.slice(0, Math.max(1, letters - 1))}…`;
}
