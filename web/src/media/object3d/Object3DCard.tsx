/** A 3D thing, wherever it is shown. The viewer itself is a plain object behind a canvas; this gives it its place. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { source } from "@/state/server/source";
import type { Object3DRecord } from "@/api/schema";
import { classNameOf } from "@/lib/image/classColors";
import { formatBytes, formatValue } from "@/lib/text/format";
import { Legend } from "@/media/object3d/Legend";
import { FullTools } from "@/media/object3d/FullTools";
import { loadViewer, viewer, viewerFailure } from "@/media/object3d/load";
import type { Content, Picked, Stage } from "@/media/object3d/viewer";
import { bytesOfRecord, coordinate, describe, factRows, shortCount } from "@/media/object3d/words";
import type { CardProps } from "@/media/view";
import { WHEEL_HINT } from "@/media/wheel";
import { Icon } from "@/parts/Icon";
import { tileId } from "@/state/media/tile";
import { type Scope, useScope } from "@/state/scope";
import "@/media/object3d/object3d.css";

const THUMB = { width: 96, height: 72 };

export function Object3DCard({ record, size, box, shown }: CardProps<Object3DRecord>): JSX.Element {
  const scope = useScope();
  const { openFull } = scope.selection;
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const stage = useRef<Stage | null>(null);
  const latest = useRef(shown);
  latest.current = shown;
  const [measured, setMeasured] = useState<{ width: number; height: number } | null>(null);
  const [content, setContent] = useState<Content | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [isNear, setNear] = useState(size !== "thumb");
  const [budget, setBudget] = useState<number | null>(null);
  const [isPlaying, setPlaying] = useState(size === "full" && !prefersStillness());
  const picked = useSignal<Picked | null>(null);
  const tick = useSignal(0);
  void tick.value;
  const module = viewer.value;
  const age = module?.contextAge.value ?? 0;
  const room = size === "thumb" ? THUMB : size === "cell" && box ? box : measured;
  const points = budget ?? (module ? (size === "full" ? module.fullBudget() : module.BUDGETS[size]) : 0);

  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    const sizes = new ResizeObserver(() => setMeasured({ width: element.clientWidth, height: element.clientHeight }));
    if (size === "full" || (size === "cell" && !box)) sizes.observe(element);
    // Rows of a table come and go: only what is seen is loaded.
    const sight = new IntersectionObserver((seen) => setNear(seen.some((one) => one.isIntersecting)), { rootMargin: "60px" });
    if (size === "thumb") sight.observe(element);
    return () => {
      sizes.disconnect();
      sight.disconnect();
    };
  }, [size, box === undefined]);

  // The scene of the record, held while it is shown. What was drawn before stays until the next one is ready.
  useLayoutEffect(() => {
    if (!isNear) return;
    if (!module) {
      loadViewer().catch(() => undefined); // told by `viewerFailure`
      return;
    }
    if (!module.sharedEngine()) return;
    let isCurrent = true;
    const hold = module.holdContent(record);
    const take = (found: Content): void => {
      if (!isCurrent) return;
      setFailure(null);
      setContent(found);
    };
    if (module.peekContent(record) === hold.content) take(hold.content);
    else hold.ready.then(take, (thrown: unknown) => isCurrent && setFailure(thrown instanceof Error ? thrown.message : String(thrown)));
    const stop = hold.content.onChange(() => (tick.value += 1));
    return () => {
      isCurrent = false;
      stop();
      hold.release();
    };
  }, [record, module, isNear, age]);

  const canDraw = content !== null && content.failure === null && !content.isDisposed;
  useLayoutEffect(() => {
    if (!canvas.current || !module || !canDraw) return;
    stage.current = new module.Stage(scope, canvas.current, {
      isInteractive: size !== "thumb",
      isFull: size === "full",
      wantsWheel: () => size === "full" || isChosen(scope, latest.current) || canvas.current === document.activeElement,
      onOpen: () => {
        const { current } = latest;
        if (current) openFull({ run: current.run, key: current.key, index: current.index });
      },
      onHover: (found) => (picked.value = found),
    });
    return () => {
      stage.current?.dispose();
      stage.current = null;
    };
  }, [module, size, canDraw]);

  useLayoutEffect(() => {
    if (!stage.current || !content || !room || !canDraw) return;
    stage.current.show(content, room, shown ?? null, points);
    stage.current.play(isPlaying);
  });

  // The full view lets go of the points that a tile does not draw.
  useLayoutEffect(
    () => (size === "full" && content?.cloud ? () => content.cloud?.trim(module?.BUDGETS.cell ?? 0) : undefined),
    [content, size],
  );

  const words = failure ?? content?.failure ?? viewerFailure.value;
  if (module && !module.sharedEngine()) {
    return <NoPicture record={record} size={size} reason="This browser has no WebGL 2, which 3D needs." />;
  }
  if (words && size === "thumb") {
    return (
      <span class="object3d-thumb-words truncate" title={words}>
        <Icon name="warning" size={12} /> {record.format}
      </span>
    );
  }
  if (words) return <NoPicture record={record} size={size} reason={words} />;
  const face = (
    <div
      ref={place}
      class={`object3d-place object3d-${size}`}
      style={size === "thumb" ? { width: `${THUMB.width}px`, height: `${THUMB.height}px` } : {}}
      data-own-pointer
    >
      <canvas
        ref={canvas}
        class="object3d-canvas"
        role="img"
        tabIndex={size === "thumb" ? -1 : 0}
        aria-label={record.caption ?? describe(record)}
        title={size === "thumb" ? describe(record) : size === "cell" ? WHEEL_HINT : undefined}
        style={room ? { width: `${room.width}px`, height: `${room.height}px` } : {}}
        data-own-keys={size === "full" ? "" : undefined}
        onPointerEnter={() => size === "cell" && content?.hasAnimations && !prefersStillness() && setPlaying(true)}
        onPointerLeave={() => size === "cell" && setPlaying(false)}
      />
      {!content && <div class="object3d-waiting">{size === "thumb" ? shortName(record) : "loading"}</div>}
      {content && size !== "thumb" && (
        <Progress
          content={content}
          budget={points}
          isFull={size === "full"}
          onAll={() => setBudget(Infinity)}
          onLess={budget === null ? null : () => setBudget(null)}
        />
      )}
      {size === "full" && content && picked.value && <Reading content={content} picked={picked.value} />}
    </div>
  );
  if (size !== "full") return face;
  return (
    <div class="object3d-whole">
      <FullTools record={record} content={content} shown={shown} stage={() => stage.current} isPlaying={isPlaying} onPlay={setPlaying} />
      <div class="object3d-body">
        {face}
        {content && content.failure === null && <Legend content={content} />}
      </div>
    </div>
  );
}

function isChosen(scope: Scope, shown: CardProps<Object3DRecord>["shown"]): boolean {
  const { selected } = scope.selection;
  const tile = selected.peek();
  return shown !== undefined && tile !== null && tileId(tile) === tileId(shown);
}

function prefersStillness(): boolean {
  return typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function shortName(record: Object3DRecord): string {
  return record.form === "cloud" && record.cloud ? `${shortCount(record.cloud.count)} points` : record.format;
}

/** "1.2 M of 10 M points": whatever is not shown is said. */
function Progress({
  content,
  budget,
  isFull,
  onAll,
  onLess,
}: {
  content: Content;
  budget: number;
  isFull: boolean;
  onAll: () => void;
  onLess: (() => void) | null;
}): JSX.Element | null {
  const { cloud, model } = content;
  const warnings = model?.warnings ?? [];
  if (warnings.length > 0) {
    return (
      <div class="object3d-note object3d-warn" title={warnings.join("\n")}>
        {isFull ? warnings.join(" · ") : "parts are missing"}
      </div>
    );
  }
  if (!cloud) return null;
  const { layout } = cloud;
  const shown = cloud.drawable(budget);
  const isCut = layout.points < layout.declared;
  if (layout.declared === 0 && !content.record.boxes?.length) {
    return (
      <div class="object3d-note" role="status">
        no points
      </div>
    );
  }
  if (!isFull && shown >= layout.points && !isCut && !cloud.failure) return null;
  const part = shown < layout.points ? `${shortCount(shown)} of ` : "";
  const text = `${part}${shortCount(layout.points)} ${layout.points === 1 ? "point" : "points"}`;
  return (
    <div class={`object3d-note${cloud.failure || isCut ? " object3d-warn" : ""}`} role="status" title={cloud.failure ?? undefined}>
      {text}
      {cloud.isLoading && " · loading"}
      {cloud.failure && ` · ${isFull ? cloud.failure : "the rest could not be loaded"}`}
      {isCut && ` · its record says ${shortCount(layout.declared)}, the file holds no more`}
      {isFull && !cloud.isLoading && !cloud.failure && shown < layout.points && (
        <button type="button" class="object3d-link" onClick={onAll}>
          load all ({formatBytes(layout.points * layout.pointBytes)})
        </button>
      )}
      {isFull && !cloud.isLoading && onLess && shown >= layout.points && (
        <button type="button" class="object3d-link" onClick={onLess}>
          show fewer
        </button>
      )}
    </div>
  );
}

/** What lies under the pointer. */
function Reading({ content, picked }: { content: Content; picked: Picked }): JSX.Element {
  const { origin, record } = content;
  const radius = content.frame().radius;
  const values: string[] = ["x", "y", "z"].map(
    (axis, at) => `${axis} ${coordinate((picked.position[at] ?? 0) + (origin[at] ?? 0), radius)}`,
  );
  if (picked.category !== null) values.push(classNameOf(picked.category, record.cloud?.class_labels));
  if (picked.value !== null) values.push(`value ${formatValue(Number(picked.value.toPrecision(6)))}`);
  if (picked.color) values.push(`rgb ${picked.color.join(" ")}`);
  return <div class="object3d-reading" aria-hidden="true">{values.map((value) => <span key={value}>{value}</span>)}</div>;
}

/** Why there is no picture, what it would be, and the way to the bytes. */
function NoPicture({ record, size, reason }: { record: Object3DRecord; size: "thumb" | "cell" | "full"; reason: string }): JSX.Element {
  if (size === "thumb") return <span class="object3d-thumb-words truncate" title={reason}>{describe(record)}</span>;
  const rows = factRows(record).filter(({ name }) => name !== "note");
  return (
    <div class={`object3d-failed object3d-failed-${size}`} role="alert">
      <Icon name="warning" size={18} />
      <p class="object3d-reason">{reason}</p>
      {record.note && record.note !== reason && <p class="object3d-more">{record.note}</p>}
      {size === "full" && (
        <dl class="facts">{rows.map(({ name, value }) => [<dt key={name}>{name}</dt>, <dd key={`${name} value`}>{value}</dd>])}</dl>
      )}
      {record.blob && (
        <a
          class="media-download"
          href={source.blobUrl(record.blob.sha256)}
          download={record.name ?? `model.${record.format}`}
          onClick={(event) => event.stopPropagation()}
        >
          <Icon name="download" size={14} />
          <span class="truncate">{record.name ?? `${record.format} file`}</span>
          <span class="media-size">{formatBytes(bytesOfRecord(record))}</span>
        </a>
      )}
    </div>
  );
}
