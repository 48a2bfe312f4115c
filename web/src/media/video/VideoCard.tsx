/**
 * A video: its poster until somebody wants to see it move. It plays without sound while the pointer is over it, goes on
 * after a click, and has all controls in the full view.
 */
import type { JSX, TargetedKeyboardEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { source } from "@/state/server/source";
import type { VideoRecord } from "@/api/schema";
import { formatBytes } from "@/lib/text/format";
import { DownloadLink } from "@/media/file/FileCard";
import { RangeMark } from "@/media/numbers";
import { VideoControls } from "@/media/video/VideoControls";
import { GifPlayer, canStepGif } from "@/media/video/gifPlayer";
import { ElementPlayer, type Player, SPEEDS } from "@/media/video/player";
import { type VideosTogether, videosTogether } from "@/media/video/together";
import type { CardProps, CardSize } from "@/media/view";
import { Icon } from "@/parts/Icon";
import { useScope } from "@/state/scope";
import "@/media/video/video.css";

export function VideoCard({ record, size, box }: CardProps<VideoRecord>): JSX.Element {
  const scope = useScope();
  const { selection: { isFull }, zoom: { smoothing } } = scope;
  const { isTogether } = videosTogether(scope);
  const [isHovered, setHovered] = useState(false);
  // A click keeps it going, also when the clock brings the video of another step.
  const [isPinned, setPinned] = useState(size === "full");
  const place = size === "thumb" ? thumbSize(record) : box;
  const isStartedByKey = useRef(false);
  // Under the full view nothing moves.
  const isWanted = (isHovered || isPinned || isTogether.value) && (size === "full" || !isFull.value);
  const playable = record.preview ?? record.blob;
  const canPlay = record.frame_count !== undefined || record.has_audio === true;
  const label = record.caption ?? `video${record.width ? `, ${record.width} by ${record.height ?? 0} pixels` : ""}`;
  return (
    <div
      class={`video-card video-${size}${smoothing.value === "pixelated" ? " video-squares" : ""}`}
      role="group"
      aria-label={label}
      style={place ? { width: `${place.width}px`, height: `${place.height}px` } : {}}
      onPointerEnter={(event) => setHovered(event.pointerType === "mouse" && record.poster !== undefined && !prefersStill())}
      onPointerLeave={() => setHovered(false)}
    >
      {record.poster ? (
        <img class="video-poster" src={source.blobUrl(record.poster.sha256)} alt="" decoding="sync" draggable={false} />
      ) : (
        <div class="video-blank">
          <Icon name={record.has_audio ? "sound" : "play"} size={size === "thumb" ? 14 : 24} />
        </div>
      )}
      {canPlay && isWanted ? (
        <Playing
          key={playable.sha256}
          record={record}
          size={size}
          width={place?.width ?? 240}
          isPinned={isPinned}
          isStartedByKey={isStartedByKey}
          onPin={setPinned}
        />
      ) : (
        canPlay && (
          <button
            class="video-start"
            type="button"
            tabIndex={size === "thumb" ? -1 : 0}
            aria-label={`Play ${label}`}
            title="Play"
            onClick={(event) => {
              isStartedByKey.current = event.detail === 0;
              setPinned(true);
            }}
            onKeyDown={keepKeys}
          >
            <Icon name="play" size={size === "thumb" ? 10 : 14} />
          </button>
        )
      )}
      <Words record={record} size={size} />
      {size === "cell" && <RangeMark range={record.shown_range} />}
    </div>
  );
}

/** What is not as one might expect, said on the card. */
function Words({ record, size }: { record: VideoRecord; size: CardSize }): JSX.Element | null {
  if (size === "thumb") return record.note ? <span class="video-flag" title={record.note}><Icon name="warning" size={11} /></span> : null;
  if (record.frame_count === undefined || record.frame_count === null) {
    return (
      <div class="video-words">
        <span class="video-why" title={record.note ?? undefined}>{record.note ?? "Nobody knows what is in this file."}</span>
        <DownloadLink blob={record.blob} name={record.name ?? `video.${record.format}`} />
      </div>
    );
  }
  return record.note ? <div class="video-note truncate" title={record.note}>{record.note}</div> : null;
}

interface PlayingProps {
  record: VideoRecord;
  size: CardSize;
  width: number;
  isPinned: boolean;
  /** The button that had the focus is gone: the video takes it. */
  isStartedByKey: { current: boolean };
  onPin: (isPinned: boolean) => void;
}

function Playing({ record, size, width, isPinned, isStartedByKey, onPin }: PlayingProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const [player, setPlayer] = useState<Player | null>(null);
  const isGif = record.format === "gif" && !record.preview;
  const isPicture = isGif && !canStepGif(record);
  const starts = useRef(!prefersStill() || size !== "full");
  const together = videosTogether(useScope());

  useLayoutEffect(() => {
    const element = place.current?.querySelector("video, canvas");
    const made =
      element instanceof HTMLVideoElement
        ? new ElementPlayer(record, element)
        : element instanceof HTMLCanvasElement
          ? new GifPlayer(record, element)
          : null;
    setPlayer(made);
    if (!made) return;
    const leave = together.joinTogether(made);
    if (starts.current && !together.isTogether.peek()) made.play();
    return () => {
      leave();
      made.dispose();
    };
  }, [record.blob.sha256]);

  // In the full view the keys are the video's; whoever opened it with the keyboard need not look for it.
  useEffect(() => {
    const isFree = document.activeElement === document.body || document.activeElement?.matches(".full:not(.cellview)") === true;
    if (isStartedByKey.current || (size === "full" && isFree)) place.current?.focus({ preventScroll: true });
    isStartedByKey.current = false;
  }, []);

  const toggle = (): void => {
    if (!player) return;
    if (!isPinned && player.isPlaying.peek()) onPin(true); // the pointer started it: the click is for going on
    else {
      together.togglePlayer(player);
      onPin(true);
    }
  };
  const hasControls = size !== "thumb" && player !== null;
  return (
    <div
      ref={place}
      class={`video-playing${player?.hasPicture.value || isPicture ? " video-seen" : ""}`}
      tabIndex={size === "full" ? 0 : -1}
      data-own-keys={size === "full" ? "" : undefined}
      // The picture lets the pointer through: a double click on a player would not open the full view.
      onClick={(event) => event.target === event.currentTarget && toggle()}
      onKeyDown={(event) => player && size !== "thumb" && onKey(event, player, together, toggle, size === "full")}
    >
      {isPicture ? (
        <img class="video-picture" src={source.blobUrl(record.blob.sha256)} alt="" draggable={false} />
      ) : isGif ? (
        <canvas class="video-picture" />
      ) : (
        <video class="video-picture" disablePictureInPicture tabIndex={-1} />
      )}
      {player?.problem.value && (
        <div class="video-words" role="alert">
          <span>{player.problem.value}</span>
          {size !== "thumb" && <DownloadLink blob={record.blob} name={record.name ?? `video.${record.format}`} />}
        </div>
      )}
      {hasControls && !player.problem.value && <VideoControls player={player} size={size} width={width} onToggle={toggle} />}
      {isPicture && size !== "thumb" && <span class="video-once">{formatBytes(record.blob.size_bytes)} gif: plays as a picture</span>}
    </div>
  );
}

function onKey(
  event: TargetedKeyboardEvent<HTMLElement>,
  player: Player,
  { seekPlayer, setPlayerSpeed, stepPlayer }: VideosTogether,
  toggle: () => void,
  isFull: boolean,
): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isSlider = event.target instanceof HTMLInputElement;
  const isButton = event.target instanceof HTMLButtonElement;
  const duration = player.duration.peek();
  const faster = (by: number): void =>
    setPlayerSpeed(player, SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(player.speed.peek()) + by))] ?? 1);
  const actions: Record<string, () => void> = {
    ...(isButton ? {} : { " ": toggle }),
    k: toggle,
    ArrowLeft: () => (event.shiftKey ? seekPlayer(player, Math.max(0, player.time.peek() - 1)) : stepPlayer(player, -1)),
    ArrowRight: () => (event.shiftKey ? seekPlayer(player, Math.min(duration, player.time.peek() + 1)) : stepPlayer(player, 1)),
    ",": () => stepPlayer(player, -1),
    ".": () => stepPlayer(player, 1),
    Home: () => seekPlayer(player, 0),
    End: () => seekPlayer(player, duration),
    "<": () => faster(-1),
    ">": () => faster(1),
    m: () => player.setMuted(!player.isMuted.peek()),
  };
  const action = actions[event.key];
  if (action) {
    event.preventDefault();
    event.stopPropagation();
    action();
  } else if (isFull && /^(ArrowUp|ArrowDown|PageUp|PageDown|i)$/.test(event.key)) {
    // The view's own keys, which it leaves to a focused video, are given back to it.
    const key = { PageUp: "ArrowLeft", PageDown: "ArrowRight" }[event.key] ?? event.key;
    event.preventDefault();
    event.currentTarget.closest(".full")?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  } else if ((isButton && (event.key === "Enter" || event.key === " ")) || isSlider) {
    event.stopPropagation(); // the grid's Enter would open the full view
  }
}

function keepKeys(event: KeyboardEvent): void {
  if (event.key === "Enter" || event.key === " ") event.stopPropagation();
}

function prefersStill(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

const THUMB_HEIGHT = 56;

function thumbSize(record: VideoRecord): { width: number; height: number } {
  const aspect = record.width && record.height ? record.width / record.height : 4 / 3;
  const width = Math.min(112, Math.max(28, Math.round(THUMB_HEIGHT * aspect)));
  return { width, height: Math.min(THUMB_HEIGHT, Math.max(16, Math.round(width / aspect))) };
}
