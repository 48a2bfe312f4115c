/**
 * Keys of what covers the page (a full view, a cell of a table): they come before the page's own, whatever has the
 * focus, and leave each field, slider and player the keys that it needs itself. Esc is `onEscape`'s.
 */
import { useEffect, useRef } from "preact/hooks";
import { needsKeyItself } from "@/lib/browser/keyboard";

export type CoverActions = Readonly<Record<string, () => void>>;

const covers: { current: CoverActions }[] = []; // the innermost last

/** Act as if `key` was pressed in the innermost cover; false when it has no use for it. */
export function actOnCover(key: string): boolean {
  const action = covers.at(-1)?.current[key];
  action?.();
  return action !== undefined;
}

/** While the component lives: "ArrowLeft", "+", "f" ... and what they do. */
export function useCoverKeys(actions: CoverActions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    covers.push(latest);
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || covers.at(-1) !== latest) return;
      if (needsKeyItself(event.target, event.key)) return;
      // Players, tables and such have a use for nearly every key.
      if (
        event.target instanceof Element &&
        event.target.closest("video, audio, [data-own-keys], .popover, .dialog, dialog[open]") !== null
      ) {
        return;
      }
      if (!actOnCover(event.key.length === 1 ? event.key.toLowerCase() : event.key)) return;
      event.preventDefault();
      event.stopPropagation();
    };
    addEventListener("keydown", onKey, { capture: true });
    return () => {
      removeEventListener("keydown", onKey, { capture: true });
      covers.splice(covers.indexOf(latest), 1);
    };
  }, []);
}
