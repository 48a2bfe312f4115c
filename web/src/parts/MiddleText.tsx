/** A name on one line: where there is no room its middle gives way, because names begin and end with what matters. */
import type { JSX } from "preact";
import "@/parts/parts.css";

const SHORT = 12;
const LONGEST_TAIL = 12;

/** The whole text is there for searching and copying; only what is seen is cut. */
export function MiddleText({ text, title }: { text: string; title?: string }): JSX.Element {
  if (text.length <= SHORT) return <span class="middle" title={title ?? text}><span class="middle-tail">{text}</span></span>;
  const at = text.length - tailLength(text);
  return (
    <span class="middle" title={title ?? text}>
      <span class="middle-head">{text.slice(0, at)}</span>
      <span class="middle-tail">{text.slice(at)}</span>
    </span>
  );
}

/** What follows the last "/", "-", "_" or space, if that is short; no surrogate pair is cut in two. */
function tailLength(text: string): number {
  const part = text.length - Math.max(...["/", "-", "_", " "].map((mark) => text.lastIndexOf(mark)));
  const length = part >= 4 && part <= LONGEST_TAIL ? part : 8;
  return /[\uDC00-\uDFFF]/.test(text.charAt(text.length - length)) ? length + 1 : length;
}

/** The same for a place that takes only text, such as an option of a list. */
export function shortenMiddle(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.min(Math.floor((most - 1) / 2), tailLength(text));
  return `${text.slice(0, most - 1 - tail)}…${text.slice(text.length - tail)}`;
}
