/** A Plotly figure made fit for its frame: the page's colours where the figure has none, nothing from outside. */
import type { FrameTheme } from "@/lib/frames/protocol";

type Json = Record<string, unknown>;

export interface PlotlyFigure {
  data: Json[];
  layout: Json;
  frames: Json[];
  leastWidth: number;
  leastHeight: number;
  /** The margin that the figure asks for, made for `wantedWidth`; null where it asks for none. */
  margin: Json | null;
  wantedWidth: number;
  notes: string[];
}

/** Plotly's own margins of 80 to 100 pixels are made for a page of their own. */
const COMPACT_MARGIN = { l: 52, r: 20, t: 28, b: 40 };
const TITLED_TOP = 48;
/** The width that figures without one are made for. */
const USUAL_WIDTH = 700;

/** The margin of a figure in a frame of this width: what it asks for, smaller where it was made for more room. */
export function marginFor({ layout, margin, wantedWidth }: PlotlyFigure, width: number): Json {
  if (margin === null) return { ...COMPACT_MARGIN, ...(layout["title"] === undefined ? {} : { t: TITLED_TOP }) };
  const share = Math.min(1, width / (wantedWidth || USUAL_WIDTH));
  const scaled = (size: unknown): unknown => (typeof size === "number" ? Math.round(size * share) : size);
  return Object.fromEntries(Object.entries(margin).map(([side, size]) => [side, scaled(size)]));
}

/** Traces and layouts that draw on tiles or outlines that Plotly would fetch. */
const MAP_TRACES = new Set([
  "scattergeo",
  "choropleth",
  "scattermap",
  "scattermapbox",
  "choroplethmap",
  "choroplethmapbox",
  "densitymap",
  "densitymapbox",
]);
/** Traces whose usual template is for paper: light lines and grounds. */
const LIGHT_TRACES = new Set(["bar", "barpolar", "carpet", "table"]);
/** A figure with a fixed size is squeezed into its tile down to this share of it, then the tile scrolls. */
const LEAST_SHARE = 0.5;
const OUR_MARGIN: Json = { l: 56, r: 24, t: 48, b: 44 };

export function readFigure(text: string, theme: FrameTheme): PlotlyFigure {
  const figure: unknown = JSON.parse(text);
  if (!isJson(figure)) throw new Error("This is no Plotly figure.");
  const data = list(figure["data"]);
  const layout = isJson(figure["layout"]) ? { ...figure["layout"] } : {};
  const frames = list(figure["frames"]);
  const wanted = { width: numberOr(layout["width"], 0), height: numberOr(layout["height"], 0) };
  delete layout["width"];
  delete layout["height"];
  layout["autosize"] = false;
  layout["template"] = dressed(layout["template"], theme);
  const notes: string[] = [];
  if (data.some((trace) => typeof trace["type"] === "string" && MAP_TRACES.has(trace["type"]))) {
    notes.push("Maps are drawn without the outlines of countries and without tiles: they would come from another server.");
  }
  const least = { leastWidth: wanted.width * LEAST_SHARE, leastHeight: wanted.height * LEAST_SHARE };
  return { data, layout, frames, ...least, margin: marginOf(layout), wantedWidth: wanted.width, notes };
}

function marginOf(layout: Json): Json | null {
  const template = isJson(layout["template"]) && isJson(layout["template"]["layout"]) ? layout["template"]["layout"] : {};
  const own = isJson(layout["margin"]) ? layout["margin"] : null;
  const usual = isJson(template["margin"]) && template["margin"] !== OUR_MARGIN ? template["margin"] : null;
  return own || usual ? { ...usual, ...own } : null;
}

/**
 * The figure's template, unless the page has reason to put on its own: where there is none, and at night where it is
 * the one that Plotly's Python writes into every figure. Then lines and bars still keep their colours.
 */
export function dressed(template: unknown, theme: FrameTheme): unknown {
  const look = isJson(template) && isJson(template["layout"]) ? template["layout"] : {};
  if (Object.keys(look).length === 0) return templateOf(theme);
  const font = isJson(look["font"]) ? look["font"]["color"] : undefined;
  const isUsual = look["plot_bgcolor"] === "#E5ECF6" && look["paper_bgcolor"] === "white" && font === "#2a3f5f";
  if (!isUsual || !theme.isDark) return template;
  const ours = templateOf(theme);
  const { colorway, colorscale } = look;
  const data =
    isJson(template) && isJson(template["data"])
      ? Object.fromEntries(Object.entries(template["data"]).filter(([trace]) => !LIGHT_TRACES.has(trace)))
      : {};
  return {
    data,
    layout: {
      ...(ours["layout"] as Json),
      ...(colorway === undefined ? {} : { colorway }),
      ...(colorscale === undefined ? {} : { colorscale }),
    },
  };
}

export function templateOf(theme: FrameTheme): Json {
  const axis = {
    gridcolor: theme.line,
    linecolor: theme.line,
    zerolinecolor: theme.line,
    tickcolor: theme.line,
    automargin: true,
    title: { standoff: 8 },
  };
  const flat = { ...axis, backgroundcolor: theme.surface, showbackground: true };
  return {
    layout: {
      paper_bgcolor: theme.surface,
      plot_bgcolor: theme.surface,
      font: { color: theme.text, family: theme.font, size: 12 },
      colorway: [...theme.palette],
      title: { x: 0.02, font: { size: 14 } },
      margin: OUR_MARGIN,
      hoverlabel: { font: { family: theme.font } },
      hovermode: "closest",
      xaxis: axis,
      yaxis: axis,
      scene: { xaxis: flat, yaxis: flat, zaxis: flat },
      polar: { bgcolor: theme.surface, angularaxis: axis, radialaxis: axis },
      ternary: { bgcolor: theme.surface, aaxis: axis, baxis: axis, caxis: axis },
      geo: { bgcolor: theme.surface, landcolor: theme.surface, lakecolor: theme.surface, showland: true },
      colorscale: { sequential: "Viridis", sequentialminus: "Viridis", diverging: "RdBu" },
      coloraxis: { colorbar: { outlinewidth: 0 } },
      // Plotly paints the pressed button almost white, whatever the template says.
      updatemenudefaults: { bgcolor: "#c3c7cf", bordercolor: theme.line, font: { color: "#17181c" } },
      sliderdefaults: { bgcolor: theme.line, bordercolor: theme.line, font: { color: theme.text } },
      annotationdefaults: { arrowcolor: theme.text },
    },
    data: { heatmap: [{ colorbar: { outlinewidth: 0 } }], bar: [{ marker: { line: { width: 0 } } }] },
  };
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isJson) : [];
}

function numberOr(value: unknown, other: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : other;
}
