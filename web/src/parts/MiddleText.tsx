/** A name on one line: where there is no room its middle gives way, because names begin and end with what matters. */
import type { JSX } from "preact";
import "@/parts/parts.css";

const SHORT = 12;
const LONGEST_TAIL = 12;
const SHORTEST_TAIL = 4;
const USUAL_TAIL = 8;

/** The whole text is there for searching and copying; only what is seen is cut. The label is for names that are made of
 * content: between two boxes, browsers put a space into those. */
export function MiddleText({ text, title }: { text: string; title?: string }): JSX.Element {
  if (text.length <= SHORT) return <span class="middle" title={title ?? text}><span class="middle-tail">{text}</span></span>;
  const at = text.length - tailLength(text);
  return (
    <span class="middle" title={title ?? text} aria-label={text}>
      <span class="middle-head">{text.slice(0, at)}</span>
      <span class="middle-tail">{text.slice(at)}</span>
    </span>
  );
}

/**
 * The end that is kept: from a "/", "-", "_" or space on, where that makes a word of a few letters, else some letters.
 * Never more than half of the text, and no surrogate pair is cut in two.
 */
export function tailLength(text: string): number {
  const most = Math.min(LONGEST_TAIL, Math.floor(text.length / 2));
  const ends = [...text.matchAll(/[/_\- ]/g)].map((mark) => text.length - mark.index).filter((end) => end >= SHORTEST_TAIL && end <= most);
  const length = ends.at(-1) ?? Math.min(USUAL_TAIL, most);
  return /[\uDC00-\uDFFF]/.test(text.charAt(text.length - length)) ? length + 1 : length;
}

/** The same for a place that takes only text, such as an option of a list. */
export function shortenMiddle(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.min(Math.floor((most - 1) / 2), tailLength(text));
  return `${text.slice(0, most - 1 - tail)}…${text.slice(text.length - tail)}`;
}
