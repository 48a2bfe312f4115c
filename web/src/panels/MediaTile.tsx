/** One item of one run: its picture (or words why there is none), the step that it really shows, what is under the pointer. */
import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo } from "preact/hooks";
import { formatNumber } from "@/lib/text/format";
import { MediaCard } from "@/media/MediaCard";
import { Button, IconButton } from "@/parts/Button";
import { MiddleText } from "@/parts/MiddleText";
import type { Wanted } from "@/media/prefetch";
import { Tile } from "@/media/tiles";
import { type ShownItem, tileId } from "@/state/media/tile";
import { type Scope, useScope } from "@/state/scope";

const TOOLS = "a, button, input, select, textarea, summary, [contenteditable]";

export interface MediaTileProps {
  wanted: Wanted;
  /** Room for the picture, CSS pixels. */
  box: { width: number; height: number };
  /** The run's colour along the edge. */
  color: string;
  /** First line under the picture; null leaves the place out. */
  title: string | null;
  hasCaption: boolean;
  /** With a head above it; what is inside keeps its own pointer. */
  isFramed: boolean;
  left: number;
  top: number;
  height: number;
}

export function MediaTile({ wanted, box, color, title, hasCaption, isFramed, left, top, height }: MediaTileProps): JSX.Element {
  const scope = useScope();
  const { openFull, selected } = scope.selection;
  const tile = useMemo(() => new Tile(scope), []);
  useEffect(() => () => tile.dispose(), [tile]);
  useLayoutEffect(() => tile.ask(wanted));
  const shown = tile.shown.value;
  const id = tileId(wanted);
  const isSelected = useComputed(() => (selected.value ? tileId(selected.value) : ""));
  const isThis = isSelected.value === id;
  const caption = hasCaption ? captionOf(shown) : null;
  const isLate = wanted.step !== shown?.cell.step;
  return (
    <div
      class={`tile${isThis ? " tile-selected" : ""}${isFramed ? " tile-framed" : ""}`}
      role="gridcell"
      aria-selected={isThis}
      id={scope.elementId(`tile-${id}`)}
      data-tile={id}
      data-step={shown?.cell.step}
      style={{ transform: `translate(${left}px, ${top}px)`, width: `${box.width}px`, height: `${height}px`, "--run": color }}
      onClick={(event) => {
        selected.value = { run: wanted.run, key: wanted.key, index: wanted.index };
        focusAround(scope, event.currentTarget, event.target);
      }}
      onDblClick={(event) => {
        if (!ownsPointer(event.target, isFramed)) openFull(wanted);
      }}
    >
      {isFramed && <TileHead shown={shown} isLate={isLate} title={title} caption={caption} onOpen={() => openFull(wanted)} />}
      <TileFace tile={tile} box={box} isLate={isLate} hasBadge={!isFramed} />
      {!isFramed && title !== null && <div class="tile-title"><MiddleText text={title} /></div>}
      {!isFramed && hasCaption && <div class="tile-caption truncate" title={caption ?? ""}>{caption}</div>}
    </div>
  );
}

/** Keys go on from the tile that was clicked, also where its content took the press and left nothing focused. */
function focusAround(scope: Scope, tile: HTMLElement, pressed: EventTarget | null): void {
  const { isFull } = scope.selection;
  if (isFull.peek()) return; // the click opened it: the keys are the full view's
  const isTool = pressed instanceof Element && pressed.closest(TOOLS) !== null;
  if (isTool && document.activeElement !== document.body) return; // they are the tool's, or of what it has opened
  const panel = tile.closest<HTMLElement>("[role=grid]");
  if (panel && !panel.contains(document.activeElement)) panel.focus({ preventScroll: true });
}

/** Above what is no picture: the step, whose it is, the way to see it large. */
function TileHead({
  shown,
  isLate,
  title,
  caption,
  onOpen,
}: {
  shown: ShownItem | null;
  isLate: boolean;
  title: string | null;
  caption: string | null;
  onOpen: () => void;
}): JSX.Element {
  return (
    <div class="tile-head">
      {shown && <StepBadge shown={shown} isLate={isLate} />}
      {title !== null && title !== "" && (
        <span class="tile-head-title">
          <MiddleText text={title} />
        </span>
      )}
      <span class="tile-head-caption truncate" title={caption ?? ""}>
        {caption}
      </span>
      <IconButton icon="expand" size={13} label="Full view (double-click this line)" tabIndex={-1} onClick={onOpen} />
    </div>
  );
}

/** Whether a double click there means something to the content: words are marked by it, axes reset, players enlarged. */
function ownsPointer(target: EventTarget | null, isFramed: boolean): boolean {
  if (!(target instanceof Element)) return false;
  return target.closest(`${TOOLS}, video, audio, [data-own-pointer]${isFramed ? ", .tile-face" : ""}`) !== null;
}

/** The picture with its badge and read-out; also the heart of the full view. */
export function TileFace({
  tile,
  box,
  isLate,
  isFullSize = false,
  hasBadge = true,
}: {
  tile: Tile;
  box: { width: number; height: number };
  isLate: boolean;
  isFullSize?: boolean;
  hasBadge?: boolean;
}): JSX.Element {
  const shown = tile.shown.value;
  const status = tile.status.value;
  return (
    <div class="tile-face" style={{ width: `${box.width}px`, height: `${box.height}px` }} aria-busy={status.is === "loading"}>
      {shown && <MediaCard record={shown.item} size={isFullSize ? "full" : "cell"} box={box} shown={shown} />}
      {shown && hasBadge && <StepBadge shown={shown} isLate={isLate} />}
      {shown && <ProbeStrip shown={shown} />}
      {!shown && status.is === "loading" && <div class="tile-words tile-loading">loading</div>}
      {status.is === "missing" && <div class="tile-words">{status.text}</div>}
      {status.is === "failed" && (
        <div class="tile-words tile-failed" role="alert">
          <span>{status.text}</span>
          <Button look="plain" icon="reset" onClick={() => tile.retry()}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

/** The step that is really shown; amber when it is not the one asked for. */
export function StepBadge({ shown, isLate }: { shown: ShownItem; isLate: boolean }): JSX.Element {
  const isOther = isLate || shown.isOtherStep;
  const asked = shown.askedAt === null ? "the newest" : formatNumber(shown.askedAt);
  const step = formatNumber(shown.cell.step);
  const words = isOther ? `This is step ${step}; asked for ${asked}` : `Step ${step}`;
  const attempts = shown.cell.attempts > 1 ? ` · logged ${shown.cell.attempts} times, the newest is shown` : "";
  return (
    <span
      class={`tile-step${isOther ? " tile-step-other" : ""}`}
      title={`${words}${attempts}`}
    >
      {step}
    </span>
  );
}

function ProbeStrip({ shown }: { shown: ShownItem }): JSX.Element | null {
  const { probe } = useScope().probe;
  const id = tileId(shown);
  const here = useComputed(() => (probe.value && tileId(probe.value) === id ? probe.value : null)).value;
  if (!here) return null;
  // Layers that agree are named once; the inspector names each.
  const classes = [...new Map(here.classes.map((one) => [one.name, one])).values()];
  return (
    <div class="tile-probe" aria-hidden="true">
      <span>{here.x}, {here.y}</span>
      {classes.map(({ name, color }) => <span key={name} class="tile-probe-class" style={{ "--class": color }}>{name}</span>)}
      {here.boxes[0] && (
        <span
          class="tile-probe-class tile-probe-box"
          style={{ "--class": here.boxes[0].color }}
        >
          {here.boxes[0].text}{here.boxes.length > 1 ? ` +${here.boxes.length - 1}` : ""}
        </span>
      )}
      <span class="tile-probe-value">{here.channels ? here.channels.join(" ") : "…"}</span>
    </div>
  );
}

export function captionOf(shown: ShownItem | null): string {
  const item = shown?.item;
  if (typeof item !== "object" || item === null) return "";
  return "caption" in item && typeof item.caption === "string" ? item.caption : "";
}
