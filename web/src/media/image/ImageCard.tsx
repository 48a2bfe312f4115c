/** An image with its overlays, wherever it is shown. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ImageRecord } from "@/api/schema";
import type { Size } from "@/lib/image/transform";
import { ImageStage } from "@/media/image/stage";
import { RangeMark } from "@/media/numbers";
import type { CardProps } from "@/media/view";
import { WHEEL_HINT } from "@/media/wheel";
import { useScope } from "@/state/scope";
import "@/media/image/image.css";

const THUMB_SIDE = 96;

export function ImageCard(props: CardProps<ImageRecord>): JSX.Element {
  return props.record.note ? <UndrawnImage {...props} /> : <DrawnImage {...props} />;
}

function DrawnImage({ record, size, box, shown }: CardProps<ImageRecord>): JSX.Element {
  const scope = useScope();
  const { openFull, selected } = scope.selection;
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const stage = useRef<ImageStage | null>(null);
  const latest = useRef(shown);
  latest.current = shown;
  const [measured, setMeasured] = useState<Size | null>(null);
  const place = box ?? (size === "thumb" ? thumbSize(record) : measured);
  const isInteractive = shown !== undefined;

  useLayoutEffect(() => {
    const element = frame.current;
    if (!element || box || size === "thumb") return;
    const observer = new ResizeObserver(() => setMeasured({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, [box === undefined, size]);

  useLayoutEffect(() => {
    if (!canvas.current) return;
    stage.current = new ImageStage(scope, canvas.current, {
      isInteractive,
      isFull: size === "full",
      onSelect: () => {
        const { current } = latest;
        if (current) selected.value = { run: current.run, key: current.key, index: current.index };
      },
    });
    return () => {
      stage.current?.dispose();
      stage.current = null;
    };
  }, [isInteractive, size]);

  useLayoutEffect(() => {
    if (place) stage.current?.show(record, place, shown ?? null);
  });

  // By their values pictures of the full view may be clear too: where there is no number.
  const hasAlpha = /A|P/.test(record.mode ?? "RGB") || (size === "full" && (record.non_finite ?? 0) > 0);
  return (
    <div ref={frame} class={`image-card image-${size}${hasAlpha ? " image-checker" : ""}`}>
      <canvas
        ref={canvas}
        class="image-canvas"
        role="img"
        title={size === "cell" && isInteractive ? WHEEL_HINT : undefined}
        aria-label={record.caption ?? `image, ${record.width} by ${record.height} pixels`}
        style={place ? { width: `${place.width}px`, height: `${place.height}px` } : {}}
        onDblClick={() => {
          if (shown && size !== "full") openFull({ run: shown.run, key: shown.key, index: shown.index });
        }}
      />
      {size === "cell" && <RangeMark range={record.shown_range} />}
    </div>
  );
}

/** A file that is kept but could not be decoded: words in its place. */
function UndrawnImage({ record, size, box }: CardProps<ImageRecord>): JSX.Element {
  const place = box ?? (size === "thumb" ? thumbSize(record) : null);
  const words = `${record.width.toLocaleString("en")} × ${record.height.toLocaleString("en")} ${record.format ?? "png"}`;
  return (
    <div
      class={`image-card image-${size} image-undrawn`}
      title={record.note}
      style={place ? { width: `${place.width}px`, height: `${place.height}px` } : {}}
    >
      <span class="image-undrawn-size">{words}</span>
      {size !== "thumb" && <span class="image-undrawn-note">{record.note}</span>}
      {size === "full" && <span>The file is kept as it was given: “Original” in the inspector downloads it.</span>}
    </div>
  );
}

function thumbSize(record: ImageRecord): Size {
  const scale = THUMB_SIDE / Math.max(record.width, record.height);
  return { width: Math.max(1, Math.round(record.width * scale)), height: Math.max(1, Math.round(record.height * scale)) };
}
