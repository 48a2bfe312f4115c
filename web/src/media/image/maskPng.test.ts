import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { PngError, decodeGreyPng, decodePng } from "@/media/image/maskPng";

const FILTERS = ["none", "sub", "up", "average", "paeth"] as const;

/** A PNG with the given filter on every row; the encoder is written from the standard, apart from the decoder. */
function png(
  values: number[][],
  bitDepth: 8 | 16,
  filterOfRow: (y: number) => number,
  options: { colorType?: number; interlace?: number; pieces?: number; width?: number } = {},
): Uint8Array {
  const width = values[0]?.length ?? 0;
  const size = bitDepth / 8;
  const lines = values.map((row) => row.flatMap((value) => (size === 1 ? [value] : [value >> 8, value & 255])));
  const rows = lines.flatMap((line, y) => {
    const filter = filterOfRow(y);
    const above = lines[y - 1] ?? line.map(() => 0);
    return [
      filter,
      ...line.map((value, x) => {
        const a = line[x - size] ?? 0;
        const b = above[x] ?? 0;
        const c = x < size ? 0 : (above[x - size] ?? 0);
        const p = a + b - c;
        const nearest = [a, b, c].reduce((best, one) => (Math.abs(p - one) < Math.abs(p - best) ? one : best), a);
        const guess = [0, a, b, Math.floor((a + b) / 2), nearest][filter] ?? 0;
        return (value - guess + 256) % 256;
      }),
    ];
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(options.width ?? width, 0);
  header.writeUInt32BE(values.length, 4);
  header.set([bitDepth, options.colorType ?? 0, 0, 0, options.interlace ?? 0], 8);
  const data = deflateSync(Buffer.from(rows));
  const chunk = (name: string, body: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return Buffer.concat([length, Buffer.from(name, "latin1"), body, Buffer.alloc(4)]);
  };
  const cut = Math.ceil(data.length / (options.pieces ?? 1));
  const pieces = Array.from({ length: options.pieces ?? 1 }, (_, i) => chunk("IDAT", data.subarray(i * cut, (i + 1) * cut)));
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return new Uint8Array(
    Buffer.concat([start, chunk("IHDR", header), chunk("tEXt", Buffer.from("a\0b")), ...pieces, chunk("IEND", new Uint8Array())]),
  );
}

function noise(width: number, height: number, most: number): number[][] {
  let seed = 7;
  const next = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32;
  return Array.from({ length: height }, () => Array.from({ length: width }, () => Math.floor(next() * (most + 1))));
}

describe("decodeGreyPng", () => {
  for (const bitDepth of [8, 16] as const) {
    for (const [filter, name] of FILTERS.entries()) {
      it(`reads ${bitDepth}-bit rows with filter ${name}`, async () => {
        const values = noise(17, 9, 2 ** bitDepth - 1);
        const image = await decodeGreyPng(png(values, bitDepth, () => filter));
        expect([image.width, image.height, image.bitDepth]).toEqual([17, 9, bitDepth]);
        expect([...image.values]).toEqual(values.flat());
      });
    }
  }

  it("reads mixed filters and several data chunks", async () => {
    const values = noise(64, 40, 255);
    const image = await decodeGreyPng(png(values, 8, (y) => y % 5, { pieces: 5 }));
    expect([...image.values]).toEqual(values.flat());
  });

  it("reads a view into a larger buffer", async () => {
    const file = png([[1, 2], [3, 250]], 8, () => 4);
    const larger = new Uint8Array(file.length + 20);
    larger.set(file, 11);
    expect([...(await decodeGreyPng(larger.subarray(11, 11 + file.length))).values]).toEqual([1, 2, 3, 250]);
  });

  it.each([
    ["RGB", 2, [70_000, 70_000, 0xfffffe, 3]],
    ["RGBA", 6, [2 ** 32 - 1, 5, 5, 2 ** 24]],
  ] as const)("unpacks ids from %s, the least byte first", async (_, colorType, ids) => {
    const channels = colorType === 2 ? 3 : 4;
    const bytes = ids.flatMap((id) => Array.from({ length: channels }, (__, at) => Math.floor(id / 256 ** at) % 256));
    const image = await decodeGreyPng(png([bytes], 8, () => 0, { colorType, width: ids.length }));
    expect(Array.from(image.values, (place) => image.ids?.[place])).toEqual([...ids]);
    expect([...(image.ids ?? [])]).toEqual([...new Set<number>(ids)].sort((a, b) => a - b));
  });

  it("reads all bits of deep colour", async () => {
    const image = await decodePng(png([[1, 257, 65_535, 0, 40_000, 2]], 16, () => 0, { colorType: 2, width: 2 }));
    expect([image.width, image.channels, ...image.values]).toEqual([2, 3, 1, 257, 65_535, 0, 40_000, 2]);
  });

  it.each([
    ["no PNG", new Uint8Array([1, 2, 3]), /not a PNG/],
    ["a palette", png([[1, 2, 3]], 8, () => 0, { colorType: 3 }), /not a grey/],
    ["grey with alpha", png([[1, 2, 3]], 8, () => 0, { colorType: 4 }), /not a grey/],
    ["interlaced", png([[1]], 8, () => 0, { interlace: 1 }), /interlaced/],
    ["an unknown filter", png([[1]], 8, () => 9), /filter 9/],
    ["a torn tail", png(noise(30, 30, 255), 8, () => 0).slice(0, 200), /cut short/],
  ])("refuses %s in words", async (_, bytes, message) => {
    await expect(decodeGreyPng(bytes)).rejects.toThrow(PngError);
    await expect(decodeGreyPng(bytes)).rejects.toThrow(message);
  });

  it("refuses a file with too few pixels", async () => {
    const short = png([[1, 2], [3, 4]], 8, () => 0);
    new DataView(short.buffer).setUint32(8 + 8 + 4, 5); // five rows, says the header
    await expect(decodeGreyPng(short)).rejects.toThrow(/fewer pixels/);
  });
});
