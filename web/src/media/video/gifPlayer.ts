/** A gif as a video: its frames are decoded once and drawn by the clock, so that it can be paused, sought and stepped. */
import { source } from "@/state/server/source";
import { ApiError } from "@/api/errors";
import type { VideoRecord } from "@/api/schema";
import { cancelFrame, requestFrame } from "@/lib/browser/animationFrame";
import { frameOfDurations } from "@/media/video/frames";
import { Player } from "@/media/video/player";

const DECODED_LIMIT_BYTES = 256 * 1024 * 1024;
/** Browsers show frames without a duration, or with a very short one, this long. */
const SHORTEST_SECS = 0.011;
const USUAL_SECS = 0.1;

/** Whether the browser and the size of the gif allow it; else the gif plays as a picture that nobody can stop. */
export function canStepGif(record: VideoRecord): boolean {
  const bytes = (record.width ?? 0) * (record.height ?? 0) * 4 * (record.frame_count ?? 0);
  return "ImageDecoder" in globalThis && bytes > 0 && bytes <= DECODED_LIMIT_BYTES;
}

function wordsOf(error: ApiError): string {
  return error.status === 404 ? "The file is no longer in the store." : error.message;
}

export class GifPlayer extends Player {
  private frames: ImageBitmap[] = [];
  private ends: number[] = [];
  private shownFrame = -1;
  private isDisposed = false;
  private before = 0;

  constructor(
    record: VideoRecord,
    private readonly canvas: HTMLCanvasElement,
  ) {
    super(record);
    void this.load();
  }

  play(): void {
    if (this.problem.peek()) return;
    this.isPlaying.value = true;
    this.before = performance.now();
    requestFrame(this.tick);
  }

  pause(): void {
    this.isPlaying.value = false;
    cancelFrame(this.tick);
  }

  seek(secs: number): void {
    this.time.value = Math.min(Math.max(0, this.duration.peek() - 1e-3), Math.max(0, secs));
    this.draw();
  }

  override step(by: number): void {
    if (this.ends.length === 0) return;
    this.pause();
    const count = this.ends.length;
    const next = (((frameOfDurations(this.time.peek(), this.ends) + by) % count) + count) % count;
    const start = next === 0 ? 0 : (this.ends[next - 1] as number);
    this.seek((start + (this.ends[next] as number)) / 2);
  }

  override get frame(): number | null {
    const { value } = this.time;
    return this.ends.length > 0 ? frameOfDurations(value, this.ends) : null;
  }

  dispose(): void {
    this.isDisposed = true;
    this.pause();
    for (const frame of this.frames) frame.close();
    this.frames = [];
  }

  private async load(): Promise<void> {
    try {
      const reply = await source.request("GET", `api/blobs/${this.record.blob.sha256}`, undefined, {});
      const decoder = new ImageDecoder({ data: await reply.arrayBuffer(), type: "image/gif" });
      await decoder.tracks.ready;
      const count = decoder.tracks.selectedTrack?.frameCount ?? 1;
      let end = 0;
      for (let at = 0; at < count && !this.isDisposed; at++) {
        const { image } = await decoder.decode({ frameIndex: at });
        const secs = (image.duration ?? 0) / 1e6;
        this.frames.push(await createImageBitmap(image));
        image.close();
        this.ends.push((end += secs < SHORTEST_SECS ? USUAL_SECS : secs));
        if (at === 0) this.draw();
      }
      decoder.close();
      if (this.isDisposed) for (const frame of this.frames) frame.close();
      else this.duration.value = end;
    } catch (thrown) {
      if (this.isDisposed) return;
      this.pause();
      this.problem.value = thrown instanceof ApiError ? wordsOf(thrown) : "This browser can't decode this gif.";
    }
  }

  private readonly tick = (now: number): void => {
    const end = this.duration.peek();
    const next = this.time.peek() + (Math.max(0, now - this.before) / 1000) * this.speed.peek();
    this.before = now;
    if (next < end || end === 0) this.time.value = next;
    else if (this.doesLoop) this.time.value = next % end;
    else {
      this.seek(end);
      this.pause();
      return;
    }
    this.draw();
    requestFrame(this.tick);
  };

  private draw(): void {
    const at = frameOfDurations(this.time.peek(), this.ends);
    const frame = this.frames[at];
    if (!frame || at === this.shownFrame) return;
    const { canvas } = this;
    if (canvas.width !== frame.width) canvas.width = frame.width;
    if (canvas.height !== frame.height) canvas.height = frame.height;
    const context = canvas.getContext("2d");
    context?.clearRect(0, 0, frame.width, frame.height);
    context?.drawImage(frame, 0, 0);
    this.shownFrame = at;
    this.hasPicture.value = true;
  }
}
