/** STL files, binary and text, read by their triangles: stored normals are often wrong, so faces get their own. */

export interface Triangles {
  positions: Float32Array;
  normals: Float32Array;
}

const HEAD_BYTES = 84;
const FACE_BYTES = 50;

export function readStl(bytes: ArrayBuffer): Triangles {
  const view = new DataView(bytes);
  const declared = bytes.byteLength >= HEAD_BYTES ? view.getUint32(80, true) : 0;
  const held = Math.floor((bytes.byteLength - HEAD_BYTES) / FACE_BYTES);
  // Binary files may begin with "solid" too; a fitting size is the better sign.
  const isText = declared !== held && new TextDecoder().decode(bytes.slice(0, 512)).trimStart().startsWith("solid");
  if (isText) return readText(new TextDecoder().decode(bytes));
  if (bytes.byteLength < HEAD_BYTES) throw new Error("The file is too short for an STL.");
  if (declared > held) {
    throw new Error(`The file says that it has ${declared.toLocaleString("en")} triangles but holds only ${held.toLocaleString("en")}.`);
  }
  const positions = new Float32Array(declared * 9);
  for (let face = 0; face < declared; face++) {
    for (let at = 0; at < 9; at++) positions[face * 9 + at] = view.getFloat32(HEAD_BYTES + face * FACE_BYTES + 12 + at * 4, true);
  }
  return { positions, normals: faceNormals(positions) };
}

function readText(text: string): Triangles {
  const numbers: number[] = [];
  for (const [, x, y, z] of text.matchAll(/\bvertex\s+(\S+)\s+(\S+)\s+(\S+)/g)) numbers.push(Number(x), Number(y), Number(z));
  if (numbers.length === 0) throw new Error("The file has no triangles.");
  const positions = new Float32Array(numbers.slice(0, Math.floor(numbers.length / 9) * 9));
  return { positions, normals: faceNormals(positions) };
}

function faceNormals(positions: Float32Array): Float32Array {
  const normals = new Float32Array(positions.length);
  const p = (at: number): number => positions[at] as number;
  for (let at = 0; at + 8 < positions.length; at += 9) {
    const [ax, ay, az] = [p(at + 3) - p(at), p(at + 4) - p(at + 1), p(at + 5) - p(at + 2)];
    const [bx, by, bz] = [p(at + 6) - p(at), p(at + 7) - p(at + 1), p(at + 8) - p(at + 2)];
    const normal = [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx];
    const length = Math.hypot(...normal) || 1;
    for (let axis = 0; axis < 3; axis++) for (const corner of [0, 3, 6]) normals[at + corner + axis] = (normal[axis] as number) / length;
  }
  return normals;
}
