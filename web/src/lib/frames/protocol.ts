/** What the page and the frame of a figure say to each other. Both sides check what they hear. */

export interface FrameTheme {
  isDark: boolean;
  /** Colours of the page, from its tokens. */
  text: string;
  faint: string;
  line: string;
  surface: string;
  accent: string;
  font: string;
  /** Of lines and points, one after another. */
  palette: readonly string[];
}

/** Page to frame. The text is left out when the frame has it already. */
export interface FigureMessage {
  type: "figure";
  /** Names the text: the same key is the same figure. */
  key: string;
  text?: string;
  /** Which of the languages that the frame draws; "" where there is only one. */
  mode: string;
  theme: FrameTheme;
  /** Counts the wishes for a PNG. */
  pngs: number;
}

/** Frame to page. */
export type FrameReply =
  | { type: "ready" }
  | { type: "drawn"; key: string; notes: string[] }
  | { type: "failed"; key: string; reason: string }
  | { type: "blocked"; what: string }
  | { type: "png"; data: ArrayBuffer }
  | { type: "no-png"; reason: string };

const NOTES_SHOWN = 5;
const TEXT_LIMIT = 500;
const PNG_LIMIT_BYTES = 64 * 1024 * 1024;
const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

export function isFigureMessage(data: unknown): data is FigureMessage {
  return isObject(data) && data["type"] === "figure" && typeof data["key"] === "string" && isObject(data["theme"]);
}

/** The reply in what a frame said, cut to a sensible size; null for anything else. A frame may say what it likes. */
export function readReply(data: unknown): FrameReply | null {
  if (!isObject(data)) return null;
  const { type, key, reason, what, notes, data: bytes } = data;
  if (type === "ready") return { type };
  if (type === "drawn" && typeof key === "string") {
    const texts = Array.isArray(notes) ? notes.filter((note) => typeof note === "string").slice(0, NOTES_SHOWN) : [];
    return { type, key, notes: texts.map(cut) };
  }
  if (type === "failed" && typeof key === "string" && typeof reason === "string") return { type, key, reason: cut(reason) };
  if (type === "blocked" && typeof what === "string") return { type, what: cut(what) };
  if (type === "no-png" && typeof reason === "string") return { type, reason: cut(reason) };
  if (type === "png" && bytes instanceof ArrayBuffer && isPng(bytes)) return { type, data: bytes };
  return null;
}

/** Nothing but a picture may leave a frame as a file. */
function isPng(data: ArrayBuffer): boolean {
  if (data.byteLength > PNG_LIMIT_BYTES || data.byteLength < PNG_SIGNATURE.length) return false;
  const head = new Uint8Array(data, 0, PNG_SIGNATURE.length);
  return PNG_SIGNATURE.every((byte, at) => head[at] === byte);
}

function isObject(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null;
}

function cut(text: string): string {
  return text.length > TEXT_LIMIT ? `${text.slice(0, TEXT_LIMIT)}…` : text;
}
