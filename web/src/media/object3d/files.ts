/**
 * Which bytes a model may ask for: only files that were logged with it, by name. Everything else is refused.
 *
 * Loaders get addresses under a made-up scheme; `resolveUrl` turns them into blobs. No address from inside of a
 * file ever reaches the network.
 */
import type { BlobRef, Object3DRecord } from "@/api/schema";

export const SCHEME = "diorama3d:";

export type Found = { is: "blob"; blob: BlobRef; name: string } | { is: "refused"; reason: string };

/** A name that a file calls a companion by -> the companion. */
export function findFile(record: Pick<Object3DRecord, "files">, asked: string): Found {
  if (/^[a-z][a-z0-9+.-]*:/i.test(asked) && !/^[a-z]:[\\/]/i.test(asked)) {
    return { is: "refused", reason: `it asks for “${short(asked)}”; nothing is fetched from outside` };
  }
  if (/^[\\/]{2}/.test(asked)) return { is: "refused", reason: `it asks for “${short(asked)}”; nothing is fetched from outside` };
  const files = new Map(Object.entries(record.files ?? {}));
  const names = [asked, decoded(asked)]
    .flatMap((name) => [name, name.replaceAll("\\", "/")])
    .flatMap((name) => [name, name.replace(/^(\.\/)+/, "")]);
  for (const name of names) {
    const blob = files.get(name);
    if (blob) return { is: "blob", blob, name };
  }
  // Exporters write the paths of the machine they ran on, and mix up upper and lower case.
  const wanted = lastPart(decoded(asked)).toLowerCase();
  const alike = [...files].filter(([name]) => lastPart(name).toLowerCase() === wanted);
  const [first] = alike;
  if (first && alike.length === 1) return { is: "blob", blob: first[1], name: first[0] };
  return { is: "refused", reason: `“${short(asked)}” was not logged with it` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function lastPart(path: string): string {
  return path.replaceAll("\\", "/").split("/").at(-1) ?? path;
}

export function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** "diorama3d:7/textures/wood.png" -> [7, "textures/wood.png"] */
export function splitAddress(url: string): { id: number; name: string } | null {
  const [, id, name] = new RegExp(`^${SCHEME}(\\d+)/(.*)$`, "s").exec(url) ?? [];
  return id === undefined || name === undefined ? null : { id: Number(id), name };
}

export const isPictureName = (name: string): boolean => /\.(png|jpe?g|gif|bmp|webp)$/i.test(name);

/** One white pixel: stands in for a texture that is not there, so that the colour of the material shows. */
export const WHITE_PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR42mP4DwQACfsD/Wj6HMwAAAAASUVORK5CYII=";

interface GltfUri {
  uri?: unknown;
}

/**
 * A glTF's JSON with companions that are missing: pictures become white, a missing buffer is an error.
 * Throws with words for people; `warnings` gets what is missing but can be done without.
 */
export function checkGltf(json: unknown, record: Pick<Object3DRecord, "files">, warnings: string[], ownBytes = 0): Record<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new Error("The file is no glTF: its JSON is no object.");
  const gltf = json as Record<string, unknown>;
  const list = (name: string): GltfUri[] =>
    Array.isArray(gltf[name]) ? (gltf[name] as unknown[]).filter((one): one is GltfUri => typeof one === "object" && one !== null) : [];
  const required = Array.isArray(gltf["extensionsRequired"]) ? gltf["extensionsRequired"].map(String) : [];
  for (const [name, what] of [
    ["KHR_draco_mesh_compression", "Draco"],
    ["EXT_meshopt_compression", "meshopt"],
    ["KHR_meshopt_compression", "meshopt"],
  ] as const) {
    if (required.includes(name)) {
      throw new Error(
        `The model is packed with ${what}. Unpacking it needs WebAssembly, which this page forbids; export the model without it.`,
      );
    }
  }
  const held = list("buffers").map(({ uri }) => {
    if (typeof uri !== "string") return ownBytes;
    if (/^data:/i.test(uri)) return Math.floor((uri.length - uri.indexOf(",") - 1) * (/;base64,/i.test(uri.slice(0, 200)) ? 0.75 : 1));
    const found = findFile(record, uri);
    if (found.is === "refused") throw new Error(`The model can't be drawn: ${found.reason}.`);
    return found.blob.size_bytes;
  });
  checkAccessors(list("accessors"), list("bufferViews"), held);
  for (const image of list("images")) {
    if (typeof image.uri !== "string" || /^data:image\/(png|jpeg|webp|gif|bmp);base64,/i.test(image.uri)) continue;
    const found = findFile(record, image.uri);
    if (found.is === "blob") continue;
    warnings.push(found.reason);
    image.uri = WHITE_PIXEL;
  }
  checkTree(gltf);
  return gltf;
}

const NUMBER_BYTES: Readonly<Record<number, number>> = { 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4 };
const PARTS: Readonly<Record<string, number>> = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT2: 4, MAT3: 9, MAT4: 16 };
/** Of numbers that are not in the file but zero: nobody needs more. */
const EMPTY_LIMIT = 20_000_000;

/** Nothing may lie outside of the bytes that are there: the loader allocates what it is told. */
function checkAccessors(accessors: readonly object[], views: readonly object[], held: readonly number[]): void {
  const whole = (value: unknown, what: string, otherwise?: number): number => {
    const found = value ?? otherwise;
    if (typeof found !== "number" || !Number.isInteger(found) || found < 0) throw new Error(`The model says ${what} is ${String(value)}.`);
    return found;
  };
  const lengths = views.map((view: { buffer?: unknown; byteOffset?: unknown; byteLength?: unknown }, at) => {
    const length = whole(view.byteLength, `the length of part ${at}`);
    const end = whole(view.byteOffset, `the start of part ${at}`, 0) + length;
    const there = held[whole(view.buffer, `the buffer of part ${at}`)] ?? 0;
    if (end > there) {
      throw new Error(
        `The model is cut off: it wants bytes up to ${end.toLocaleString("en")} of a buffer that has ${there.toLocaleString("en")}.`,
      );
    }
    return { length, stride: (view as { byteStride?: unknown }).byteStride };
  });
  for (const [at, accessor] of (
    accessors as { bufferView?: unknown; byteOffset?: unknown; count?: unknown; componentType?: unknown; type?: unknown }[]
  ).entries()) {
    const count = whole(accessor.count, `the size of list ${at}`);
    const item = (NUMBER_BYTES[Number(accessor.componentType)] ?? 4) * (PARTS[String(accessor.type)] ?? 1);
    const view = accessor.bufferView === undefined ? undefined : lengths[whole(accessor.bufferView, `the part of list ${at}`)];
    const offset = whole(accessor.byteOffset, `the start of list ${at}`, 0);
    const isOutside = view
      ? count > 0 && offset + (count - 1) * Math.max(item, Number(view.stride ?? 0)) + item > view.length
      : accessor.bufferView !== undefined || count > EMPTY_LIMIT;
    if (isOutside) {
      throw new Error(
        `The model is broken: it says that list ${at} has ${count.toLocaleString("en")} entries, which is more than there is.`,
      );
    }
  }
}

/** Nodes must form trees: a ring would never end. */
function checkTree(gltf: Record<string, unknown>): void {
  const nodes = Array.isArray(gltf["nodes"]) ? (gltf["nodes"] as { children?: unknown }[]) : [];
  const parents = new Map<number, number>();
  for (const [at, node] of nodes.entries()) {
    for (const child of Array.isArray(node?.children) ? (node.children as unknown[]) : []) {
      if (typeof child !== "number" || !Number.isInteger(child) || child < 0 || child >= nodes.length) {
        throw new Error(`The model names a node ${String(child)} that it does not have.`);
      }
      if (parents.has(child)) throw new Error(`Node ${child} of the model has two parents.`);
      parents.set(child, at);
    }
  }
  const depths = new Map<number, number>();
  for (const start of nodes.keys()) {
    const path: number[] = [];
    let at: number | undefined = start;
    const seen = new Set<number>();
    while (at !== undefined && !depths.has(at)) {
      if (seen.has(at)) throw new Error("The nodes of the model form a ring.");
      seen.add(at);
      path.push(at);
      at = parents.get(at);
    }
    let depth = at === undefined ? 0 : (depths.get(at) as number);
    for (const node of path.reverse()) depths.set(node, (depth += 1));
    if (depth > NODE_DEPTH_LIMIT) throw new Error(`The nodes of the model are nested more than ${NODE_DEPTH_LIMIT} deep.`);
  }
}

const NODE_DEPTH_LIMIT = 1_000;
const GLB_MAGIC = 0x46546c67;
const CHUNK_JSON = 0x4e4f534a;

/** The JSON of a .glb, and the file with that JSON replaced by `change(json)`. */
export function rewriteGlb(bytes: ArrayBuffer, change: (json: unknown, ownBytes: number) => unknown): ArrayBuffer {
  const view = new DataView(bytes);
  if (bytes.byteLength < 20 || view.getUint32(0, true) !== GLB_MAGIC) throw new Error("The file is no .glb: it does not begin like one.");
  if (view.getUint32(4, true) !== 2) {
    throw new Error(`The file is a .glb of version ${view.getUint32(4, true)}; only version 2 can be shown.`);
  }
  const length = view.getUint32(12, true);
  if (view.getUint32(16, true) !== CHUNK_JSON || 20 + length > bytes.byteLength) {
    throw new Error("The .glb is cut off or broken: its first part is not all there.");
  }
  const before = new TextDecoder().decode(new Uint8Array(bytes, 20, length));
  const text = new TextEncoder().encode(JSON.stringify(change(parseJson(before), Math.max(0, bytes.byteLength - 28 - length))));
  const padded = Math.ceil(text.length / 4) * 4;
  const rest = new Uint8Array(bytes, 20 + length);
  const out = new Uint8Array(20 + padded + rest.length).fill(0x20, 20, 20 + padded);
  const head = new DataView(out.buffer);
  for (const [offset, value] of [
    [0, GLB_MAGIC],
    [4, 2],
    [8, out.length],
    [12, padded],
    [16, CHUNK_JSON],
  ] as const) {
    head.setUint32(offset, value, true);
  }
  out.set(text, 20);
  out.set(rest, 20 + padded);
  return out.buffer;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    throw new Error("The file is broken: its JSON can't be read.");
  }
}
