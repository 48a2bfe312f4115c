/**
 * The frame's side: waits for figures from the page around it (and from nobody else) and has them drawn.
 * It runs without origin and without network; the answer that brought it says so.
 */
import "@/frames/noNetwork";
import { type FigureMessage, type FrameReply, type FrameTheme, isFigureMessage } from "@/lib/frames/protocol";

export interface Drawing {
  /** Draw the text's figure into the element, in the place of the one before. Returns what could not be drawn. */
  draw(element: HTMLElement, text: string, theme: FrameTheme, mode: string): Promise<string[]>;
  /** The frame has another size. */
  resize(element: HTMLElement): void;
  /** A picture of what is drawn, as a data or blob URL, or a canvas. */
  png(element: HTMLElement): Promise<string | HTMLCanvasElement>;
}

export function host(drawing: Drawing): void {
  const element = document.getElementById("figure");
  if (!element || window.parent === window) return;
  let key = "";
  let text = "";
  let drawn = "";
  let pngs = 0;
  let work = Promise.resolve();
  let isSized = false;

  const draw = async (message: FigureMessage): Promise<void> => {
    if (message.key !== key) return; // another one has come since
    document.documentElement.style.colorScheme = message.theme.isDark ? "dark" : "light";
    document.body.style.background = message.theme.surface;
    document.body.style.color = message.theme.text;
    try {
      const notes = await drawing.draw(element, text, message.theme, message.mode);
      tell({ type: "drawn", key: message.key, notes });
      isSized = true;
    } catch (thrown) {
      tell({ type: "failed", key: message.key, reason: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  };

  addEventListener("message", (event) => {
    if (event.source !== window.parent || !isFigureMessage(event.data)) return;
    const message = event.data;
    if (message.text !== undefined) {
      key = message.key;
      text = message.text;
    }
    const look = `${message.key} ${message.mode} ${JSON.stringify(message.theme)}`;
    if (message.key === key && look !== drawn) {
      drawn = look;
      work = work.then(() => draw(message));
    }
    if (message.pngs > pngs) work = work.then(() => sendPng(drawing, element));
    pngs = message.pngs;
  });
  new ResizeObserver(() => {
    if (isSized) work = work.then(() => drawing.resize(element));
  }).observe(document.documentElement);
  const seen = new Set<string>();
  document.addEventListener("securitypolicyviolation", ({ blockedURI }) => {
    if (seen.has(blockedURI) || seen.size >= 20 || !/^https?:/.test(blockedURI)) return;
    seen.add(blockedURI);
    tell({ type: "blocked", what: blockedURI });
  });
  tell({ type: "ready" });
}

async function sendPng(drawing: Drawing, element: HTMLElement): Promise<void> {
  try {
    const canvas = await drawing.png(element);
    const data = typeof canvas === "string" ? bytesOf(canvas) : await bytesOfCanvas(canvas);
    window.parent.postMessage({ type: "png", data } satisfies FrameReply, "*", [data]);
  } catch (thrown) {
    tell({ type: "no-png", reason: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}

/** The bytes of a data URL; fetch is not for pages without network. */
function bytesOf(url: string): ArrayBuffer {
  const packed = /^data:image\/png;base64,(.*)$/s.exec(url)?.[1];
  if (packed === undefined) throw new Error("The figure gave no PNG.");
  return Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0)).buffer;
}

async function bytesOfCanvas(canvas: HTMLCanvasElement): Promise<ArrayBuffer> {
  if (isBlank(canvas)) throw new Error("Nothing is drawn.");
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("The browser made no PNG.");
  return blob.arrayBuffer();
}

/** Whether all is transparent: a specification without data gives a picture that says less than its name. */
function isBlank(canvas: HTMLCanvasElement): boolean {
  const pixels = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data.buffer;
  return pixels !== undefined && new Uint32Array(pixels).every((pixel) => pixel === 0);
}

function tell(reply: FrameReply): void {
  window.parent.postMessage(reply, "*"); // only the page that the server let frame us can be there
}
