/** Plays one sound. Nothing is loaded before somebody presses play. */
import { type Signal, signal } from "@preact/signals";
import { source } from "@/state/server/source";
import type { AudioRecord } from "@/api/schema";
import { cancelFrame, requestFrame } from "@/lib/browser/animationFrame";
import { leaveVoice, takeVoice, wordsForMediaError } from "@/media/playing";

const voices = new Map<string, { voice: Voice; holders: number }>();

/** The voice of a sound: one for all places that show it, so that the full view goes on where the tile was. */
export function holdVoice(record: AudioRecord): { voice: Voice; release: () => void } {
  const { sha256 } = record.preview ?? record.blob;
  const held = voices.get(sha256) ?? { voice: new Voice(record), holders: 0 };
  voices.set(sha256, held);
  held.holders += 1;
  let isHeld = true;
  return {
    voice: held.voice,
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      held.holders -= 1;
      if (held.holders > 0) return;
      voices.delete(sha256);
      held.voice.dispose();
    },
  };
}

export class Voice {
  readonly isPlaying: Signal<boolean> = signal(false);
  readonly time: Signal<number> = signal(0);
  readonly duration: Signal<number>;
  readonly problem: Signal<string | null> = signal(null);
  readonly speed: Signal<number> = signal(1);
  private element: HTMLAudioElement | null = null;

  constructor(readonly record: AudioRecord) {
    this.duration = signal(record.duration_secs ?? 0);
  }

  toggle(): void {
    if (this.isPlaying.peek()) this.pause();
    else this.play();
  }

  play(): void {
    if (this.problem.peek()) return;
    const element = this.load();
    takeVoice(this, () => this.pause());
    if (this.duration.peek() > 0 && this.time.peek() >= this.duration.peek() - 0.02) this.seek(0);
    element.play().catch(() => undefined); // what matters comes as an "error" event
  }

  pause(): void {
    this.element?.pause();
  }

  seek(secs: number): void {
    const to = Math.max(0, Math.min(this.duration.peek(), secs));
    this.time.value = to;
    const element = this.load();
    if (element.readyState > 0) element.currentTime = to;
    else element.addEventListener("loadedmetadata", () => (element.currentTime = this.time.peek()), { once: true });
  }

  setSpeed(speed: number): void {
    this.speed.value = speed;
    if (this.element) this.element.playbackRate = speed;
  }

  dispose(): void {
    cancelFrame(this.onTime);
    leaveVoice(this);
    const { element } = this;
    this.element = null;
    if (!element) return;
    element.pause();
    element.removeAttribute("src");
    element.load();
  }

  private load(): HTMLAudioElement {
    if (this.element) return this.element;
    const element = new Audio();
    element.preload = "auto";
    element.playbackRate = this.speed.peek();
    element.src = source.blobUrl((this.record.preview ?? this.record.blob).sha256);
    for (const name of ["play", "pause", "ended"]) element.addEventListener(name, this.onState);
    for (const name of ["timeupdate", "seeked"]) element.addEventListener(name, this.onTime);
    element.addEventListener("durationchange", () => {
      // What the server counted is exact; a browser guesses the length of some files.
      if (this.record.duration_secs === undefined && Number.isFinite(element.duration)) this.duration.value = element.duration;
    });
    element.addEventListener("error", () => {
      if (this.element !== element) return;
      this.isPlaying.value = false;
      this.problem.value = wordsForMediaError(element.error, this.record.preview ? "wav" : this.record.format);
    });
    this.element = element;
    return element;
  }

  private readonly onState = (): void => {
    const { element } = this;
    this.isPlaying.value = element !== null && !element.paused && !element.ended;
    if (!this.isPlaying.peek()) leaveVoice(this);
    this.onTime();
  };

  private readonly onTime = (): void => {
    const { element } = this;
    if (!element) return;
    this.time.value = element.currentTime;
    if (this.isPlaying.peek()) requestFrame(this.onTime);
    else cancelFrame(this.onTime);
  };
}
