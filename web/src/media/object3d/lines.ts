/** Thick lines in a scene: boxes, arrows, frustums, the ground grid. */
import { VertexBuffer } from "@babylonjs/core/Buffers/buffer";
import type { ShaderMaterial } from "@babylonjs/core/Materials/shaderMaterial";
import { Vector2 } from "@babylonjs/core/Maths/math.vector";
import { Mesh } from "@babylonjs/core/Meshes/mesh";
import type { Scene } from "@babylonjs/core/scene";
import { linesMaterial } from "@/media/object3d/shaders";
import type { Vec3 } from "@/media/object3d/space";

export interface Segment {
  from: Vec3;
  to: Vec3;
  /** RGBA, 0 to 1 */
  color: readonly [number, number, number, number];
}

export class LinePart {
  private mesh: Mesh | null = null;
  private readonly material: ShaderMaterial;
  private key = "";

  constructor(
    private readonly scene: Scene,
    isSeeThrough = false,
  ) {
    this.material = linesMaterial(scene, isSeeThrough);
  }

  /** Draw these; `key` says what they are made of, so that the same ones are not made again. */
  set(key: string, segments: () => readonly Segment[]): void {
    if (key === this.key) return;
    this.key = key;
    this.mesh?.dispose(false, false);
    this.mesh = meshOf(segments(), this.scene);
    if (this.mesh) this.mesh.material = this.material;
  }

  apply(width: number, size: { width: number; height: number }, nearest: number): void {
    this.material.setFloat("width", width);
    this.material.setVector2("viewSize", new Vector2(size.width, size.height));
    this.material.setFloat("nearest", nearest);
  }
}

function meshOf(segments: readonly Segment[], scene: Scene): Mesh | null {
  if (segments.length === 0) return null;
  const positions = new Float32Array(segments.length * 12);
  const others = new Float32Array(segments.length * 12);
  const sides = new Float32Array(segments.length * 4);
  const colors = new Float32Array(segments.length * 16);
  const indices = new Uint32Array(segments.length * 6);
  for (const [at, { from, to, color }] of segments.entries()) {
    for (let corner = 0; corner < 4; corner++) {
      const isStart = corner < 2;
      positions.set(isStart ? from : to, (at * 4 + corner) * 3);
      others.set(isStart ? to : from, (at * 4 + corner) * 3);
      // At the far end the way back is turned around, and so are its sides.
      sides[at * 4 + corner] = corner === 0 || corner === 3 ? 1 : -1;
      colors.set(color, (at * 4 + corner) * 4);
    }
    indices.set([0, 1, 2, 1, 3, 2].map((corner) => at * 4 + corner), at * 6);
  }
  const mesh = new Mesh("lines", scene);
  mesh.doNotSyncBoundingInfo = true;
  mesh.setVerticesData(VertexBuffer.PositionKind, positions, false, 3);
  mesh.setVerticesData("other", others, false, 3);
  mesh.setVerticesData("side", sides, false, 1);
  mesh.setVerticesData(VertexBuffer.ColorKind, colors, false, 4);
  mesh.setIndices(indices);
  mesh.hasVertexAlpha = false;
  mesh.alwaysSelectAsActiveMesh = true;
  mesh.isPickable = false;
  return mesh;
}
