/** A name on one line: where there is no room its middle gives way, because names begin and end with what matters. */
import type { JSX } from "preact";
import { tailLength } from "@/lib/text/middleText";
import "@/parts/parts.css";

const SHORT = 12;

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
