/** A canvas that redraws itself when its size, its theme or what it draws changes. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Ink, readInk } from "@/media/histogram/paint";
import { theme } from "@/state/page/theme";
import { pixelRatio } from "@/state/page/screen";

export interface PlotProps {
  label: string;
  height: number;
  paint: (context: CanvasRenderingContext2D, width: number, height: number, ink: Ink, ratio: number) => void;
  onHover?: (at: { x: number; y: number; clientX: number; clientY: number; width: number } | null) => void;
  onClick?: (at: { x: number; y: number; width: number }) => void;
  class?: string;
}

export function Plot({ label, height, paint, onHover, onClick, class: name = "" }: PlotProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  void theme.value; // colours come from the tokens: draw again when they change

  useLayoutEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || width < 1) return;
    const ratio = pixelRatio.peek();
    const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (element.width !== columns) element.width = columns;
    if (element.height !== rows) element.height = rows;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    paint(context, width, height, readInk(element), ratio);
  });

  const placeOf = (event: { offsetX: number; offsetY: number }): { x: number; y: number; width: number } => ({
    x: event.offsetX,
    y: event.offsetY,
    width,
  });
  return (
    <div class={`plot ${name}`} style={{ height: `${height}px` }}>
      <canvas
        ref={canvas}
        class="plot-canvas"
        role="img"
        aria-label={label}
        style={{ width: `${width}px`, height: `${height}px` }}
        onPointerMove={(event) => onHover?.({ ...placeOf(event), clientX: event.clientX, clientY: event.clientY })}
        onPointerLeave={() => onHover?.(null)}
        onClick={(event) => onClick?.(placeOf(event))}
      />
    </div>
  );
}
