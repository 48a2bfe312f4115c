import type { JSX } from "preact";
import { keycaps } from "@/lib/browser/keyboard";
import "@/parts/parts.css";

/** A shortcut as keycaps: <Keys keys="Mod+K" />. */
export function Keys({ keys }: { keys: string }): JSX.Element {
  return (
    <span class="keys" aria-hidden="true">
      {keycaps(keys).map((cap) => (
        <kbd key={cap}>{cap}</kbd>
      ))}
    </span>
  );
}
