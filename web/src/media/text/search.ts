/** Finding words in a text, and cutting a text into blocks that are drawn only when they come into sight. */

export interface Match {
  start: number;
  end: number;
}

export interface Block {
  /** Number of its first line, from 0. */
  line: number;
  /** Where it begins in the text. */
  start: number;
  text: string;
  lineCount: number;
  /** It begins in the middle of a line. */
  isContinued: boolean;
}

export const MATCHES_LIMIT = 5_000;
const BLOCK_LINES = 100;
/** A line may be megabytes long. */
const BLOCK_CHARS = 20_000;

/** Where `query` stands in `text`, whatever the case; at most MATCHES_LIMIT. */
export function findMatches(text: string, query: string): Match[] {
  if (query === "") return [];
  const found: Match[] = [];
  for (const match of text.matchAll(new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "giu"))) {
    found.push({ start: match.index, end: match.index + match[0].length });
    if (found.length === MATCHES_LIMIT) break;
  }
  return found;
}

/** The text in blocks of about a hundred lines; together they are the text. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let line = 0;
  let start = 0;
  while (start < text.length) {
    let end = start;
    let count = 0;
    while (count < BLOCK_LINES && end < text.length && end - start < BLOCK_CHARS) {
      const next = text.indexOf("\n", end);
      const stop = next < 0 ? text.length : next + 1;
      if (stop - start > BLOCK_CHARS) {
        if (count === 0) end = cutAt(text, start + BLOCK_CHARS, stop);
        break;
      }
      end = stop;
      count += 1;
    }
    const isWholeLine = end === text.length || text[end - 1] === "\n";
    blocks.push({
      line,
      start,
      text: text.slice(start, end),
      lineCount: Math.max(1, count),
      isContinued: start > 0 && text[start - 1] !== "\n",
    });
    line += isWholeLine ? Math.max(1, count) : 0;
    start = end;
  }
  return blocks;
}

/** A place near `at` that does not split a pair of surrogates. */
function cutAt(text: string, at: number, stop: number): number {
  if (at >= stop) return stop;
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code < 0xe000 ? at + 1 : at;
}

export interface Piece {
  text: string;
  /** Which match it is; -1 for what lies between. */
  match: number;
}

/** The lines of a block, line ends included. */
export function linesOf(block: Block): { start: number; text: string }[] {
  const lines = [];
  for (let at = 0; at < block.text.length; ) {
    const next = block.text.indexOf("\n", at);
    const stop = next < 0 ? block.text.length : next + 1;
    lines.push({ start: block.start + at, text: block.text.slice(at, stop) });
    at = stop;
  }
  return lines;
}

/** The text of a block in pieces, matches marked. `matches` are those of the whole text, in order. */
export function piecesOf(block: { start: number; text: string }, matches: readonly Match[]): Piece[] {
  const end = block.start + block.text.length;
  const pieces: Piece[] = [];
  let at = block.start;
  for (let index = firstFrom(matches, block.start); index < matches.length; index++) {
    const match = matches[index] as Match;
    if (match.start >= end) break;
    if (match.start > at) pieces.push({ text: block.text.slice(at - block.start, match.start - block.start), match: -1 });
    at = Math.min(match.end, end);
    pieces.push({ text: block.text.slice(Math.max(0, match.start - block.start), at - block.start), match: index });
  }
  if (at < end) pieces.push({ text: block.text.slice(at - block.start), match: -1 });
  return pieces;
}

/** The first match that ends behind `start`. */
function firstFrom(matches: readonly Match[], start: number): number {
  let low = 0;
  let high = matches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((matches[middle] as Match).end <= start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first lines of a text in one line, for a table cell. */
export function firstWords(text: string, limit = 240): string {
  return text.slice(0, limit * 4).replace(/\s+/g, " ").trim().slice(0, limit);
}
