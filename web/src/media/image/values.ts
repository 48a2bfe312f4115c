/**
 * The numbers behind a picture as they were logged: a .npy (perhaps packed with gzip) or a deep PNG, decoded here and
 * nowhere else, so that no browser rounds them.
 */
import { decodePng, isPng } from "@/media/image/maskPng";

export type Numbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

export interface ValueGrid {
  width: number;
  height: number;
  channels: number;
  /** Row by row, channels side by side. */
  values: Numbers;
  /** Significant digits that tell two numbers of the type apart. */
  digits: number;
}

const LARGEST_BYTES = 1_500_000_000;

/** Throws with words for people. */
export async function decodeValues(bytes: Uint8Array): Promise<ValueGrid> {
  if (isPng(bytes)) {
    const { width, height, channels, values } = await decodePng(bytes);
    return { width, height, channels, values, digits: 5 };
  }
  return gridFromNpy(bytes[0] === 0x1f && bytes[1] === 0x8b ? await unpack(bytes) : bytes);
}

async function unpack(bytes: Uint8Array): Promise<Uint8Array> {
  const reader = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > LARGEST_BYTES) throw new Error("the values are too many for a browser");
    pieces.push(value);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

const TYPES: Readonly<Record<string, [bytes: number, digits: number, make: (buffer: ArrayBuffer) => Numbers]>> = {
  b1: [1, 3, (buffer) => new Uint8Array(buffer)],
  u1: [1, 3, (buffer) => new Uint8Array(buffer)],
  i1: [1, 3, (buffer) => new Int8Array(buffer)],
  u2: [2, 5, (buffer) => new Uint16Array(buffer)],
  i2: [2, 5, (buffer) => new Int16Array(buffer)],
  f2: [2, 4, (buffer) => halves(new Uint16Array(buffer))],
  u4: [4, 10, (buffer) => new Uint32Array(buffer)],
  i4: [4, 10, (buffer) => new Int32Array(buffer)],
  f4: [4, 8, (buffer) => new Float32Array(buffer)],
  u8: [8, 20, (buffer) => new BigUint64Array(buffer)],
  i8: [8, 20, (buffer) => new BigInt64Array(buffer)],
  f8: [8, 16, (buffer) => new Float64Array(buffer)],
};

/** numpy's file format, version 1: magic, length of the header, a Python dict as text, the numbers. */
export function gridFromNpy(bytes: Uint8Array): ValueGrid {
  if (bytes.length < 10 || String.fromCharCode(...bytes.subarray(1, 6)) !== "NUMPY") throw new Error("not a file of values");
  const start = 10 + ((bytes[8] as number) | ((bytes[9] as number) << 8));
  const header = new TextDecoder("latin1").decode(bytes.subarray(10, start));
  const [, order = "", code = ""] = /'descr':\s*'([<>|=]?)([a-z]\d)'/.exec(header) ?? [];
  const shape = (/'shape':\s*\(([\d, ]*)\)/.exec(header)?.[1] ?? "").split(",").map((part) => part.trim()).filter(Boolean).map(Number);
  const type = Object.hasOwn(TYPES, code) ? TYPES[code] : undefined;
  if (!type || order === ">" || /'fortran_order':\s*True/.test(header)) throw new Error(`values of type ${order}${code} can't be shown`);
  const [height = 0, width = 0, channels = 1] = shape;
  const [itemBytes, digits, make] = type;
  const size = height * width * channels * itemBytes;
  if (shape.length < 2 || shape.length > 3 || bytes.length - start < size) throw new Error("the file of values is cut short");
  // A copy, because typed arrays must begin at a multiple of their item's size.
  return { width, height, channels, values: make(bytes.slice(start, start + size).buffer), digits };
}

/** IEEE 754 half-precision numbers. */
function halves(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  for (let at = 0; at < bits.length; at++) {
    const half = bits[at] as number;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const size =
      exponent === 0 ? fraction * 2 ** -24 : exponent === 31 ? (fraction ? NaN : Infinity) : (1 + fraction / 1024) * 2 ** (exponent - 15);
    out[at] = half & 0x8000 ? -size : size;
  }
  return out;
}

/** A number as people read it, with all digits that its type has. */
export function valueText(value: number | bigint, digits: number): string {
  if (typeof value === "bigint" || Number.isInteger(value)) return Object.is(value, -0) ? "-0" : String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  return String(Number(value.toPrecision(digits)));
}

export function valuesAt(grid: ValueGrid, x: number, y: number): string[] | undefined {
  if (x < 0 || y < 0 || x >= grid.width || y >= grid.height) return undefined;
  const from = (y * grid.width + x) * grid.channels;
  return Array.from({ length: grid.channels }, (_, channel) => valueText(grid.values[from + channel] as number | bigint, grid.digits));
}
