/** A Bokeh document made fit for its frame: as large as it, in the page's colours where the figure has none. */
import type { FrameTheme } from "@/lib/frames/protocol";

type Json = Record<string, unknown>;

const LAYOUTS = new Set(["Row", "Column", "GridBox", "GridPlot", "Tabs"]);
const FIGURES = new Set(["Figure", "Plot", "figure"]);
const DEPTH_LIMIT = 200;

export function readDocument(text: string): { document: Json; rootIds: string[]; version: string | null } {
  const content: unknown = JSON.parse(text);
  if (!isJson(content)) throw new Error("This is no Bokeh document.");
  const { roots, version } = content;
  // Before Bokeh 3 roots were {root_ids, references}.
  if (isJson(roots)) {
    throw new Error(
      `It was written by Bokeh ${typeof version === "string" ? version : "2 or older"}. Documents from Bokeh 3 on can be drawn.`,
    );
  }
  const rootIds = (Array.isArray(roots) ? roots : []).flatMap((root: unknown) =>
    isJson(root) && typeof root["id"] === "string" ? [root["id"]] : [],
  );
  if (rootIds.length === 0) throw new Error("The document has nothing in it.");
  return { document: content, rootIds, version: typeof version === "string" ? version : null };
}

/** Words for a document of a Bokeh that this BokehJS may not understand. */
export function versionNote(written: string | null, ours: string): string[] {
  if (written === null) return [];
  const [major, minor] = written.split(".").map(Number);
  const [ourMajor, ourMinor] = ours.split(".").map(Number);
  if (major === undefined || Number.isNaN(major) || (major === ourMajor && (minor ?? 0) <= (ourMinor ?? 0))) return [];
  return [`It was written by Bokeh ${written}; this page draws it with BokehJS ${ours}, which may show it differently.`];
}

/** Smaller than this share of its own size nothing can be read: then the frame scrolls. */
const LEAST_SHARE = 0.35;
/** Of a figure that says only one of its sides. */
const USUAL_SIDE = 600;
const SIZES = ["width", "height", "frame_width", "frame_height", "min_width", "min_height"];

/**
 * Let roots and what lies in them fill the frame, or, where they have sizes of their own, make them as much smaller as they
 * are too large for it; at night, darken what has no colours.
 */
export function fitDocument(content: Json, theme: FrameTheme, room?: { width: number; height: number }): void {
  const roots = list(content["roots"]);
  for (const root of roots) {
    stretch(root, 0);
    if (!room) continue;
    const size = sizeOf(root, 0);
    // Several roots stand below one another: the frame scrolls down, but not to the side.
    const across = size.width > 0 ? room.width / size.width : 1;
    const down = roots.length === 1 && size.height > 0 ? room.height / size.height : 1;
    const share = Math.max(LEAST_SHARE, Math.min(1, across, down));
    if (share < 1) shrink(root, share, 0);
  }
  if (theme.isDark) darken(content["roots"], theme, 0);
}

function stretch(model: unknown, depth: number): void {
  if (!isModel(model) || depth > DEPTH_LIMIT) return;
  const { attributes } = model;
  const hasSize =
    "width" in attributes ||
    "height" in attributes ||
    "sizing_mode" in attributes ||
    "frame_width" in attributes ||
    "aspect_ratio" in attributes;
  if (LAYOUTS.has(model.name)) {
    if (!hasSize) attributes["sizing_mode"] = "stretch_both";
    for (const child of list(attributes["children"])) stretch(Array.isArray(child) ? child[0] : child, depth + 1);
    for (const tab of list(attributes["tabs"])) if (isModel(tab)) stretch(tab.attributes["child"], depth + 1);
  } else if (FIGURES.has(model.name) && !hasSize) {
    attributes["sizing_mode"] = "stretch_both";
    attributes["min_width"] ??= 160;
    attributes["min_height"] ??= 140;
  }
}

/** The room that a model takes by the sizes that it says; 0 where it takes what there is. */
function sizeOf(model: unknown, depth: number): { width: number; height: number } {
  if (!isModel(model) || depth > DEPTH_LIMIT) return { width: 0, height: 0 };
  const { name, attributes } = model;
  const said = (side: "width" | "height"): number => numberOf(attributes[side]) ?? numberOf(attributes[`frame_${side}`]) ?? 0;
  const own = { width: said("width"), height: said("height") };
  const mode = attributes["sizing_mode"];
  const isFilling = typeof mode === "string" && mode !== "fixed" && mode !== "inherit";
  if (FIGURES.has(name)) {
    if (isFilling || (own.width === 0 && own.height === 0)) return own;
    return { width: own.width || USUAL_SIDE, height: own.height || USUAL_SIDE };
  }
  if (!LAYOUTS.has(name)) return own;
  const columns = new Map<number, number>();
  const rows = new Map<number, number>();
  const children = list(attributes["children"]);
  const tabs = list(attributes["tabs"]).map((tab) => (isModel(tab) ? tab.attributes["child"] : null));
  for (const [at, child] of [...children, ...tabs].entries()) {
    const [inner, row, column] = Array.isArray(child) ? (child as unknown[]) : [child, name === "Column" ? at : 0, name === "Row" ? at : 0];
    const size = sizeOf(inner, depth + 1);
    columns.set(Number(column) || 0, Math.max(columns.get(Number(column) || 0) ?? 0, size.width));
    rows.set(Number(row) || 0, Math.max(rows.get(Number(row) || 0) ?? 0, size.height));
  }
  const sum = (sizes: Map<number, number>): number => [...sizes.values()].reduce((total, size) => total + size, 0);
  return { width: Math.max(own.width, sum(columns)), height: Math.max(own.height, sum(rows)) };
}

function shrink(model: unknown, share: number, depth: number): void {
  if (!isModel(model) || depth > DEPTH_LIMIT || !(FIGURES.has(model.name) || LAYOUTS.has(model.name))) return;
  const { attributes } = model;
  for (const side of SIZES) {
    const size = numberOf(attributes[side]);
    if (size !== null) attributes[side] = Math.round(size * share);
  }
  for (const child of list(attributes["children"])) shrink(Array.isArray(child) ? child[0] : child, share, depth + 1);
  for (const tab of list(attributes["tabs"])) if (isModel(tab)) shrink(tab.attributes["child"], share, depth + 1);
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : null;
}

function darken(value: unknown, theme: FrameTheme, depth: number): void {
  if (depth > DEPTH_LIMIT || typeof value !== "object" || value === null) return;
  if (isModel(value)) {
    const { name, attributes } = value;
    // A figure with a ground of its own has its other colours chosen for that.
    if (FIGURES.has(name) && ("background_fill_color" in attributes || "border_fill_color" in attributes)) return;
    for (const [property, color] of Object.entries(darkColors(name, theme))) attributes[property] ??= color;
    for (const inner of Object.values(attributes)) darken(inner, theme, depth + 1);
    return;
  }
  for (const inner of Array.isArray(value) ? value : Object.values(value)) darken(inner, theme, depth + 1);
}

function darkColors(name: string, { surface, text, faint, line }: FrameTheme): Record<string, string> {
  if (FIGURES.has(name)) return { background_fill_color: surface, border_fill_color: surface, outline_line_color: line };
  if (name.endsWith("Axis")) {
    return {
      axis_label_text_color: text,
      major_label_text_color: faint,
      axis_line_color: line,
      major_tick_line_color: line,
      minor_tick_line_color: line,
    };
  }
  if (name === "Grid") return { grid_line_color: line };
  if (name === "Title") return { text_color: text };
  if (name === "Legend") return { background_fill_color: surface, border_line_color: line, label_text_color: text, title_text_color: text };
  if (name === "ColorBar") return { background_fill_color: surface, major_label_text_color: faint, title_text_color: text };
  return {};
}

interface Model {
  name: string;
  attributes: Json;
}

function isModel(value: unknown): value is Model {
  return isJson(value) && typeof value["name"] === "string" && isJson(value["attributes"]);
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
