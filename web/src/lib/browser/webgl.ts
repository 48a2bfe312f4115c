/** Whether WebGL is imitated by the processor. Some browsers don't own up to it by `failIfMajorPerformanceCaveat`. */
export function isImitated(gl: WebGL2RenderingContext): boolean {
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(
    String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER)),
  );
}
