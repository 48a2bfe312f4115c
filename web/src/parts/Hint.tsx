/** A sentence of the server's or ours, in which `commands` stand between backticks: they are shown as code. */
import type { JSX } from "preact";

export function Hint({ text }: { text: string }): JSX.Element {
  const parts = text.split("`");
  // An odd number of backticks marks nothing that could be told from the rest.
  if (parts.length % 2 === 0) return <>{text}</>;
  return <>{parts.map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>;
}
