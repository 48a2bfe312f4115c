/** Gaussian splats: .splat files, and .ply files that hold Gaussians. Sorted by a worker that is part of the page. */
import { GaussianSplattingMesh } from "@babylonjs/core/Meshes/GaussianSplatting/gaussianSplattingMesh";
import "@babylonjs/core/Materials/GaussianSplatting/gaussianSplattingMaterial";
import type { Scene } from "@babylonjs/core/scene";
import type { Object3DRecord } from "@/api/schema";
import { bytesOf } from "@/media/object3d/bytes";
import { robustBox } from "@/media/object3d/points";
import { type Box3, boxOf } from "@/media/object3d/space";

const SPLAT_BYTES = 32;

export interface SplatPart {
  mesh: GaussianSplattingMesh;
  count: number;
  box: Box3;
  fit: Box3;
}

export async function loadSplats(scene: Scene, record: Object3DRecord): Promise<SplatPart> {
  if (!record.blob) throw new Error("The record has no file.");
  let bytes = await bytesOf(record.blob);
  if (record.format === "ply") bytes = await GaussianSplattingMesh.ConvertPLYToSplatAsync(bytes);
  else if (record.format !== "splat") throw new Error(`Splats of the format “${record.format}” can't be drawn.`);
  const count = Math.floor(bytes.byteLength / SPLAT_BYTES);
  if (count === 0) throw new Error("The file has no splats.");
  if (bytes.byteLength % SPLAT_BYTES !== 0) {
    throw new Error(`The file is cut off: splats have ${SPLAT_BYTES} bytes each, and ${bytes.byteLength % SPLAT_BYTES} are left over.`);
  }
  const numbers = new Float32Array(bytes);
  const positions = new Float32Array(count * 3);
  for (let at = 0; at < count; at++) for (let axis = 0; axis < 3; axis++) positions[at * 3 + axis] = numbers[at * 8 + axis] as number;
  const fit = robustBox(positions);
  if (!fit) throw new Error("None of the splats has a finite place.");
  const mesh = new GaussianSplattingMesh("splats", null, scene, false);
  await mesh.updateDataAsync(bytes);
  mesh.alwaysSelectAsActiveMesh = true;
  return { mesh, count, fit, box: boxOf(corners(positions)) ?? fit };
}

function* corners(positions: Float32Array): Generator<readonly [number, number, number]> {
  for (let at = 0; at + 2 < positions.length; at += 3) {
    yield [positions[at] as number, positions[at + 1] as number, positions[at + 2] as number];
  }
}
