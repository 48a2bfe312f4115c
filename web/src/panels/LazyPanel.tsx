/**
 * A panel that is mounted while it is in or near the window. Its place is kept: the least height at first, its own
 * once it was measured, so that nothing jumps when panels come and go.
 */
import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

const NEAR = "500px 0px";

export interface LazyPanelProps {
  /** Height to reserve before the panel was ever drawn, px. */
  leastHeight: number;
  children: ComponentChildren;
  class?: string;
  style?: Record<string, string>;
  /** Which panel it is, for the page to find it. */
  name: string;
  /** Mounted wherever it is: something inside is asked for. */
  isWanted?: boolean;
}

export function LazyPanel({
  leastHeight,
  children,
  class: className = "",
  style = {},
  name,
  isWanted = false,
}: LazyPanelProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const measured = useRef(leastHeight);
  const [isNear, setNear] = useState(false);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new IntersectionObserver(
      (entries) => {
        const isNow = entries.at(-1)?.isIntersecting ?? false;
        if (!isNow && element.offsetHeight > 0) measured.current = element.offsetHeight;
        setNear(isNow);
      },
      { root: element.closest(".sections"), rootMargin: NEAR },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div
      ref={box}
      class={`lazy ${className}`}
      data-panel={name}
      style={{ ...style, minHeight: `${isNear ? leastHeight : measured.current}px` }}
    >
      {(isNear || isWanted) && children}
    </div>
  );
}
