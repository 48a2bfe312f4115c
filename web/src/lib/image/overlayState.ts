/**
 * What the page knows about masks, boxes, polygons and keypoints, as a plain value: pure functions over it, and its text for the URL.
 *
 * Layers go by their name ("prediction"), classes by theirs ("Car"), so that a choice holds in every tile, key and
 * run. Only what differs from the default is kept.
 */
import type { ScoreRange } from "@/lib/image/boxes";
import { isBackgroundName } from "@/lib/image/classColors";

export type LayerKind = "mask" | "box" | "polygon" | "keypoint";
/** Layers of single things, each with a class and scores. */
export type ShapeKind = Exclude<LayerKind, "mask">;
export type MaskStyle = "fill" | "outline";
export type CaptionMode = "auto" | "on" | "off";

export interface LayerChoice {
  isVisible?: boolean;
  /** 0 to 1 */
  opacity?: number;
  style?: MaskStyle;
  scores?: Readonly<Record<string, ScoreRange>>;
}

export interface OverlayState {
  masksVisible: boolean;
  boxesVisible: boolean;
  polygonsVisible: boolean;
  keypointsVisible: boolean;
  captions: CaptionMode;
  /** "mask:prediction" -> what was chosen for it */
  layers: Readonly<Record<string, LayerChoice>>;
  /** Class name -> the eye, where it was touched. */
  classes: Readonly<Record<string, boolean>>;
  /** Class name -> "#rrggbb" */
  colors: Readonly<Record<string, string>>;
  /** When not empty only these classes are drawn. */
  solo: readonly string[];
}

export const DEFAULT_OVERLAYS: OverlayState = {
  masksVisible: true,
  boxesVisible: true,
  polygonsVisible: true,
  keypointsVisible: true,
  captions: "auto",
  layers: {},
  classes: {},
  colors: {},
  solo: [],
};

export const DEFAULT_OPACITY = 0.6;
/** Inside of polygons; their outlines are always full. */
const POLYGON_OPACITY = 0.3;

/** The one eye of all layers of a kind. */
export const EYE_OF_KIND = {
  mask: "masksVisible",
  box: "boxesVisible",
  polygon: "polygonsVisible",
  keypoint: "keypointsVisible",
} as const satisfies Record<LayerKind, keyof OverlayState>;
const TRUTH_NAME = /truth|^(gt|target|label)s?$|^y_?true$|_gt$/i;

/** Layers that hold what is right rather than what was predicted: drawn so that both can be seen at once. */
export function isTruthName(layer: string): boolean {
  return TRUTH_NAME.test(layer);
}

export function layerKey(kind: LayerKind, name: string): string {
  return `${kind}:${name}`;
}

export interface Layer {
  isVisible: boolean;
  opacity: number;
  style: MaskStyle;
  scores: Readonly<Record<string, ScoreRange>>;
}

/** How to draw a layer. `beside`: the other mask layers of the picture; a lone truth is filled like any other. */
export function layerOf(state: OverlayState, kind: LayerKind, name: string, beside: readonly string[] = []): Layer {
  const choice = own(state.layers, layerKey(kind, name)) ?? {};
  const isSecond = isTruthName(name) && beside.some((other) => other !== name && !isTruthName(other));
  return {
    isVisible: state[EYE_OF_KIND[kind]] && (choice.isVisible ?? true),
    opacity:
      choice.opacity ??
      (kind === "box" || kind === "keypoint" ? 1 : kind === "polygon" ? POLYGON_OPACITY : isSecond ? 0.9 : DEFAULT_OPACITY),
    style: choice.style ?? (isSecond ? "outline" : "fill"),
    scores: choice.scores ?? {},
  };
}

export function isClassVisible(state: OverlayState, name: string): boolean {
  if (state.solo.length > 0) return state.solo.includes(name);
  return own(state.classes, name) ?? !isBackgroundName(name);
}

/** Names are whatever people logged, "constructor" and "__proto__" included: only own properties count. */
export function own<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

export function withLayer(state: OverlayState, kind: LayerKind, name: string, choice: LayerChoice): OverlayState {
  const key = layerKey(kind, name);
  return { ...state, layers: { ...state.layers, [key]: { ...own(state.layers, key), ...choice } } };
}

/** Set the eye of classes. Ends a solo: the eyes are what is seen again. */
export function withClasses(state: OverlayState, names: readonly string[], isVisible: boolean): OverlayState {
  const touched = names.filter((name) => isVisible === isBackgroundName(name)).map((name) => [name, isVisible] as const);
  return { ...state, classes: { ...without(state.classes, names), ...Object.fromEntries(touched) }, solo: [] };
}

/** Show only this class, or all of them again when it is alone already. `isAdding` keeps those already alone. */
export function withSolo(state: OverlayState, name: string, isAdding = false): OverlayState {
  const others = state.solo.filter((other) => other !== name);
  const isAlone = others.length < state.solo.length;
  if (isAdding) return { ...state, solo: isAlone ? others : [...others, name] };
  return { ...state, solo: isAlone && others.length === 0 ? [] : [name] };
}

/** The color picker's choice; null gives the class its own colour back. */
export function withColor(state: OverlayState, name: string, color: string | null): OverlayState {
  const colors = without(state.colors, [name]);
  return { ...state, colors: color === null ? colors : { ...colors, [name]: color } };
}

export function withScores(state: OverlayState, layer: string, score: string, range: ScoreRange, kind: ShapeKind = "box"): OverlayState {
  const rest = without(own(state.layers, layerKey(kind, layer))?.scores ?? {}, [score]);
  const isOpen = range[0] === null && range[1] === null;
  return withLayer(state, kind, layer, { scores: isOpen ? rest : { ...rest, [score]: range } });
}

function without<T>(values: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  const gone = new Set(names);
  return Object.fromEntries(Object.entries(values).filter(([name]) => !gone.has(name)));
}

// The URL's text. Entries are joined by "*" and their fields by ".", both of which stay readable in a query string;
// names are escaped to letters, digits, "-" and "_".

export function formatOverlays(state: OverlayState): string {
  const entries: string[] = [];
  if (!state.masksVisible) entries.push("M");
  if (!state.boxesVisible) entries.push("B");
  if (!state.polygonsVisible) entries.push("P");
  if (!state.keypointsVisible) entries.push("K");
  if (state.captions !== "auto") entries.push(`C.${state.captions}`);
  for (const [key, choice] of Object.entries(state.layers)) {
    const fields: string[] = [];
    if (choice.isVisible !== undefined) fields.push(choice.isVisible ? "on" : "off");
    if (choice.opacity !== undefined) fields.push(`o${Math.round(choice.opacity * 100)}`);
    if (choice.style !== undefined) fields.push(choice.style);
    for (const [score, [min, max]] of Object.entries(choice.scores ?? {})) fields.push("s", escape(score), number(min), number(max));
    if (fields.length > 0) entries.push(["l", escape(key), ...fields].join("."));
  }
  for (const [name, isVisible] of Object.entries(state.classes)) entries.push(`${isVisible ? "v" : "h"}.${escape(name)}`);
  for (const [name, color] of Object.entries(state.colors)) entries.push(`c.${escape(name)}.${color.slice(1)}`);
  for (const name of state.solo) entries.push(`s.${escape(name)}`);
  return entries.join("*");
}

/** Entries that make no sense are left out: an old link must not break the page. */
export function parseOverlays(text: string): OverlayState {
  let state: OverlayState = DEFAULT_OVERLAYS;
  for (const entry of text.split("*")) {
    const [kind, rawName = "", ...fields] = entry.split(".");
    const name = unescape(rawName);
    if (kind === "M") state = { ...state, masksVisible: false };
    else if (kind === "B") state = { ...state, boxesVisible: false };
    else if (kind === "P") state = { ...state, polygonsVisible: false };
    else if (kind === "K") state = { ...state, keypointsVisible: false };
    else if (kind === "C" && (name === "on" || name === "off")) state = { ...state, captions: name };
    else if (kind === "v" || kind === "h") state = { ...state, classes: { ...state.classes, [name]: kind === "v" } };
    else if (kind === "c" && /^[0-9a-f]{6}$/i.test(fields[0] ?? "")) state = withColor(state, name, `#${(fields[0] ?? "").toLowerCase()}`);
    else if (kind === "s") state = { ...state, solo: [...state.solo, name] };
    else if (kind === "l" && name) state = { ...state, layers: { ...state.layers, [name]: parseLayer(fields) } };
  }
  return state;
}

function parseLayer(fields: readonly string[]): LayerChoice {
  const choice: LayerChoice = {};
  const scores: Record<string, ScoreRange> = {};
  for (let at = 0; at < fields.length; at++) {
    const field = fields[at] ?? "";
    if (field === "on" || field === "off") choice.isVisible = field === "on";
    else if (field === "fill" || field === "outline") choice.style = field;
    else if (/^o\d+$/.test(field)) choice.opacity = Math.min(100, Number(field.slice(1))) / 100;
    else if (field === "s") {
      scores[unescape(fields[at + 1] ?? "")] = [numberFrom(fields[at + 2]), numberFrom(fields[at + 3])];
      at += 3;
    }
  }
  return Object.keys(scores).length > 0 ? { ...choice, scores } : choice;
}

function number(value: number | null): string {
  return value === null ? "" : escape(String(value));
}

function numberFrom(text: string | undefined): number | null {
  const value = Number(unescape(text ?? ""));
  return text && Number.isFinite(value) ? value : null;
}

function escape(name: string): string {
  return [...name]
    .map((char) => (/[A-Za-z0-9-]/.test(char) ? char : char === "_" ? "__" : `_${(char.codePointAt(0) ?? 0).toString(16)}_`))
    .join("");
}

function unescape(text: string): string {
  return text.replace(/__|_([0-9a-f]{1,6})_/g, (whole, code: string | undefined) => {
    const point = Number.parseInt(code ?? "", 16);
    return whole === "__" || !(point <= 0x10ffff) ? "_" : String.fromCodePoint(point);
  });
}
