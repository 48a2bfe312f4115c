/**
 * Pictures of figures for table cells: one hidden frame for each library draws them all, one after another, and gives
 * their PNGs. A table of a hundred figures does not run a hundred pages.
 */
import { base } from "@/api/base";
import { type FigureMessage, type FrameTheme, readReply } from "@/lib/frames/protocol";
import { Recent } from "@/lib/recent";

export type FigureLibrary = "plotly" | "bokeh" | "vega";

export interface StillWanted {
  frame: FigureLibrary;
  key: string;
  text: string;
  mode: string;
  theme: FrameTheme;
  /** CSS pixels that the figure is drawn at; its cell shows it smaller. */
  width: number;
  height: number;
  limitSecs: number;
}

const START_LIMIT_SECS = 30;
const KEPT_LIMIT = 80;
const kept = new Recent<string, { url: Promise<string>; waiting: (() => boolean)[] }>({
  limit: KEPT_LIMIT,
  onGone: (_name, { url }) => url.then((address) => URL.revokeObjectURL(address), () => undefined),
});
const frames = new Map<FigureLibrary, HiddenFrame>();
const queues = new Map<FigureLibrary, Promise<unknown>>();

/** Its cell left before its turn came. */
export class NotWanted extends Error {}

/** The address of the picture; rejects with words for people. `isWanted` is asked when its turn comes. */
export function figureStill(wanted: StillWanted, isWanted: () => boolean): Promise<string> {
  const name = JSON.stringify([wanted.frame, wanted.key, wanted.mode, wanted.theme.surface, wanted.width, wanted.height]);
  const found = kept.get(name);
  if (found) {
    found.waiting.push(isWanted);
    return found.url;
  }
  const waiting = [isWanted];
  const url = (queues.get(wanted.frame) ?? Promise.resolve()).then(async () => {
    if (!waiting.some((isStill) => isStill())) throw new NotWanted();
    const frame = frames.get(wanted.frame) ?? new HiddenFrame(wanted.frame);
    frames.set(wanted.frame, frame);
    try {
      return URL.createObjectURL(new Blob([await frame.draw(wanted)], { type: "image/png" }));
    } catch (thrown) {
      // Whatever it still does, it does no longer.
      frame.dispose();
      frames.delete(wanted.frame);
      throw thrown;
    }
  });
  queues.set(wanted.frame, url.catch(() => undefined));
  kept.set(name, { url, waiting });
  url.catch(() => kept.delete(name));
  return url;
}

/** Makes the one who hears what the frame says until there is an answer. */
type Listen<T> = (done: (value: T) => void, fail: (reason: string) => void) => (data: unknown) => void;

class HiddenFrame {
  readonly #element = document.createElement("iframe");
  readonly #isReady: Promise<null>;
  #pngs = 0;
  #hear: (data: unknown) => void = () => undefined;
  readonly #onTalk = (event: MessageEvent): void => {
    if (event.source === this.#element.contentWindow) this.#hear(event.data);
  };

  constructor(frame: FigureLibrary) {
    const element = this.#element;
    element.setAttribute("sandbox", "allow-scripts");
    element.setAttribute("aria-hidden", "true");
    element.referrerPolicy = "no-referrer";
    element.tabIndex = -1;
    element.className = "figure-still-frame";
    element.title = "Draws figures for table cells";
    element.src = `${base}frames/${frame}.html`;
    addEventListener("message", this.#onTalk);
    this.#isReady = this.#within<null>(START_LIMIT_SECS, (done) => (data) => readReply(data)?.type === "ready" && done(null));
    document.body.append(element);
  }

  async draw({ key, text, mode, theme, width, height, limitSecs }: StillWanted): Promise<ArrayBuffer> {
    this.#element.style.width = `${width}px`;
    this.#element.style.height = `${height}px`;
    await this.#isReady;
    const message: FigureMessage = { type: "figure", key, text, mode, theme, pngs: this.#pngs };
    await this.#within<null>(limitSecs, (done, fail) => (data) => {
      const reply = readReply(data);
      if (reply?.type === "drawn" && reply.key === key) done(null);
      else if (reply?.type === "failed" && reply.key === key) fail(reply.reason);
    }, message);
    this.#pngs += 1;
    return this.#within<ArrayBuffer>(limitSecs, (done, fail) => (data) => {
      const reply = readReply(data);
      if (reply?.type === "png") done(reply.data);
      else if (reply?.type === "no-png") fail(reply.reason);
    }, { ...message, pngs: this.#pngs });
  }

  dispose(): void {
    removeEventListener("message", this.#onTalk);
    this.#element.remove();
  }

  #within<T>(secs: number, listen: Listen<T>, message?: FigureMessage): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`It was not drawn within ${secs} s.`)), secs * 1_000);
      this.#hear = listen(
        (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        (reason) => {
          clearTimeout(timer);
          reject(new Error(reason));
        },
      );
      if (message) this.#element.contentWindow?.postMessage(message, "*"); // an opaque origin has no name
    });
  }
}
