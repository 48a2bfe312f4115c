/**
 * Colours masks on the graphics card: the ids are a texture, the palette is a texture, one draw per layer.
 * One context serves all tiles of the page (browsers allow about sixteen); the result is copied into a tile's canvas.
 */
import { isImitated } from "@/lib/browser/webgl";
import type { Placement } from "@/lib/image/transform";
import { Recent } from "@/lib/recent";
import { type MaskPaint, samplesAcross } from "@/media/image/maskPixels";

const VERTEX = `#version 300 es
in vec2 corner;
void main() { gl_Position = vec4(corner, 0.0, 1.0); }`;

const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D ids;
uniform sampler2D colors;
uniform ivec2 maskSize;
uniform vec4 place;      // scale x, scale y, offset x, offset y: tile pixel = mask pixel * scale + offset
uniform float tileHeight;
uniform float opacity;
uniform float outline;   // device pixels; below 0 fills
uniform ivec2 samples;
uniform int known;
out vec4 color;

int idAt(vec2 spot) {
  ivec2 at = ivec2(floor((spot - place.zw) / place.xy));
  if (any(lessThan(at, ivec2(0))) || any(greaterThanEqual(at, maskSize))) return -1;
  return int(texelFetch(ids, at, 0).r);
}

bool isEdge(int id, vec2 spot) {
  for (int step = 0; step < 8; step++) {
    float angle = float(step) * 0.78539816339;
    int other = idAt(spot + outline * vec2(cos(angle), sin(angle)));
    if (other >= 0 && other != id) return true;
  }
  return false;
}

void main() {
  vec2 corner = vec2(gl_FragCoord.x - 0.5, tileHeight - gl_FragCoord.y - 0.5);
  vec3 sum = vec3(0.0);
  float hits = 0.0;
  for (int sy = 0; sy < samples.y; sy++) for (int sx = 0; sx < samples.x; sx++) {
    int id = idAt(corner + (vec2(sx, sy) + 0.5) / vec2(samples));
    if (id < 0 || id >= known) continue;
    vec4 paint = texelFetch(colors, ivec2(id & 255, id >> 8), 0);
    if (paint.a == 0.0 || (outline >= 0.0 && !isEdge(id, corner + 0.5))) continue;
    sum += paint.rgb;
    hits += 1.0;
  }
  if (hits == 0.0) { color = vec4(0.0); return; }
  float alpha = opacity * hits / float(samples.x * samples.y);
  color = vec4(sum / hits * alpha, alpha);
}`;

const UNIFORMS = ["ids", "colors", "maskSize", "place", "tileHeight", "opacity", "outline", "samples", "known"] as const;
const TEXTURE_BYTES_LIMIT = 128 * 1024 * 1024;

interface IdTexture {
  texture: WebGLTexture;
  sizeBytes: number;
}

export class MaskGl {
  private readonly textures: Recent<MaskPaint["ids"], IdTexture>;
  private readonly places: Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;
  private readonly palette: WebGLTexture;

  private constructor(
    private readonly canvas: OffscreenCanvas,
    private readonly gl: WebGL2RenderingContext,
    program: WebGLProgram,
  ) {
    this.places = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)])) as typeof this.places;
    gl.useProgram(program);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 3, -1, -1, 3]), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    this.palette = gl.createTexture();
    this.textures = new Recent({
      limit: TEXTURE_BYTES_LIMIT,
      size: ({ sizeBytes }) => sizeBytes,
      onGone: (_ids, { texture }) => gl.deleteTexture(texture),
    });
  }

  /**
   * Null where WebGL 2 is missing, or (unless `acceptSlow`) where a program imitates the graphics card: then
   * `paintMask` is faster.
   */
  static create(acceptSlow: boolean): MaskGl | null {
    if (typeof OffscreenCanvas === "undefined") return null;
    const canvas = new OffscreenCanvas(16, 16);
    const gl = canvas.getContext("webgl2", {
      antialias: false,
      depth: false,
      premultipliedAlpha: true,
      failIfMajorPerformanceCaveat: !acceptSlow,
    });
    if (!gl || (!acceptSlow && isImitated(gl))) return null;
    const program = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
      const shader = gl.createShader(type);
      if (!shader) return null;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.bindAttribLocation(program, 0, "corner");
    gl.linkProgram(program);
    return gl.getProgramParameter(program, gl.LINK_STATUS) ? new MaskGl(canvas, gl, program) : null;
  }

  get isLost(): boolean {
    return this.gl.isContextLost();
  }

  /** Draw the mask into `to` (device pixels, over what is there). Same arguments as `paintMask`. */
  paint(to: CanvasRenderingContext2D, width: number, height: number, mask: MaskPaint, across: Placement, down: Placement): void {
    const { gl, canvas, places } = this;
    if (canvas.width < width || canvas.height < height) {
      canvas.width = Math.max(canvas.width, width);
      canvas.height = Math.max(canvas.height, height);
    }
    gl.viewport(0, canvas.height - height, width, height); // upper left corner, whatever the canvas's size
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(0, canvas.height - height, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.textureOf(mask.ids));
    gl.activeTexture(gl.TEXTURE1);
    const known = this.uploadColors(mask.colors);
    gl.uniform1i(places.ids, 0);
    gl.uniform1i(places.colors, 1);
    gl.uniform2i(places.maskSize, mask.ids.width, mask.ids.height);
    gl.uniform4f(places.place, across.scale, down.scale, across.x, down.y);
    gl.uniform1f(places.tileHeight, canvas.height);
    gl.uniform1f(places.opacity, mask.opacity);
    gl.uniform1f(places.outline, mask.outline ?? -1);
    gl.uniform2i(places.samples, samplesAcross(across.scale), samplesAcross(down.scale));
    gl.uniform1i(places.known, known);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    to.drawImage(canvas, 0, 0, width, height, 0, 0, width, height);
  }

  private uploadColors(colors: Uint8Array): number {
    const { gl } = this;
    const known = colors.length / 4;
    const rows = Math.max(1, Math.ceil(known / 256));
    const table = new Uint8Array(rows * 256 * 4);
    table.set(colors);
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, table);
    this.pickNearest();
    return known;
  }

  private textureOf(ids: MaskPaint["ids"]): WebGLTexture {
    const { gl } = this;
    const known = this.textures.get(ids);
    if (known) return known.texture;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    if (ids.values instanceof Uint8Array) {
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8UI, ids.width, ids.height, 0, gl.RED_INTEGER, gl.UNSIGNED_BYTE, ids.values);
    } else if (ids.values instanceof Uint32Array) {
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32UI, ids.width, ids.height, 0, gl.RED_INTEGER, gl.UNSIGNED_INT, ids.values);
    } else {
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R16UI, ids.width, ids.height, 0, gl.RED_INTEGER, gl.UNSIGNED_SHORT, ids.values);
    }
    this.pickNearest();
    this.textures.set(ids, { texture, sizeBytes: ids.values.byteLength });
    return texture;
  }

  private pickNearest(): void {
    const { gl } = this;
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  }
}
