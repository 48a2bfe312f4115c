/** Plays one video: an element of the browser, or a gif drawn frame by frame. What is played is told by signals. */
import { type Signal, signal } from "@preact/signals";
import { source } from "@/state/server/source";
import { onRecovery } from "@/api/recovery";
import type { VideoRecord } from "@/api/schema";
import { cancelFrame, requestFrame } from "@/lib/browser/animationFrame";
import { leaveVoice, takeVoice, wordsForMediaError } from "@/media/playing";
import { frameAt, steppedTime } from "@/media/video/frames";

export const SPEEDS: readonly number[] = [0.1, 0.25, 0.5, 1, 2, 4];

export abstract class Player {
  readonly isPlaying: Signal<boolean> = signal(false);
  /** Seconds from the start. */
  readonly time: Signal<number> = signal(0);
  readonly duration: Signal<number>;
  readonly isMuted: Signal<boolean> = signal(true);
  readonly speed: Signal<number> = signal(1);
  /** Something can be seen: the poster may go. */
  readonly hasPicture: Signal<boolean> = signal(false);
  readonly problem: Signal<string | null> = signal(null);
  /** Whether it begins anew at its end; videos that play together follow the longest. */
  doesLoop = true;

  constructor(readonly record: VideoRecord) {
    this.duration = signal(record.duration_secs ?? 0);
  }

  abstract play(): void;
  abstract pause(): void;
  abstract seek(secs: number): void;
  abstract dispose(): void;

  setSpeed(speed: number): void {
    this.speed.value = speed;
  }

  setMuted(isMuted: boolean): void {
    this.isMuted.value = isMuted;
  }

  toggle(): void {
    if (this.isPlaying.peek()) this.pause();
    else this.play();
  }

  step(by: number): void {
    const { fps, frame_count: count } = this.record;
    this.pause();
    if (fps && count) this.seek(steppedTime(this.time.peek(), by, fps, count));
    else this.seek(this.time.peek() + by / 25);
  }

  /** Number of the shown frame; null where frames are not known. */
  get frame(): number | null {
    const { fps, frame_count: count } = this.record;
    return fps && count ? frameAt(this.time.value, fps, count) : null;
  }
}

export class ElementPlayer extends Player {
  private isDisposed = false;
  private readonly stop = onRecovery(() => {
    if (this.problem.peek() === null) return;
    this.problem.value = null;
    this.element.load();
  });

  constructor(
    record: VideoRecord,
    readonly element: HTMLVideoElement,
  ) {
    super(record);
    element.muted = true;
    element.loop = true;
    element.playsInline = true;
    element.preload = "auto";
    element.src = source.blobUrl((record.preview ?? record.blob).sha256);
    element.addEventListener("loadeddata", this.onLoaded);
    element.addEventListener("durationchange", this.onDuration);
    element.addEventListener("play", this.onState);
    element.addEventListener("pause", this.onState);
    element.addEventListener("ended", this.onState);
    element.addEventListener("timeupdate", this.onTime);
    element.addEventListener("seeked", this.onTime);
    element.addEventListener("error", this.onError);
  }

  play(): void {
    if (this.problem.peek()) return;
    this.element.loop = this.doesLoop;
    this.element.play().catch((thrown: unknown) => {
      // "AbortError": paused again before it began. "NotAllowedError": sound without a click; try without.
      if (this.isDisposed || !(thrown instanceof Error) || thrown.name !== "NotAllowedError" || this.element.muted) return;
      this.setMuted(true);
      this.play();
    });
  }

  pause(): void {
    this.element.pause();
  }

  seek(secs: number): void {
    const end = Math.max(0, this.duration.peek() - 1e-3);
    const to = Math.min(end, Math.max(0, secs));
    this.element.currentTime = to;
    this.time.value = to;
  }

  override setSpeed(speed: number): void {
    super.setSpeed(speed);
    this.element.playbackRate = speed;
  }

  override setMuted(isMuted: boolean): void {
    super.setMuted(isMuted);
    this.element.muted = isMuted;
    if (isMuted) leaveVoice(this);
    else takeVoice(this, () => this.setMuted(true));
  }

  dispose(): void {
    this.isDisposed = true;
    this.stop();
    cancelFrame(this.onTime);
    leaveVoice(this);
    const { element } = this;
    element.removeEventListener("error", this.onError);
    element.pause();
    element.removeAttribute("src");
    element.load(); // lets go of the file and of the decoder
  }

  private readonly onLoaded = (): void => {
    if (this.element.videoWidth > 0) this.hasPicture.value = true;
  };

  private readonly onDuration = (): void => {
    const { duration } = this.element;
    if (Number.isFinite(duration) && duration > 0) this.duration.value = duration;
  };

  private readonly onState = (): void => {
    this.isPlaying.value = !this.element.paused && !this.element.ended;
    this.onTime();
  };

  private readonly onTime = (): void => {
    this.time.value = this.element.currentTime;
    // Four times a second, as the browser tells it, is too coarse for a frame counter.
    if (this.isPlaying.peek()) requestFrame(this.onTime);
    else cancelFrame(this.onTime);
  };

  private readonly onError = (): void => {
    if (this.isDisposed) return;
    this.isPlaying.value = false;
    this.problem.value = wordsForMediaError(this.element.error, this.record.preview ? "mp4" : this.record.format);
  };
}
