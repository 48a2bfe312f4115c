/** A sound from near: outline and spectrogram of a part of it, seeking by click, zooming by wheel. */
import type { JSX, TargetedPointerEvent, TargetedWheelEvent } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { AudioRecord } from "@/api/schema";
import { FINE_SPAN, type Lane, loudest, outlineOfSamples } from "@/media/audio/outline";
import { paintFrequencies, paintSpectrogram } from "@/media/audio/paintSpectrogram";
import { paintWave, readWaveInk } from "@/media/audio/paintWave";
import { lanesFor } from "@/media/audio/peaks";
import { type Range, followTime, moveRange, timeTicks, zoomRange } from "@/media/audio/range";
import { type Samples, loadSamples } from "@/media/audio/samples";
import type { Voice } from "@/media/audio/voice";
import { readInk } from "@/media/histogram/paint";
import { formatTime } from "@/media/playing";
import { IconButton } from "@/parts/Button";
import { theme } from "@/state/page/theme";
import { pixelRatio } from "@/state/page/screen";

export interface ScopeProps {
  record: AudioRecord;
  voice: Voice;
  width: number;
  height: number;
}

const LEFT = 58;
const RIGHT = 14;
const BAR = 44;
const OVERVIEW = 40;
const AXIS = 22;
const GAP = 8;
const SHOWN_CHANNELS = 2;
const SHORTEST_SAMPLES = 64;
const WINDOWS = [256, 512, 1024, 2048, 4096] as const;
const SPEEDS = [0.25, 0.5, 1, 1.5, 2];

export function AudioScope({ record, voice, width, height }: ScopeProps): JSX.Element {
  const [samples, setSamples] = useState<Samples | null>(null);
  const [problem, setProblem] = useState("");
  const duration = voice.duration.value;
  const [range, setRange] = useState<Range>({ start: 0, end: Math.max(0.001, duration) });
  const [windowSize, setWindow] = useState<number>((record.sample_rate ?? 44_100) < 2000 ? 256 : 1024);
  const [isLog, setLog] = useState(false);
  const [, setLoaded] = useState(0);
  const inner = Math.max(50, width - LEFT - RIGHT);

  useEffect(() => {
    const stop = new AbortController();
    setSamples(null);
    setProblem("");
    setRange({ start: 0, end: Math.max(0.001, voice.duration.peek()) });
    loadSamples(record, stop.signal).then(setSamples, (thrown: unknown) => {
      if (!stop.signal.aborted) setProblem(thrown instanceof Error ? thrown.message : String(thrown));
    });
    return () => stop.abort();
  }, [record.blob.sha256]);

  const fine = useMemo(() => samples?.channels.map(outlineOfSamples) ?? null, [samples]);
  const coarse = lanesFor(record, () => setLoaded((count) => count + 1));
  const time = voice.time.value;
  const isPlaying = voice.isPlaying.value;
  const shownRange = isPlaying ? followTime(range, time, duration) : range;
  useEffect(() => {
    if (shownRange !== range) setRange(shownRange);
  });
  const shortest = SHORTEST_SAMPLES / (samples?.rate ?? record.sample_rate ?? 8000);
  const zoom = (factor: number, at = (shownRange.start + shownRange.end) / 2): void =>
    setRange(zoomRange(shownRange, factor, at, duration, shortest));
  const secsAt = (event: { clientX: number }, element: Element, span: Range): number => {
    const bounds = element.getBoundingClientRect();
    return span.start + ((event.clientX - bounds.left - LEFT) / inner) * (span.end - span.start);
  };
  const onWheel = (event: TargetedWheelEvent<HTMLDivElement>): void => {
    event.preventDefault();
    const across = event.shiftKey ? event.deltaY : event.deltaX;
    if (Math.abs(across) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      setRange(moveRange(shownRange, (across / inner) * (shownRange.end - shownRange.start), duration));
    } else zoom(Math.exp(-event.deltaY * 0.003), secsAt(event, event.currentTarget, shownRange));
  };
  const whole: Range = { start: 0, end: duration };
  const drag = (span: Range, act: (secs: number) => void) => ({
    onPointerDown: (event: TargetedPointerEvent<HTMLDivElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      act(secsAt(event, event.currentTarget, span));
    },
    onPointerMove: (event: TargetedPointerEvent<HTMLDivElement>) => {
      if (event.currentTarget.hasPointerCapture(event.pointerId)) act(secsAt(event, event.currentTarget, span));
    },
  });
  const stage = Math.max(120, height - BAR - OVERVIEW - AXIS - 2 * GAP);
  const isZoomed = shownRange.end - shownRange.start < duration * 0.999;
  const playhead = LEFT + ((time - shownRange.start) / (shownRange.end - shownRange.start)) * inner;
  return (
    <div class="scope" style={{ width: `${width}px`, height: `${height}px` }}>
      <div
        class="scope-overview"
        style={{ height: `${OVERVIEW}px` }}
        {...drag(whole, (secs) => setRange(moveRange(shownRange, secs - (shownRange.start + shownRange.end) / 2, duration)))}
      >
        <Overview
          lanes={coarse}
          width={width}
          inner={inner}
          range={shownRange}
          duration={duration}
          played={duration > 0 ? time / duration : 0}
        />
      </div>
      <div class="scope-stage" style={{ height: `${stage + AXIS}px` }} onWheel={onWheel} {...drag(shownRange, (secs) => voice.seek(secs))}>
        <Near
          samples={samples}
          fine={fine}
          coarse={coarse}
          range={shownRange}
          duration={duration}
          width={width}
          inner={inner}
          stage={stage}
          windowSize={windowSize}
          isLog={isLog}
        />
        {playhead >= LEFT - 1 && playhead <= LEFT + inner + 1 && (
          <div class="scope-playhead" style={{ left: `${playhead}px`, height: `${stage}px` }} />
        )}
        {!samples && <div class="audio-words scope-words">{problem || "decoding"}</div>}
      </div>
      <div class="scope-bar" style={{ height: `${BAR}px` }}>
        <IconButton
          icon={isPlaying ? "pause" : "play"}
          label={isPlaying ? "Pause (Space)" : "Play (Space)"}
          onClick={() => voice.toggle()}
        />
        <span class="audio-time">
          {formatTime(time, 2)} / {formatTime(duration, 2)}
        </span>
        <button
          class="audio-speed"
          type="button"
          aria-label={`Speed ${voice.speed.value}×`}
          title="Speed"
          onClick={() => voice.setSpeed(SPEEDS[(SPEEDS.indexOf(voice.speed.peek()) + 1) % SPEEDS.length] ?? 1)}
        >
          {voice.speed.value}×
        </button>
        <span class="scope-space" />
        {record.note && (
          <span class="audio-note truncate" title={record.note}>
            {record.note}
          </span>
        )}
        <IconButton icon="minus" label="Zoom out" isDisabled={!isZoomed} onClick={() => zoom(0.5)} />
        <IconButton
          icon="plus"
          label="Zoom in (or turn the wheel)"
          onClick={() => zoom(2, time >= shownRange.start && time <= shownRange.end && time > 0 ? time : undefined)}
        />
        <IconButton icon="reset" label="Show the whole sound" isDisabled={!isZoomed} onClick={() => setRange(whole)} />
        <label class="scope-field" title="Samples in one spectrum: more tell frequencies apart, fewer tell times apart">
          window
          <select value={String(windowSize)} onChange={(event) => setWindow(Number(event.currentTarget.value))}>
            {WINDOWS.map((size) => (
              <option key={size} value={String(size)}>
                {size}
              </option>
            ))}
          </select>
        </label>
        <label class="scope-field">
          frequency
          <select value={isLog ? "log" : "linear"} onChange={(event) => setLog(event.currentTarget.value === "log")}>
            <option value="linear">linear</option>
            <option value="log">log</option>
          </select>
        </label>
      </div>
    </div>
  );
}

function sizeCanvas(element: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = pixelRatio.peek();
  const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (element.width !== columns) element.width = columns;
  if (element.height !== rows) element.height = rows;
  const context = element.getContext("2d", { willReadFrequently: true }); // drawn by hand: a GPU would only copy it to and fro
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}

function Overview({
  lanes,
  width,
  inner,
  range,
  duration,
  played,
}: {
  lanes: Lane[] | null;
  width: number;
  inner: number;
  range: Range;
  duration: number;
  played: number;
}): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  void theme.value;
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element && sizeCanvas(element, width, OVERVIEW);
    if (!element || !context || !lanes) return;
    paintWave(
      context,
      { left: LEFT, top: 2, width: inner, height: OVERVIEW - 4 },
      lanes.slice(0, 1),
      { start: 0, end: 1 },
      played,
      loudest(lanes.slice(0, 1)),
      readWaveInk(element),
    );
  });
  const left = LEFT + (range.start / duration) * inner;
  return (
    <>
      <canvas ref={canvas} class="scope-canvas" style={{ width: `${width}px`, height: `${OVERVIEW}px` }} />
      <div class="scope-window" style={{ left: `${left}px`, width: `${Math.max(3, ((range.end - range.start) / duration) * inner)}px` }} />
    </>
  );
}

interface NearProps {
  samples: Samples | null;
  fine: Lane[] | null;
  coarse: Lane[] | null;
  range: Range;
  duration: number;
  width: number;
  inner: number;
  stage: number;
  windowSize: number;
  isLog: boolean;
}

function Near({ samples, fine, coarse, range, duration, width, inner, stage, windowSize, isLog }: NearProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shownTheme = theme.value;
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element && sizeCanvas(element, width, stage + AXIS);
    if (!element || !context) return;
    const ink = readWaveInk(element);
    const colors = readInk(element);
    const waveHeight = Math.round(stage * 0.36);
    const span = { start: range.start / duration, end: range.end / duration };
    const perColumn = samples ? ((range.end - range.start) * samples.rate) / inner : Infinity;
    // Near enough the samples themselves are drawn, from further away their outline.
    const lanes = (perColumn < 2 * FINE_SPAN ? samples?.channels.map((channel) => ({ lows: channel, highs: channel })) : fine) ?? coarse;
    if (lanes) {
      paintWave(
        context,
        { left: LEFT, top: 0, width: inner, height: waveHeight - GAP },
        lanes.slice(0, SHOWN_CHANNELS),
        span,
        0,
        loudest(coarse ?? fine ?? lanes),
        { ...ink, rest: ink.played },
      );
    }
    paintTimes(context, range, inner, stage, ink.rest, ink.line);
    if (!samples) return;
    const shown = samples.channels.slice(0, SHOWN_CHANNELS);
    const ratio = pixelRatio.peek();
    const each = (stage - waveHeight) / shown.length;
    let lanesLeft = shown.length;
    const onDone = (): void => {
      lanesLeft -= 1;
      if (lanesLeft === 0) element.dataset["drawn"] = "yes";
    };
    delete element.dataset["drawn"];
    const stops = shown.map((channel, at) => {
      const place = { left: LEFT, top: waveHeight + at * each, width: inner, height: each - 2 };
      paintFrequencies(context, place, samples.rate, isLog, colors.text);
      const device = {
        left: Math.round(LEFT * ratio),
        top: Math.round(place.top * ratio),
        width: Math.round(inner * ratio),
        height: Math.max(1, Math.round(place.height * ratio)),
      };
      return paintSpectrogram(
        context,
        device,
        { samples: channel, rate: samples.rate, ...range, windowSize, isLog, ramp: colors.ramp },
        onDone,
      );
    });
    return () => {
      for (const stop of stops) stop();
    };
  }, [samples, fine, coarse === null, range.start, range.end, duration, width, inner, stage, windowSize, isLog, shownTheme]);
  return (
    <canvas
      ref={canvas}
      class="scope-canvas"
      role="img"
      aria-label="Outline and spectrogram of the sound"
      style={{ width: `${width}px`, height: `${stage + AXIS}px` }}
    />
  );
}

function paintTimes(context: CanvasRenderingContext2D, range: Range, inner: number, stage: number, color: string, line: string): void {
  const ticks = timeTicks(range, inner);
  const step = (ticks[1] ?? range.end) - (ticks[0] ?? range.start);
  const digits = Math.max(0, Math.min(4, Math.ceil(-Math.log10(step || 1))));
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const tick of ticks) {
    const x = LEFT + ((tick - range.start) / (range.end - range.start)) * inner;
    context.fillStyle = line;
    context.fillRect(Math.round(x), stage, 1, 4);
    context.fillStyle = color;
    if (x < LEFT + inner - 14) context.fillText(formatTime(tick, digits), x, stage + 7);
  }
}
