/** Points and thick lines: two small programs for the graphics card. */
import { Constants } from "@babylonjs/core/Engines/constants";
import { Material } from "@babylonjs/core/Materials/material";
import { ShaderMaterial } from "@babylonjs/core/Materials/shaderMaterial";
import { RawTexture } from "@babylonjs/core/Materials/Textures/rawTexture";
import type { Scene } from "@babylonjs/core/scene";
import { ShaderStore } from "@babylonjs/core/Engines/shaderStore";
import { CATEGORY_LIMIT } from "@/media/object3d/points";

/** What a point's colour means. */
export const POINT_MODES = { single: 0, color: 1, category: 2, value: 3, height: 4 } as const;

ShaderStore.ShadersStore["dioramaPointsVertexShader"] = `
precision highp float;
attribute vec3 position;
#ifdef HAS_COLOR
attribute vec4 color;
#endif
#ifdef HAS_CATEGORY
attribute float category;
#endif
#ifdef HAS_VALUE
attribute float value;
#endif
uniform mat4 viewProjection;
uniform float mode;
uniform float pointSize;
uniform float worldSize;
uniform vec2 range;
uniform vec3 upAxis;
uniform vec3 single;
uniform sampler2D ramp;
uniform sampler2D palette;
varying vec4 vColor;
void main() {
  vec4 place = viewProjection * vec4(position, 1.0);
  gl_Position = place;
  gl_PointSize = max(1.0, worldSize > 0.0 ? worldSize / max(place.w, 1e-6) : pointSize);
  vec4 shown = vec4(single, 1.0);
#ifdef HAS_COLOR
  if (mode == 1.0) shown = vec4(color.rgb, 1.0);
#endif
#ifdef HAS_CATEGORY
  if (mode == 2.0) shown = texture2D(palette, vec2((category + 0.5) / ${CATEGORY_LIMIT}.0, 0.5));
#endif
  float share = -1.0;
#ifdef HAS_VALUE
  if (mode == 3.0) share = (value - range.x) / max(range.y - range.x, 1e-30);
#endif
  if (mode == 4.0) share = (dot(position, upAxis) - range.x) / max(range.y - range.x, 1e-30);
  if (mode >= 3.0) shown = texture2D(ramp, vec2(clamp(share, 0.0, 1.0) * 0.996 + 0.002, 0.5));
  vColor = shown;
  if (shown.a < 0.5) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

ShaderStore.ShadersStore["dioramaPointsFragmentShader"] = `
precision highp float;
varying vec4 vColor;
uniform float isRound;
void main() {
  if (isRound > 0.5) {
    vec2 off = gl_PointCoord - 0.5;
    if (dot(off, off) > 0.25) discard;
  }
  gl_FragColor = vec4(vColor.rgb, 1.0);
}`;

// A line is a flat strip that always faces the viewer: four corners, each of which knows both ends.
ShaderStore.ShadersStore["dioramaLinesVertexShader"] = `
precision highp float;
attribute vec3 position;
attribute vec3 other;
attribute float side;
attribute vec4 color;
uniform mat4 viewProjection;
uniform vec2 viewSize;
uniform float width;
uniform float nearest;
varying vec4 vColor;
void main() {
  vec4 here = viewProjection * vec4(position, 1.0);
  vec4 there = viewProjection * vec4(other, 1.0);
  // An end behind the eye is moved to where the line enters the view.
  if (here.w < nearest && there.w > nearest) here = mix(here, there, (nearest - here.w) / (there.w - here.w));
  else if (there.w < nearest && here.w > nearest) there = mix(there, here, (nearest - there.w) / (here.w - there.w));
  vec2 a = here.xy / here.w * viewSize;
  vec2 b = there.xy / there.w * viewSize;
  vec2 along = b - a;
  float far = length(along);
  vec2 dir = far > 1e-6 ? along / far : vec2(1.0, 0.0);
  // Both ends see the other one ahead of them: across is turned with it.
  vec2 across = vec2(-dir.y, dir.x) * side;
  here.xy += (across - dir * 0.5) * width / viewSize * here.w;
  gl_Position = here;
  vColor = color;
}`;

ShaderStore.ShadersStore["dioramaLinesFragmentShader"] = `
precision highp float;
varying vec4 vColor;
void main() { gl_FragColor = vColor; }`;

export interface PointAttributes {
  hasColor: boolean;
  hasCategory: boolean;
  hasValue: boolean;
}

export function pointsMaterial(scene: Scene, { hasColor, hasCategory, hasValue }: PointAttributes): ShaderMaterial {
  const chosen = (
    [
      ["color", hasColor],
      ["category", hasCategory],
      ["value", hasValue],
    ] as const
  )
    .filter(([, has]) => has)
    .map(([name]) => name);
  const material = new ShaderMaterial("points", scene, { vertex: "dioramaPoints", fragment: "dioramaPoints" }, {
    attributes: ["position", ...chosen],
    uniforms: ["viewProjection", "mode", "pointSize", "worldSize", "range", "upAxis", "single", "isRound"],
    samplers: ["ramp", "palette"],
    defines: chosen.map((name) => `#define HAS_${name.toUpperCase()}`),
  });
  material.fillMode = Material.PointFillMode;
  material.backFaceCulling = false;
  return material;
}

export function linesMaterial(scene: Scene, isSeeThrough = false): ShaderMaterial {
  const material = new ShaderMaterial("lines", scene, { vertex: "dioramaLines", fragment: "dioramaLines" }, {
    attributes: ["position", "other", "side", "color"],
    uniforms: ["viewProjection", "viewSize", "width", "nearest"],
    needAlphaBlending: isSeeThrough,
  });
  material.backFaceCulling = false;
  return material;
}

/** A row of colours that shaders look up. */
export function rowTexture(texels: Uint8Array, scene: Scene, isSmooth: boolean): RawTexture {
  const mode = isSmooth ? Constants.TEXTURE_BILINEAR_SAMPLINGMODE : Constants.TEXTURE_NEAREST_SAMPLINGMODE;
  const texture = new RawTexture(texels, texels.length / 4, 1, Constants.TEXTUREFORMAT_RGBA, scene, false, false, mode);
  texture.wrapU = texture.wrapV = Constants.TEXTURE_CLAMP_ADDRESSMODE;
  return texture;
}
