/**
 * Terminal colours as spans of text. Only colours and weights are understood; every other escape sequence
 * (moving the cursor, links, titles) is dropped, so that a log can colour itself and do nothing else.
 */
export interface AnsiSpan {
  text: string;
  /** 0-15: the theme's terminal colours. */
  fg?: number;
  bg?: number;
  /** "#rrggbb", for the 256-colour and true-colour forms. */
  fgColor?: string;
  bgColor?: string;
  isBold?: boolean;
  isDim?: boolean;
  isItalic?: boolean;
  isUnderlined?: boolean;
}

type Style = Omit<AnsiSpan, "text">;

// CSI sequences; OSC up to BEL or ST; the other two-character escapes; what is left of the control characters but tab.
const ESCAPES =
  /\u001b\[([0-9;:]*)([ -/]*[@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000b-\u001f\u007f]/g;

export function ansiSpans(line: string): AnsiSpan[] {
  const spans: AnsiSpan[] = [];
  let style: Style = {};
  let from = 0;
  const push = (text: string): void => {
    if (text !== "") spans.push({ text, ...style });
  };
  for (const match of line.matchAll(ESCAPES)) {
    push(line.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") style = styleAfter(style, match[1] ?? "");
  }
  push(line.slice(from));
  return spans;
}

/** The text without escapes: for copying, measuring and searching. */
export function plainText(line: string): string {
  return line.replace(ESCAPES, "");
}

function styleAfter(style: Style, parameters: string): Style {
  let next: Style = { ...style };
  const codes = parameters.split(/[;:]/).map((code) => (code === "" ? 0 : Number(code)));
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) next = {};
    else if (code === 1) next.isBold = true;
    else if (code === 2) next.isDim = true;
    else if (code === 3) next.isItalic = true;
    else if (code === 4) next.isUnderlined = true;
    else if (code === 22) next = without(next, "isBold", "isDim");
    else if (code === 23) next = without(next, "isItalic");
    else if (code === 24) next = without(next, "isUnderlined");
    else if (code >= 30 && code <= 37) next = { ...without(next, "fgColor"), fg: code - 30 };
    else if (code >= 90 && code <= 97) next = { ...without(next, "fgColor"), fg: code - 82 };
    else if (code === 39) next = without(next, "fg", "fgColor");
    else if (code >= 40 && code <= 47) next = { ...without(next, "bgColor"), bg: code - 40 };
    else if (code >= 100 && code <= 107) next = { ...without(next, "bgColor"), bg: code - 92 };
    else if (code === 49) next = without(next, "bg", "bgColor");
    else if (code === 38 || code === 48) {
      const isFg = code === 38;
      const mode = codes[at + 1];
      const color =
        mode === 5 ? colorOf256(codes[at + 2] ?? 0) : mode === 2 ? hex(codes[at + 2] ?? 0, codes[at + 3] ?? 0, codes[at + 4] ?? 0) : null;
      if (color !== null) next = isFg ? { ...without(next, "fg"), fgColor: color } : { ...without(next, "bg"), bgColor: color };
      at += mode === 5 ? 2 : mode === 2 ? 4 : 0;
    }
  }
  return next;
}

function without(style: Style, ...names: (keyof Style)[]): Style {
  return Object.fromEntries(Object.entries(style).filter(([name]) => !names.some((one) => one === name)));
}

const BASIC = [
  "#000000",
  "#aa0000",
  "#00aa00",
  "#aa5500",
  "#0000aa",
  "#aa00aa",
  "#00aaaa",
  "#aaaaaa",
  "#555555",
  "#ff5555",
  "#55ff55",
  "#ffff55",
  "#5555ff",
  "#ff55ff",
  "#55ffff",
  "#ffffff",
];

function colorOf256(index: number): string {
  if (index < 16) return BASIC[index] ?? "#000000";
  if (index >= 232) return hex(8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10);
  const cube = index - 16;
  const level = (part: number): number => (part === 0 ? 0 : 55 + part * 40);
  return hex(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

function hex(...parts: [number, number, number]): string {
  return `#${parts.map((part) => Math.max(0, Math.min(255, Math.round(part) || 0)).toString(16).padStart(2, "0")).join("")}`;
}
