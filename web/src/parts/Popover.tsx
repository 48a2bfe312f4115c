/**
 * Something that floats beside its button: closed by Esc, by a click elsewhere, or by its own content.
 * It is placed in the window (position: fixed), so that no scrolling parent cuts it, and follows its button when something scrolls.
 */
import { type ComponentChildren, type JSX, type RefObject, createPortal } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { onEscape } from "@/lib/browser/escape";
import "@/parts/floating.css";
import "@/parts/parts.css";

export interface PopoverProps {
  anchor: RefObject<HTMLElement | null>;
  children: ComponentChildren;
  label: string;
  role?: "dialog" | "menu" | "listbox";
  /** Which edge of the anchor it lines up with. */
  align?: "start" | "end";
  onClose: () => void;
}

const GAP_PX = 4;
const EDGE_PX = 8;

export function Popover({ anchor, children, label, role = "dialog", align = "start", onClose }: PopoverProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;

  useLayoutEffect(() => {
    const element = box.current;
    const button = anchor.current;
    if (!element || !button) return;
    const place = (): void => {
      const from = button.getBoundingClientRect();
      const { offsetWidth: width, offsetHeight: height } = element;
      const left = align === "start" ? from.left : from.right - width;
      const below = from.bottom + GAP_PX;
      const fitsBelow = below + height <= innerHeight - EDGE_PX || from.top < innerHeight / 2;
      element.style.left = `${Math.max(EDGE_PX, Math.min(left, innerWidth - width - EDGE_PX))}px`;
      element.style.top = `${Math.max(EDGE_PX, fitsBelow ? below : from.top - GAP_PX - height)}px`;
      element.style.maxHeight = `${(fitsBelow ? innerHeight - below : from.top - GAP_PX) - EDGE_PX}px`;
    };
    place();
    const observer = new ResizeObserver(place);
    observer.observe(element);
    addEventListener("resize", place);
    const onScroll = ({ target }: Event): void => {
      if (!(target instanceof Node) || !element.contains(target)) place();
    };
    document.addEventListener("scroll", onScroll, true);
    return () => {
      observer.disconnect();
      document.removeEventListener("scroll", onScroll, true);
      removeEventListener("resize", place);
    };
  }, [anchor, align]);

  useLayoutEffect(() => {
    const before = document.activeElement;
    const element = box.current;
    if (element && !element.contains(before)) {
      (element.querySelector<HTMLElement>("[autofocus], input, [role=menuitem], button") ?? element).focus();
    }
    const offEscape = onEscape(() => close.current());
    const onDown = (event: PointerEvent): void => {
      const target = event.target;
      if (target instanceof Node && !element?.contains(target) && !anchor.current?.contains(target)) close.current();
    };
    document.addEventListener("pointerdown", onDown, true);
    return () => {
      offEscape();
      document.removeEventListener("pointerdown", onDown, true);
      if (element?.contains(document.activeElement) || document.activeElement === document.body) {
        anchor.current?.focus({ preventScroll: true });
      }
    };
  }, [anchor]);

  return createPortal(
    <div ref={box} class="popover" role={role} aria-label={label} tabIndex={-1}>
      {children}
    </div>,
    document.body,
  );
}
