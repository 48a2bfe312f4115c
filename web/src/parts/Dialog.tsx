/** A box above the page, for the palette and the sheet of keys. Esc or a click beside it closes; focus stays inside and returns. */
import { type ComponentChildren, type JSX, createPortal } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { onEscape } from "@/lib/browser/escape";
import "@/parts/floating.css";
import "@/parts/parts.css";

export interface DialogProps {
  label: string;
  children: ComponentChildren;
  onClose: () => void;
  class?: string;
}

export function Dialog({ label, children, onClose, class: name = "" }: DialogProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  // At once, not after the next paint: what is typed right after the shortcut belongs in here.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const element = box.current;
    (element?.querySelector<HTMLElement>("input, button") ?? element)?.focus();
    const off = onEscape(() => close.current());
    return () => {
      off();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return createPortal(
    <div class="scrim" onPointerDown={(event) => event.target === event.currentTarget && onClose()}>
      <div ref={box} class={`dialog ${name}`} role="dialog" aria-modal="true" aria-label={label} tabIndex={-1} onKeyDown={keepFocusInside}>
        {children}
      </div>
    </div>,
    document.body,
  );
}

function keepFocusInside(event: KeyboardEvent): void {
  if (event.key !== "Tab" || !(event.currentTarget instanceof HTMLElement)) return;
  const stops = [
    ...event.currentTarget.querySelectorAll<HTMLElement>("a[href], button:not(:disabled), input, select, textarea, [tabindex='0']"),
  ];
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  const other = event.shiftKey ? stops.at(-1) : stops[0];
  if (document.activeElement !== edge) return;
  event.preventDefault();
  other?.focus();
}
