/**
 * The pixel values of a PNG, exactly as they were written.
 *
 * A mask's pixels are class ids. A browser's own decoder runs them through colour management, which turns
 * id 3 into "about 3"; so masks never pass through an <img>, an ImageBitmap or a canvas on their way in. The same
 * decoder reads all 16 bits of deep pictures, of which a browser shows 8.
 */

export interface PngPixels {
  width: number;
  height: number;
  /** Grey, grey and alpha, RGB, RGBA. */
  channels: 1 | 2 | 3 | 4;
  bitDepth: 8 | 16;
  /** Row by row, channels side by side; Uint16Array for 16-bit files. */
  values: Uint8Array | Uint16Array;
}

export interface GreyImage {
  width: number;
  height: number;
  bitDepth: 8 | 16 | 32;
  /** Row by row: ids, or places in `ids`. */
  values: Uint8Array | Uint16Array | Uint32Array;
  /** Of ids beyond 65,535: the ids that occur, in rising order; `values` are then places in this list. */
  ids?: Uint32Array;
}

export class PngError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PngError";
  }
}

interface Header {
  width: number;
  height: number;
  bitDepth: 8 | 16;
  channels: 1 | 2 | 3 | 4;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const CHANNELS: Readonly<Record<number, 1 | 2 | 3 | 4>> = { 0: 1, 4: 2, 2: 3, 6: 4 };
const LARGEST_PIXELS = 400_000_000;

export function isPng(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && SIGNATURE.every((byte, at) => bytes[at] === byte);
}

/** Decode an 8- or 16-bit PNG without palette and interlacing. Throws PngError for anything else. */
export async function decodePng(bytes: Uint8Array): Promise<PngPixels> {
  const { header, data } = readChunks(bytes);
  const bytesPerPixel = (header.bitDepth / 8) * header.channels;
  const rowBytes = header.width * bytesPerPixel;
  const rows = await inflate(data, (rowBytes + 1) * header.height);
  const plain = unfilter(rows, rowBytes, header.height, bytesPerPixel);
  return { ...header, values: header.bitDepth === 8 ? plain : bigEndian16(plain) };
}

/** Ids of a mask: grey, or packed into 8-bit RGB or RGBA with the least byte first. Throws PngError. */
export async function decodeGreyPng(bytes: Uint8Array): Promise<GreyImage> {
  const { header } = readChunks(bytes);
  if (header.channels === 2 || (header.channels > 2 && header.bitDepth !== 8)) throw new PngError("not a grey picture");
  const { channels, ...image } = await decodePng(bytes);
  return channels === 1 ? image : unpackIds(image.width, image.height, channels as 3 | 4, image.values as Uint8Array);
}

/** Ids become places in the list of those that occur: few numbers, which a table of colours can follow. */
function unpackIds(width: number, height: number, channels: 3 | 4, parts: Uint8Array): GreyImage {
  const packed = new Uint32Array(width * height);
  const places = new Map<number, number>();
  let last = -1; // neighbours are mostly the same
  for (let at = 0, from = 0; at < packed.length; at++, from += channels) {
    const id =
      ((parts[from] as number) |
        ((parts[from + 1] as number) << 8) |
        ((parts[from + 2] as number) << 16) |
        (channels === 4 ? (parts[from + 3] as number) << 24 : 0)) >>>
      0;
    packed[at] = id;
    if (id !== last) places.set((last = id), 0);
  }
  const ids = Uint32Array.from(places.keys()).sort();
  for (let place = 0; place < ids.length; place++) places.set(ids[place] as number, place);
  const values = ids.length <= 256 ? new Uint8Array(packed.length) : ids.length <= 65_536 ? new Uint16Array(packed.length) : packed;
  last = -1;
  let place = 0;
  for (let at = 0; at < packed.length; at++) {
    const id = packed[at] as number;
    if (id !== last) place = places.get((last = id)) as number;
    values[at] = place;
  }
  return { width, height, bitDepth: 32, values, ids };
}

function readChunks(bytes: Uint8Array): { header: Header; data: Uint8Array[] } {
  if (!isPng(bytes)) throw new PngError("not a PNG file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined;
  const data: Uint8Array[] = [];
  let at = 8;
  while (at + 12 <= bytes.length) {
    const length = view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const start = at + 8;
    if (start + length + 4 > bytes.length) throw new PngError("the file is cut short");
    if (name === "IHDR") header = readHeader(view, start, length);
    else if (name === "IDAT") data.push(bytes.subarray(start, start + length));
    else if (name === "IEND") break;
    at = start + length + 4;
  }
  if (!header) throw new PngError("the file has no header");
  if (data.length === 0) throw new PngError("the file has no pixels");
  return { header, data };
}

function readHeader(view: DataView, at: number, length: number): Header {
  if (length < 13) throw new PngError("the header is cut short");
  const width = view.getUint32(at);
  const height = view.getUint32(at + 4);
  const bitDepth = view.getUint8(at + 8);
  if (width === 0 || height === 0 || width * height > LARGEST_PIXELS) throw new PngError(`unusable size ${width} × ${height}`);
  const channels = CHANNELS[view.getUint8(at + 9)];
  if (!channels) throw new PngError("not a grey picture");
  if (bitDepth !== 8 && bitDepth !== 16) throw new PngError(`${bitDepth} bits a pixel; 8 or 16 can be read`);
  if (view.getUint8(at + 12) !== 0) throw new PngError("interlaced files can't be read");
  return { width, height, bitDepth, channels };
}

async function inflate(pieces: Uint8Array[], expected: number): Promise<Uint8Array> {
  // A copy per piece: the stream wants plain ArrayBuffer views, and pieces may share the caller's buffer.
  const source = new Blob(pieces.map((piece) => piece.slice())).stream();
  const reader = source.pipeThrough(new DecompressionStream("deflate")).getReader();
  const out = new Uint8Array(expected);
  let filled = 0;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const room = expected - filled;
      out.set(value.length > room ? value.subarray(0, room) : value, filled);
      filled += Math.min(value.length, room);
    }
  } catch (thrown) {
    throw new PngError(`the pixels can't be unpacked (${thrown instanceof Error ? thrown.message : String(thrown)})`);
  }
  if (filled < expected) throw new PngError("the file has fewer pixels than its header says");
  return out;
}

/** Undo the five row filters of PNG. `rows` holds a filter byte before each row. */
export function unfilter(rows: Uint8Array, rowBytes: number, height: number, bytesPerPixel: number): Uint8Array {
  const out = new Uint8Array(rowBytes * height);
  for (let y = 0; y < height; y++) {
    const from = y * (rowBytes + 1);
    const to = y * rowBytes;
    const above = to - rowBytes;
    const filter = rows[from] as number;
    const line = rows.subarray(from + 1, from + 1 + rowBytes);
    if (filter === 0 || (filter === 2 && y === 0)) {
      out.set(line, to);
      continue;
    }
    if (filter > 4) throw new PngError(`unknown row filter ${filter}`);
    for (let x = 0; x < rowBytes; x++) {
      const left = x >= bytesPerPixel ? (out[to + x - bytesPerPixel] as number) : 0;
      const up = y > 0 ? (out[above + x] as number) : 0;
      let guess: number;
      if (filter === 1) guess = left;
      else if (filter === 2) guess = up;
      else if (filter === 3) guess = (left + up) >> 1;
      else guess = paeth(left, up, x >= bytesPerPixel && y > 0 ? (out[above + x - bytesPerPixel] as number) : 0);
      out[to + x] = (line[x] as number) + guess; // a Uint8Array keeps the low eight bits, as PNG asks
    }
  }
  return out;
}

function paeth(left: number, up: number, upLeft: number): number {
  const guess = left + up - upLeft;
  const byLeft = Math.abs(guess - left);
  const byUp = Math.abs(guess - up);
  const byUpLeft = Math.abs(guess - upLeft);
  if (byLeft <= byUp && byLeft <= byUpLeft) return left;
  return byUp <= byUpLeft ? up : upLeft;
}

function bigEndian16(bytes: Uint8Array): Uint16Array {
  const out = new Uint16Array(bytes.length / 2);
  for (let at = 0; at < out.length; at++) out[at] = ((bytes[at * 2] as number) << 8) | (bytes[at * 2 + 1] as number);
  return out;
}
