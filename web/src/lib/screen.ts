/** What the screen and the graphics card are. */
import { type ReadonlySignal, signal } from "@preact/signals";

const ratio = signal(typeof devicePixelRatio === "number" ? devicePixelRatio : 1);
if (typeof addEventListener === "function") addEventListener("resize", () => (ratio.value = devicePixelRatio));

/** Device pixels per CSS pixel; changes when the window moves to another screen or the browser zooms. */
export const pixelRatio: ReadonlySignal<number> = ratio;

/** Whether WebGL is imitated by the processor. Some browsers don't own up to it by `failIfMajorPerformanceCaveat`. */
export function isImitated(gl: WebGL2RenderingContext): boolean {
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(
    String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER)),
  );
}
