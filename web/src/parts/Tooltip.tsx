/** A tooltip that follows the pointer, for readings on canvases; plain controls use the `title` attribute. */
import { type ComponentChildren, type JSX, createPortal } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import "@/parts/floating.css";
import "@/parts/parts.css";

export interface TooltipProps {
  /** Window coordinates (clientX, clientY) of what it explains. */
  x: number;
  y: number;
  children: ComponentChildren;
}

const AWAY_PX = 14;

export function Tooltip({ x, y, children }: TooltipProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const { offsetWidth: width, offsetHeight: height } = element;
    const left = x + AWAY_PX + width > innerWidth ? x - AWAY_PX - width : x + AWAY_PX;
    const top = y + AWAY_PX + height > innerHeight ? y - AWAY_PX - height : y + AWAY_PX;
    element.style.transform = `translate(${Math.max(2, left)}px, ${Math.max(2, top)}px)`;
  });
  return createPortal(<div ref={box} class="tooltip" role="tooltip">{children}</div>, document.body);
}
