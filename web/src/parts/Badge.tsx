import type { ComponentChildren, JSX } from "preact";
import "@/parts/parts.css";

export type Tone = "neutral" | "accent" | "ok" | "warn" | "danger";

/** A short word with a colour: a state, a count. */
export function Badge({ tone = "neutral", children, title }: { tone?: Tone; children: ComponentChildren; title?: string }): JSX.Element {
  return <span class={`badge badge-${tone}`} title={title}>{children}</span>;
}
