/** A Bokeh document made fit for its frame: as large as it, in the page's colours where the figure has none. */
import type { FrameTheme } from "@/frames/protocol";

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

/** Let roots and what lies in them fill the frame, unless they have sizes of their own; at night, darken what has no colours. */
export function fitDocument(content: Json, theme: FrameTheme): void {
  for (const root of list(content["roots"])) stretch(root, 0);
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
