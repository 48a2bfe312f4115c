/**
 * Draws a Vega specification without compiling code (its expressions are interpreted), and without loading anything:
 * for our own charts in the page, and for users' specifications in their frame.
 */
import { type Loader, type Spec, View, Warn, parse } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { type TopLevelSpec, compile } from "vega-lite";
import type { FrameTheme } from "@/lib/frames/protocol";
import type { Json, VegaMode } from "@/media/vega/spec";

export interface VegaOptions {
  mode: VegaMode;
  /** What the pointer is over, as lines of text; null when it is over nothing. */
  onTip?: (lines: readonly string[] | null, x: number, y: number) => void;
}

export interface DrawnVega {
  view: View;
  /** What Vega complained of. */
  notes: string[];
  canvas(scale: number): Promise<HTMLCanvasElement>;
  finish(): void;
}

const NOTES_LIMIT = 5;
const TIP_LINES = 20;

/** Refuses every address. Pictures inside the specification (data:) are drawn. */
const closedLoader: Loader = {
  load: (uri) => Promise.reject(new Error(`“${uri.slice(0, 100)}” is not loaded: data must be inside the specification.`)),
  sanitize: (uri) =>
    /^data:image\/(?:png|jpeg|gif|webp);/.test(uri)
      ? Promise.resolve({ href: uri })
      : Promise.reject(new Error(`“${uri.slice(0, 100)}” is not loaded.`)),
  http: () => Promise.reject(new Error("Nothing is loaded from the network.")),
  file: () => Promise.reject(new Error("No file is read.")),
};

export async function drawVega(element: HTMLElement, spec: Json, theme: FrameTheme, { mode, onTip }: VegaOptions): Promise<DrawnVega> {
  const notes: string[] = [];
  const note = (...parts: readonly unknown[]): void => {
    const text = parts.map(String).join(" ");
    if (notes.length < NOTES_LIMIT && !notes.includes(text)) notes.push(text);
  };
  const logger = {
    level: () => Warn,
    error: (...parts: readonly unknown[]) => (note(...parts), logger),
    warn: (...parts: readonly unknown[]) => (note(...parts), logger),
    info: () => logger,
    debug: () => logger,
  };
  const config = configOf(theme);
  const full = mode === "vega" ? (spec as unknown as Spec) : translated(spec, config, logger);
  const runtime = parse(full, mode === "vega" ? (config as never) : {}, { ast: true });
  const view = new View(runtime, {
    expr: expressionInterpreter,
    loader: closedLoader,
    logger: logger as never,
    renderer: "canvas",
    hover: true,
  } as never);
  view.tooltip((_handler: unknown, event: MouseEvent | null, _item: unknown, value: unknown) => {
    onTip?.(event ? tipLines(value) : null, event?.clientX ?? 0, event?.clientY ?? 0);
  });
  try {
    await view.initialize(element).runAsync();
  } catch (thrown) {
    view.finalize();
    throw thrown;
  }
  return { view, notes, canvas: (scale) => view.toCanvas(scale) as Promise<HTMLCanvasElement>, finish: () => view.finalize() };
}

/** Vega-Lite stumbles over what it does not know, in words of its own. */
function translated(spec: Json, config: Json, logger: object): Spec {
  try {
    return compile(spec as unknown as TopLevelSpec, { config, logger: logger as never }).spec;
  } catch (thrown) {
    throw new Error(`Vega-Lite does not understand this specification (${thrown instanceof Error ? thrown.message : String(thrown)}).`, {
      cause: thrown,
    });
  }
}

export function tipLines(value: unknown): string[] | null {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value !== "object") return [String(value)];
  const lines = Object.entries(value).map(
    ([name, inner]) => `${name}: ${typeof inner === "object" ? JSON.stringify(inner) : String(inner)}`,
  );
  return lines.length > TIP_LINES ? [...lines.slice(0, TIP_LINES), `and ${lines.length - TIP_LINES} more`] : lines;
}

/** The page's look; a specification's own config wins. */
export function configOf(theme: FrameTheme): Json {
  const { text, faint, line, accent, font, palette } = theme;
  const axis = {
    labelColor: faint,
    titleColor: theme.text,
    gridColor: line,
    domainColor: line,
    tickColor: line,
    labelFont: font,
    titleFont: font,
    labelFontSize: 11,
    titleFontSize: 11.5,
    titleFontWeight: 500,
    titlePadding: 6,
    gridOpacity: 0.7,
    labelLimit: 140,
  };
  return {
    background: "transparent",
    font,
    padding: 8,
    view: { stroke: null, continuousWidth: 320, continuousHeight: 220 },
    style: { "guide-label": { fill: faint, font }, "guide-title": { fill: text, font }, "group-title": { fill: text, font } },
    axis,
    legend: {
      labelColor: text,
      titleColor: text,
      labelFont: font,
      titleFont: font,
      labelFontSize: 11,
      titleFontSize: 11.5,
      titleFontWeight: 500,
      symbolStrokeWidth: 2,
      labelLimit: 180,
    },
    title: { color: text, font, fontSize: 13, fontWeight: 600, anchor: "start", subtitleColor: faint },
    header: { labelColor: text, titleColor: text, labelFont: font, titleFont: font },
    range: { category: [...palette] },
    mark: { color: palette[0] ?? accent },
    text: { color: text },
    rule: { color: faint },
  };
}
