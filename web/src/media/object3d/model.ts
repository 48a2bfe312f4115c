/** Model files and arrays of triangles into a scene, through Babylon's loaders; every file comes from a blob. */
import "@babylonjs/core/Loading/Plugins/babylonFileLoader";
import "@babylonjs/core/Materials/standardMaterial";
import "@babylonjs/core/Materials/PBR/pbrMaterial";
import "@babylonjs/core/Materials/multiMaterial";
import "@babylonjs/core/Bones/skeleton";
import "@babylonjs/core/Morph/morphTargetManager";
import "@babylonjs/core/Animations/animatable";
import "@babylonjs/loaders/OBJ/objFileLoader";
import "@babylonjs/loaders/glTF/2.0/glTFLoader";
import "@babylonjs/loaders/glTF/2.0/Extensions/KHR_materials_clearcoat";
import "@babylonjs/loaders/glTF/2.0/Extensions/KHR_materials_emissive_strength";
import "@babylonjs/loaders/glTF/2.0/Extensions/KHR_materials_ior";
import "@babylonjs/loaders/glTF/2.0/Extensions/KHR_materials_pbrSpecularGlossiness";
import "@babylonjs/loaders/glTF/2.0/Extensions/KHR_materials_sheen";
import "@babylonjs/loaders/glTF/2.0/Extensions/KHR_materials_specular";
import "@babylonjs/loaders/glTF/2.0/Extensions/KHR_materials_unlit";
import "@babylonjs/loaders/glTF/2.0/Extensions/KHR_mesh_quantization";
import "@babylonjs/loaders/glTF/2.0/Extensions/KHR_texture_transform";
import "@babylonjs/loaders/glTF/2.0/Extensions/EXT_texture_webp";
import "@babylonjs/loaders/glTF/glTFFileLoader";
import type { AnimationGroup } from "@babylonjs/core/Animations/animationGroup";
import { LoadAssetContainerAsync } from "@babylonjs/core/Loading/sceneLoader";
import { SceneLoaderFlags } from "@babylonjs/core/Loading/sceneLoaderFlags";
import type { Material } from "@babylonjs/core/Materials/material";
import { StandardMaterial } from "@babylonjs/core/Materials/standardMaterial";
import { Color3 } from "@babylonjs/core/Maths/math.color";
import type { AbstractMesh } from "@babylonjs/core/Meshes/abstractMesh";
import { Mesh } from "@babylonjs/core/Meshes/mesh";
import { VertexBuffer } from "@babylonjs/core/Buffers/buffer";
import type { Camera } from "@babylonjs/core/Cameras/camera";
import "@babylonjs/core/Culling/ray";
import { Vector3 } from "@babylonjs/core/Maths/math.vector";
import { VertexData } from "@babylonjs/core/Meshes/mesh.vertexData";
import type { Scene } from "@babylonjs/core/scene";
import type { Object3DRecord } from "@/api/schema";
import { bytesOf } from "@/media/object3d/bytes";
import { openFiles } from "@/media/object3d/engine";
import { checkGltf, findFile, parseJson, rewriteGlb, splitAddress } from "@/media/object3d/files";
import { plainObj } from "@/media/object3d/obj";
import { layoutOf, numbersFrom, pageColumns, rangeOf } from "@/media/object3d/pages";
import { CategoryList, batchFrom, extremes } from "@/media/object3d/points";
import { type Box3, type CameraLike, type Vec3, isFiniteVec, joinBoxes } from "@/media/object3d/space";
import { readStl } from "@/media/object3d/stl";

SceneLoaderFlags.ShowLoadingScreen = false;

export interface ModelPart {
  meshes: AbstractMesh[];
  animations: AnimationGroup[];
  /** Textures and such that are not there; the rest is drawn. */
  warnings: string[];
  box: Box3 | null;
  /** Its outermost points. */
  hull: Vec3[];
  /** Where the file's own camera stands, if it has one. */
  camera: CameraLike | null;
}

/** Throws with words for people. */
export async function loadModel(scene: Scene, record: Object3DRecord): Promise<ModelPart> {
  const { blob } = record;
  if (!blob) throw new Error("The record has no file.");
  const bytes = await bytesOf(blob);
  const warnings: string[] = [];
  if (record.format === "stl") {
    const { positions, normals } = readStl(bytes);
    const mesh = new Mesh("stl", scene);
    const data = new VertexData();
    data.positions = positions;
    data.normals = normals;
    data.indices = facing(Uint32Array.from({ length: positions.length / 3 }, (_, at) => at), scene);
    data.applyToMesh(mesh);
    mesh.material = plainMaterial(scene);
    return finished(scene, [mesh], [], warnings);
  }
  const given = record.format === "obj" ? await materialsOf(record, bytes, warnings) : new Map<string, File>();
  const obj = record.format === "obj" ? plainObj(new TextDecoder().decode(bytes), given.size > 0 ? MATERIALS : null) : null;
  if (obj) warnings.push(...obj.warnings);
  const source = obj ? `data:${obj.text}` : sourceOf(record, bytes, warnings);
  const files = openFiles(record, warnings, given);
  try {
    const container = await LoadAssetContainerAsync(source, scene, {
      rootUrl: files.rootUrl,
      pluginExtension: `.${record.format}`,
      name: `model.${record.format}`,
      pluginOptions: {
        obj: {
          useLegacyBehavior: false,
          importVertexColors: obj?.hasColors === true,
          materialLoadingFailsSilently: true,
          waitForTextures: true,
        },
      },
    });
    // Light and cameras are ours: those of files are made for other programs, and too bright or too dark.
    const camera = cameraFrom(container.cameras[0]);
    for (const light of [...container.lights]) light.dispose();
    for (const own of [...container.cameras]) own.dispose();
    container.lights.length = 0;
    container.cameras.length = 0;
    container.addAllToScene();
    for (const material of container.materials) if (material instanceof StandardMaterial) dropMissing(material, record);
    return {
      ...finished(scene, container.meshes, container.animationGroups, warnings),
      camera: record.format === "babylon" ? camera : null,
    };
  } catch (thrown) {
    throw new Error(reasonOf(thrown, record.format, source));
  } finally {
    files.close();
  }
}

/** What the loader is given: checked, and without anything that points elsewhere. */
function sourceOf(record: Object3DRecord, bytes: ArrayBuffer, warnings: string[]): string | Uint8Array {
  if (record.format === "glb") return new Uint8Array(rewriteGlb(bytes, (json, ownBytes) => checkGltf(json, record, warnings, ownBytes)));
  const text = new TextDecoder().decode(bytes);
  if (record.format === "gltf") return `data:${JSON.stringify(checkGltf(parseJson(text), record, warnings))}`;
  if (record.format === "babylon") {
    const scene = parseJson(text);
    if (typeof scene !== "object" || scene === null || Array.isArray(scene)) {
      throw new Error("The file is no Babylon scene: its JSON is no object.");
    }
    return `data:${JSON.stringify({ ...scene, environmentTexture: undefined, lights: [], physicsEnabled: false, autoClear: true })}`;
  }
  throw new Error(`Models of the format “${record.format}” can't be drawn.`);
}

const MATERIAL_LINE = /^ *mtllib +(.+?) *$/gm;
const MATERIALS = "materials.mtl";

/** The materials of an OBJ, all in one, as the loader can read them: it knows neither tabs nor a second file. */
async function materialsOf(record: Object3DRecord, bytes: ArrayBuffer, warnings: string[]): Promise<Map<string, File>> {
  const names = [...new TextDecoder().decode(bytes).replaceAll("\t", " ").matchAll(MATERIAL_LINE)].map(([, name]) => name ?? "");
  const texts: string[] = [];
  for (const name of new Set(names)) {
    const found = findFile(record, name);
    if (found.is === "blob") texts.push(new TextDecoder().decode(await bytesOf(found.blob)));
    else warnings.push(found.reason);
  }
  const text = texts.join("\n").replaceAll("\t", " ").replace(/ +$/gm, "");
  return new Map(texts.length > 0 ? [[MATERIALS, new File([text], MATERIALS)]] : []);
}

const TEXTURE_SLOTS = [
  "diffuseTexture",
  "ambientTexture",
  "opacityTexture",
  "reflectionTexture",
  "emissiveTexture",
  "specularTexture",
  "bumpTexture",
  "lightmapTexture",
  "refractionTexture",
] as const;

/** Without its textures a material that glows would be a white spot: what is left is its plain colour. */
function dropMissing(material: StandardMaterial, record: Object3DRecord): void {
  for (const slot of TEXTURE_SLOTS) {
    const texture = material[slot];
    if (!texture) continue;
    const address = "url" in texture && typeof texture.url === "string" ? texture.url : texture.name;
    if (/^(data|blob):/.test(address)) continue;
    const name = splitAddress(address.replace(/^file:/, ""))?.name ?? texture.name;
    if (findFile(record, name).is === "blob") continue;
    material[slot] = null;
    material.emissiveColor = Color3.Black();
  }
}

/** Scenes of Babylon are made to be seen from their camera. */
function cameraFrom(camera: Camera | undefined): CameraLike | null {
  if (!camera) return null;
  camera.computeWorldMatrix();
  const { x, y, z } = camera.globalPosition;
  const way = camera.getForwardRay(1).direction;
  return { position: [x, y, z], target: [x + way.x, y + way.y, z + way.z], fov: (camera.fov * 180) / Math.PI };
}

export function reasonOf(thrown: unknown, format: string, source: string | Uint8Array): string {
  // Loaders quote the address that they were given, and ours is the file itself.
  const said = (thrown instanceof Error ? thrown.message : String(thrown)).replaceAll(
    typeof source === "string" ? source : "\0",
    "the file",
  );
  const text = said.replace(/(file:)?diorama3d:\d+\//g, "").replace(/\bRangeError: .*/, "it is cut off or broken inside");
  // The loaders' messages begin with where they were and what they tried.
  const tail = text.split(/Unable to load from [^:]*:\s*/).at(-1)?.trim() ?? text;
  return `The ${format} file can't be drawn: ${tail || "its loader gave up without a reason"}`.slice(0, 400);
}

/** Vertices and triangles of arrays. */
export async function loadMesh(scene: Scene, record: Object3DRecord, origin: Vec3): Promise<ModelPart> {
  const { cloud, faces } = record;
  if (!cloud || !faces) throw new Error("The record has no triangles.");
  const layout = layoutOf(cloud);
  if (layout.points < layout.declared) {
    const [declared, held] = [layout.declared.toLocaleString("en"), layout.points.toLocaleString("en")];
    throw new Error(`The record says that there are ${declared} vertices; its file holds ${held}.`);
  }
  const [vertexBytes, faceBytes] = await Promise.all([bytesOf(cloud.blob), bytesOf(faces)]);
  const pages = Array.from({ length: layout.pages }, (_, page) => {
    const { start, points } = rangeOf(layout, page, 1);
    return { columns: pageColumns(vertexBytes, start, cloud, points), points };
  });
  const scale = cloud.columns.find(({ name }) => name === "color")?.scale ?? 1;
  const batch = batchFrom(pages, origin, new CategoryList(), scale);
  const corners = numbersFrom(faceBytes, 0, "<u4", Math.floor(faceBytes.byteLength / 12) * 3) as Uint32Array;
  if (batch.dropped > 0) throw new Error(`${batch.dropped.toLocaleString("en")} vertices are not finite numbers.`);
  for (const corner of corners) {
    if (corner >= batch.count) {
      throw new Error(`A triangle names vertex ${corner.toLocaleString("en")}; there are ${batch.count.toLocaleString("en")}.`);
    }
  }
  const mesh = new Mesh("mesh", scene);
  const data = new VertexData();
  data.positions = batch.positions;
  const normals = new Float32Array(batch.positions.length);
  VertexData.ComputeNormals(batch.positions, corners, normals, { useRightHandedSystem: record.is_right_handed ?? true });
  data.normals = normals;
  if (batch.colors) data.colors = Float32Array.from(batch.colors, (value) => value / 255);
  data.indices = facing(corners.slice(), scene);
  data.applyToMesh(mesh);
  mesh.material = plainMaterial(scene, batch.colors !== null);
  return finished(scene, [mesh], [], []);
}

/** Babylon takes the other side of a triangle for its front when axes are right-handed. */
function facing(corners: Uint32Array, scene: Scene): Uint32Array {
  if (!scene.useRightHandedSystem) return corners;
  for (let at = 0; at + 2 < corners.length; at += 3) {
    const second = corners[at + 1] as number;
    corners[at + 1] = corners[at + 2] as number;
    corners[at + 2] = second;
  }
  return corners;
}

const PLAIN = "diorama-plain";

function plainMaterial(scene: Scene, hasColors = false): StandardMaterial {
  const material = new StandardMaterial(PLAIN, scene);
  material.diffuseColor = hasColors ? Color3.White() : new Color3(0.7, 0.72, 0.75);
  material.specularColor = new Color3(0.1, 0.1, 0.1);
  return material;
}

function finished(scene: Scene, meshes: AbstractMesh[], animations: AnimationGroup[], warnings: string[]): ModelPart {
  for (const group of animations) group.stop();
  let plain: StandardMaterial | undefined;
  let painted: StandardMaterial | undefined;
  let box: Box3 | null = null;
  for (const mesh of meshes) {
    mesh.isPickable = true;
    if (mesh.getTotalVertices() === 0) continue;
    if (!mesh.material) {
      mesh.material = mesh.isVerticesDataPresent(VertexBuffer.ColorKind)
        ? (painted ??= plainMaterial(scene, true))
        : (plain ??= plainMaterial(scene));
    }
    const { material } = mesh;
    // Both sides: files are careless about which way their faces look, and a missing side looks like a hole.
    if (material.getClassName() !== "PBRMaterial" || material.backFaceCulling) material.backFaceCulling = false;
    if ("twoSidedLighting" in material) material.twoSidedLighting = true;
    mesh.computeWorldMatrix(true);
    mesh.refreshBoundingInfo({ applySkeleton: true, applyMorph: true });
    const { minimumWorld: low, maximumWorld: high } = mesh.getBoundingInfo().boundingBox;
    const corners = [[low.x, low.y, low.z], [high.x, high.y, high.z]] as const;
    if (corners.every((corner) => isFiniteVec(corner))) box = joinBoxes(box, { low: corners[0], high: corners[1] });
  }
  if (!box) throw new Error("The file has no vertices to draw.");
  return { meshes, animations, warnings, box, hull: extremes(sampleOf(meshes), box), camera: null };
}

const SAMPLES_PER_MODEL = 20_000;

/** Some of the vertices, where they are drawn. */
function sampleOf(meshes: readonly AbstractMesh[]): number[] {
  const step = Math.max(1, Math.ceil(meshes.reduce((sum, mesh) => sum + mesh.getTotalVertices(), 0) / SAMPLES_PER_MODEL));
  const found: number[] = [];
  const place = new Vector3();
  for (const mesh of meshes) {
    const positions = mesh.getVerticesData(VertexBuffer.PositionKind);
    const world = mesh.getWorldMatrix();
    for (let at = 0; positions && at + 2 < positions.length; at += step * 3) {
      Vector3.TransformCoordinatesFromFloatsToRef(
        positions[at] as number,
        positions[at + 1] as number,
        positions[at + 2] as number,
        world,
        place,
      );
      found.push(place.x, place.y, place.z);
    }
  }
  return found;
}

/** Show the lines of the triangles instead of their faces. */
export function setWireframe(part: ModelPart, isWireframe: boolean): void {
  for (const { material } of part.meshes) {
    const inner = material && "subMaterials" in material ? (material.subMaterials as (Material | null)[]) : [material];
    for (const one of inner) if (one && one.wireframe !== isWireframe) one.wireframe = isWireframe;
  }
}
