/** A sound: its outline to look at and to seek in, and a button to hear it. The full view shows it from near. */
import type { JSX, TargetedKeyboardEvent, TargetedPointerEvent } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { AudioRecord } from "@/api/schema";
import { AudioScopeLoader } from "@/media/audio/AudioScopeLoader";
import { loudest } from "@/media/audio/outline";
import { paintWave, readWaveInk } from "@/media/audio/paintWave";
import { lanesFor } from "@/media/audio/peaks";
import { type Voice, holdVoice } from "@/media/audio/voice";
import { DownloadLink } from "@/media/file/FileCard";
import { formatTime } from "@/media/playing";
import type { CardProps, CardSize } from "@/media/view";
import { IconButton } from "@/parts/Button";
import { Icon } from "@/parts/Icon";
import { theme } from "@/state/page/theme";
import { pixelRatio } from "@/state/page/screen";
import "@/media/audio/audio.css";

export function AudioCard({ record, size, box }: CardProps<AudioRecord>): JSX.Element {
  const { voice, release } = useMemo(() => holdVoice(record), [record.blob.sha256]);
  useEffect(() => release, [release]);
  const problem = voice.problem.value;
  const isPlaying = voice.isPlaying.value;
  const duration = voice.duration.value;
  const canPlay = record.sample_rate !== undefined || record.preview !== undefined || !record.note;
  const name = record.caption ?? record.name ?? "sound";
  if (!canPlay || problem) return <Silent record={record} size={size} words={problem ?? record.note ?? "It can't be played."} />;
  const digits = duration < 10 ? 2 : 1;
  const button = (
    <IconButton
      icon={isPlaying ? "pause" : "play"}
      size={size === "thumb" ? 12 : 15}
      label={`${isPlaying ? "Pause" : "Play"} ${name}`}
      tabIndex={size === "thumb" ? -1 : 0}
      onClick={() => voice.toggle()}
    />
  );
  if (size === "full") {
    return (
      <FullKeys voice={voice}>
        <AudioScopeLoader record={record} voice={voice} width={box?.width ?? 800} height={box?.height ?? 400} />
      </FullKeys>
    );
  }
  return (
    <div class={`audio-card audio-${size}`} data-own-pointer onKeyDown={(event) => onKey(event, voice)}>
      {button}
      <Wave record={record} voice={voice} size={size} />
      {size === "cell" ? (
        <div class="audio-foot">
          <span class="audio-time">
            {formatTime(voice.time.value, digits)} / {formatTime(duration, digits)}
          </span>
          <span class="audio-kind truncate" title={[record.name, describe(record)].filter(Boolean).join(" · ")}>
            {record.name ?? describe(record)}
          </span>
          {record.note && (
            <span class="audio-flag" title={record.note}>
              <Icon name="warning" size={12} />
            </span>
          )}
        </div>
      ) : (
        <span class="audio-time">{formatTime(duration, 1)}</span>
      )}
    </div>
  );
}

/** "16 kHz · stereo" */
export function describe(record: AudioRecord): string {
  const rate = record.sample_rate;
  const channels = record.channels ?? 1;
  return [
    rate ? (rate >= 1000 ? `${Number((rate / 1000).toPrecision(4))} kHz` : `${rate} Hz`) : null,
    channels === 1 ? "mono" : channels === 2 ? "stereo" : `${channels} channels`,
    record.format,
  ]
    .filter(Boolean)
    .join(" · ");
}

function Silent({ record, size, words }: { record: AudioRecord; size: CardSize; words: string }): JSX.Element {
  if (size === "thumb") return <span class="audio-silent-thumb" title={words}><Icon name="warning" size={12} /> {record.format}</span>;
  return (
    <div class="audio-silent" role="alert">
      <span>{words}</span>
      <DownloadLink blob={record.blob} name={record.name ?? `sound.${record.format}`} />
    </div>
  );
}

/** The whole outline: click or drag to seek. */
function Wave({ record, voice, size }: { record: AudioRecord; voice: Voice; size: CardSize }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [room, setRoom] = useState({ width: 0, height: 0 });
  const [loaded, setLoaded] = useState(0);
  const lanes = useMemo(() => lanesFor(record, () => setLoaded((count) => count + 1)), [record.blob.sha256, loaded]);
  const duration = voice.duration.value;
  const time = voice.time.value;
  void theme.value; // colours come from the tokens: draw again when they change

  useLayoutEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return;
    const measure = (): void => setRoom({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || room.width < 1 || room.height < 1) return;
    const ratio = pixelRatio.peek();
    const [columns, rows] = [Math.round(room.width * ratio), Math.round(room.height * ratio)];
    if (element.width !== columns) element.width = columns;
    if (element.height !== rows) element.height = rows;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, room.width, room.height);
    if (!lanes) return;
    const played = duration > 0 ? time / duration : 0;
    const shown = size === "thumb" ? lanes.slice(0, 1) : lanes.slice(0, 8);
    paintWave(context, { left: 0, top: 0, ...room }, shown, { start: 0, end: 1 }, played, loudest(shown), readWaveInk(element));
    if (played > 0) {
      context.fillStyle = readWaveInk(element).played;
      context.fillRect(Math.min(room.width - 1, played * room.width), 0, 1, room.height);
    }
  });

  const seek = (event: TargetedPointerEvent<HTMLDivElement>): void => {
    const bounds = event.currentTarget.getBoundingClientRect();
    voice.seek(((event.clientX - bounds.left) / bounds.width) * duration);
  };
  return (
    <div
      class="audio-wave"
      role="slider"
      tabIndex={size === "thumb" ? -1 : 0}
      aria-label={`Position in ${record.caption ?? record.name ?? "the sound"}`}
      aria-valuemin={0}
      aria-valuemax={Number(duration.toFixed(2))}
      aria-valuenow={Number(time.toFixed(2))}
      aria-valuetext={`${formatTime(time)} of ${formatTime(duration)}`}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        seek(event);
      }}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && seek(event)}
    >
      <canvas ref={canvas} class="audio-canvas" />
    </div>
  );
}

/**
 * The keys of the full view belong to the sound; those that it has no use for go back to the view. In the view of a
 * table's cell the arrows go on to the next cell, until the sound is clicked.
 */
function FullKeys({ voice, children }: { voice: Voice; children: JSX.Element }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (document.activeElement === document.body || document.activeElement?.matches(".full:not(.cellview)") === true) {
      place.current?.focus({ preventScroll: true });
    }
  }, []);
  return (
    <div ref={place} class="audio-full" tabIndex={0} data-own-keys onKeyDown={(event) => onKey(event, voice, true)}>
      {children}
    </div>
  );
}

function onKey(event: TargetedKeyboardEvent<HTMLElement>, voice: Voice, isFull = false): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isButton = event.target instanceof HTMLButtonElement || event.target instanceof HTMLSelectElement;
  const leap = event.shiftKey ? 5 : Math.min(1, voice.duration.peek() / 20);
  const actions: Record<string, () => void> = {
    ...(isButton ? {} : { " ": () => voice.toggle() }),
    k: () => voice.toggle(),
    ArrowLeft: () => voice.seek(voice.time.peek() - leap),
    ArrowRight: () => voice.seek(voice.time.peek() + leap),
    Home: () => voice.seek(0),
    End: () => voice.seek(voice.duration.peek()),
  };
  const action = event.target instanceof HTMLSelectElement ? undefined : actions[event.key];
  if (action) {
    event.preventDefault();
    event.stopPropagation();
    action();
  } else if (isFull && /^(ArrowUp|ArrowDown|PageUp|PageDown|i)$/.test(event.key) && !(event.target instanceof HTMLSelectElement)) {
    const key = { PageUp: "ArrowLeft", PageDown: "ArrowRight" }[event.key] ?? event.key;
    event.preventDefault();
    event.currentTarget.closest(".full")?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  } else if (isButton && (event.key === "Enter" || event.key === " ")) event.stopPropagation();
}
