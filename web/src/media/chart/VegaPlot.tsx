/** One of our own charts, drawn in the page: nothing in it compiles code or loads anything. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { FrameTheme } from "@/lib/frames/protocol";
import type { Plan } from "@/media/chart/presets";
import { savePng } from "@/media/figure/save";
import type { DrawnVega } from "@/media/vega/draw";
import { Tooltip } from "@/parts/Tooltip";

export interface VegaPlotProps {
  plan: Plan;
  theme: FrameTheme;
  label: string;
  /** Grows when a PNG is wished for. */
  pngs: number;
  onFail: (reason: string) => void;
}

export function VegaPlot({ plan, theme, label, pngs, onFail }: VegaPlotProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<DrawnVega | null>(null);
  const [tip, setTip] = useState<{ lines: readonly string[]; x: number; y: number } | null>(null);
  const saved = useRef(pngs);
  const look = JSON.stringify([plan.width, plan.height, theme.isDark]);

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let isGone = false;
    const fresh = document.createElement("div");
    const draw = async (): Promise<void> => {
      const { drawVega } = await import("@/media/vega/draw");
      if (isGone) return;
      const next = await drawVega(fresh, plan.spec, theme, {
        mode: "vega-lite",
        onTip: (lines, x, y) => setTip(lines ? { lines, x, y } : null),
      });
      if (isGone) return next.finish();
      drawn.current?.finish();
      drawn.current = next;
      element.replaceChildren(fresh); // the one before stays until here: nothing flashes
    };
    draw().catch((thrown: unknown) => !isGone && onFail(thrown instanceof Error ? thrown.message : String(thrown)));
    return () => {
      isGone = true;
    };
  }, [plan.spec, look]);
  useEffect(() => () => drawn.current?.finish(), []);
  useEffect(() => {
    if (pngs === saved.current) return;
    saved.current = pngs;
    const save = async (): Promise<void> => {
      const canvas = await drawn.current?.canvas(2);
      if (!canvas) return;
      const solid = document.createElement("canvas");
      [solid.width, solid.height] = [canvas.width, canvas.height];
      const context = solid.getContext("2d");
      if (!context) return;
      context.fillStyle = theme.surface;
      context.fillRect(0, 0, solid.width, solid.height);
      context.drawImage(canvas, 0, 0);
      solid.toBlob((blob) => blob && savePng(blob, label));
    };
    save().catch((thrown: unknown) => onFail(thrown instanceof Error ? thrown.message : String(thrown)));
  }, [pngs]);

  return (
    <>
      <div
        ref={place}
        class="preset-plot"
        role="img"
        aria-label={label}
        style={{ width: `${plan.width}px`, height: `${plan.height}px` }}
        onPointerLeave={() => setTip(null)}
      />
      {tip && (
        <Tooltip x={tip.x} y={tip.y}>
          {tip.lines.map((line) => (
            <div key={line}>{line}</div>
          ))}
        </Tooltip>
      )}
    </>
  );
}
