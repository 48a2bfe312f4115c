/**
 * A list that mounts only the rows in sight. Heights are known before rows are: the scroll bar never lies or jumps.
 *
 * Browsers cut elements at about 33 million px; a taller list keeps a shorter scroll range and maps it, so that a
 * log of ten million lines still scrolls from end to end.
 */
import type { ComponentChildren, JSX, RefObject } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import "@/parts/parts.css";

export interface VirtualListHandle {
  scroller: HTMLElement;
  /** Bring a row into sight, moving as little as possible. */
  reveal: (index: number) => void;
  toEnd: () => void;
}

export interface VirtualListProps {
  count: number;
  /** Height of every row in px, or of each. A new function means new heights. */
  rowHeight: number | ((index: number) => number);
  renderRow: (index: number) => ComponentChildren;
  label: string;
  /** Roles of the scroller; rows bring their own. */
  role?: "listbox" | "grid" | "list" | "log" | "none";
  /** Stays at the top while rows scroll under it. */
  header?: ComponentChildren;
  headerHeight?: number;
  /** Content is wider than the list: px. */
  width?: number;
  onRange?: (first: number, last: number) => void;
  /** Whether the end of the list is in sight, told on every scroll by the person. */
  onScroll?: (isAtEnd: boolean) => void;
  handle?: RefObject<VirtualListHandle | null>;
  class?: string;
  tabIndex?: number;
  isMultiselectable?: boolean;
  activeId?: string | undefined;
  onKeyDown?: (event: KeyboardEvent) => void;
}

const TALLEST_PX = 12_000_000;
const OVERSCAN_PX = 240;

export function VirtualList(props: VirtualListProps): JSX.Element {
  const { count, rowHeight, headerHeight = 0, onRange, handle } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });

  const offsets = useMemo(() => offsetsOf(count, rowHeight), [count, rowHeight]);
  const fullHeight = offsets(count);
  const spaceHeight = Math.min(fullHeight, TALLEST_PX);
  const bodyHeight = Math.max(0, view.height - headerHeight);
  const scale = fullHeight > TALLEST_PX ? (fullHeight - bodyHeight) / (spaceHeight - bodyHeight) : 1;
  const top = view.top * scale;
  const first = rowAt(offsets, count, top - OVERSCAN_PX);
  const last = Math.min(count - 1, rowAt(offsets, count, top + bodyHeight + OVERSCAN_PX));

  const latest = useRef({ offsets, scale, fullHeight, bodyHeight });
  latest.current = { offsets, scale, fullHeight, bodyHeight };

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const measure = (): void => setView((old) => (old.top === element.scrollTop && old.height === element.clientHeight ? old : {
      top: element.scrollTop,
      height: element.clientHeight,
    }));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    if (handle) {
      handle.current = {
        scroller: element,
        reveal: (index) => {
          const now = latest.current;
          const from = now.offsets(index);
          const to = now.offsets(index + 1);
          const at = element.scrollTop * now.scale;
          if (from < at) element.scrollTop = from / now.scale;
          else if (to > at + now.bodyHeight) element.scrollTop = (to - now.bodyHeight) / now.scale;
        },
        toEnd: () => {
          element.scrollTop = element.scrollHeight;
        },
      };
    }
    return () => {
      observer.disconnect();
      if (handle) handle.current = null;
    };
  }, [handle]);

  useLayoutEffect(() => {
    if (count > 0) onRange?.(first, last);
  }, [first, last, count, onRange]);

  const visible: JSX.Element[] = [];
  for (let index = first; index <= last; index += 1) {
    visible.push(
      <div key={index} class="virtual-row" role="presentation" style={{ height: `${offsets(index + 1) - offsets(index)}px` }}>
        {props.renderRow(index)}
      </div>,
    );
  }
  const width = props.width === undefined ? "100%" : `max(100%, ${props.width}px)`;
  return (
    <div
      ref={scroller}
      class={`virtual ${props.class ?? ""}`}
      role={props.role ?? "list"}
      aria-label={props.label}
      aria-rowcount={props.role === "grid" ? count + 1 : undefined}
      aria-multiselectable={props.isMultiselectable}
      aria-activedescendant={props.activeId}
      tabIndex={props.tabIndex ?? 0}
      onKeyDown={props.onKeyDown}
      onScroll={(event) => {
        const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
        setView({ top: scrollTop, height: clientHeight });
        props.onScroll?.(scrollTop + clientHeight >= scrollHeight - 4);
      }}
    >
      {props.header !== undefined && <div class="virtual-header" style={{ width, height: `${headerHeight}px` }}>{props.header}</div>}
      <div class="virtual-space" role="presentation" style={{ width, height: `${spaceHeight}px` }}>
        <div class="virtual-rows" role="presentation" style={{ top: `${Math.max(0, view.top + offsets(first) - top)}px` }}>{visible}</div>
      </div>
    </div>
  );
}

/** Where each row begins, in px; the last is the height of all. */
function offsetsOf(count: number, rowHeight: number | ((index: number) => number)): (index: number) => number {
  if (typeof rowHeight === "number") return (index) => index * rowHeight;
  const sums = new Float64Array(count + 1);
  for (let index = 0; index < count; index += 1) sums[index + 1] = (sums[index] ?? 0) + rowHeight(index);
  return (index) => sums[Math.min(index, count)] ?? 0;
}

/** The row at a height, by bisection. */
function rowAt(offsets: (index: number) => number, count: number, height: number): number {
  let low = 0;
  let high = Math.max(0, count - 1);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (offsets(middle) <= height) low = middle;
    else high = middle - 1;
  }
  return low;
}
