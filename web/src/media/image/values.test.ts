import { describe, expect, it } from "vitest";
import { paintValues } from "@/media/image/paintValues";
import { decodeValues, gridFromNpy, valuesAt } from "@/media/image/values";

function npy(descr: string, shape: string, bytes: Uint8Array): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  const head = new TextEncoder().encode(text.padEnd(117) + "\n");
  const file = new Uint8Array(10 + head.length + bytes.length);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, head.length & 255, head.length >> 8]);
  file.set(head, 10);
  file.set(bytes, 10 + head.length);
  return file;
}

const bytesOf = (numbers: ArrayBufferView) => new Uint8Array(numbers.buffer as ArrayBuffer);

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

describe("values", () => {
  it("come out as they went in, packed or not", async () => {
    const numbers = new Float32Array([0.1, -1e30, NaN, Infinity, 0, 1]);
    const file = npy("<f4", "2, 3", bytesOf(numbers));
    for (const bytes of [file, await gzip(file)]) {
      const grid = await decodeValues(bytes);
      expect([grid.width, grid.height, grid.channels]).toEqual([3, 2, 1]);
      expect(Object.is((grid.values as Float32Array)[2], NaN)).toBe(true);
      expect([...(grid.values as Float32Array)]).toEqual([...numbers]);
    }
  });

  it("are told with the digits of their type", () => {
    const grid = gridFromNpy(npy("<f4", "1, 2, 3", bytesOf(new Float32Array([0.1, 1 / 3, -0, NaN, -Infinity, 65_504]))));
    expect(valuesAt(grid, 0, 0)).toEqual(["0.1", "0.33333334", "-0"]);
    expect(valuesAt(grid, 1, 0)).toEqual(["NaN", "−∞", "65504"]);
    expect(valuesAt(grid, 2, 0)).toBeUndefined();
    const whole = gridFromNpy(npy("<i8", "1, 2", bytesOf(new BigInt64Array([2n ** 62n + 1n, -5n]))));
    expect(valuesAt(whole, 0, 0)).toEqual([String(2n ** 62n + 1n)]);
  });

  it("of half precision are exact, subnormals too", () => {
    const grid = gridFromNpy(npy("<f2", "1, 5", bytesOf(new Uint16Array([0x3c00, 0x0001, 0xfbff, 0x7c00, 0x7e00]))));
    expect([...(grid.values as Float32Array)]).toEqual([1, 2 ** -24, -65_504, Infinity, NaN]);
  });

  it.each([
    ["no npy", new Uint8Array([1, 2, 3]), /not a file of values/],
    ["objects", npy("|O", "1, 1", new Uint8Array(8)), /can't be shown/],
    ["the other byte order", npy(">f4", "1, 1", new Uint8Array(4)), /can't be shown/],
    ["a torn file", npy("<f8", "9, 9", new Uint8Array(8)), /cut short/],
  ])("refuse %s in words", async (_, bytes, message) => {
    await expect(decodeValues(bytes)).rejects.toThrow(message);
  });
});

describe("paintValues", () => {
  const grid = { width: 4, height: 1, channels: 1, values: new Float32Array([-5, 0, 10, NaN]), digits: 8 };
  const place = { scale: 1, x: 0, y: 0 };
  const paint = (tone: object) => {
    const out = new Uint8ClampedArray(16);
    paintValues(out, 4, 1, grid, { low: 0, high: 10, exposure: 0, gamma: 1, map: "grey", ...tone }, place, place);
    return [...out];
  };

  it("maps the range to black and white, cuts beyond it, and leaves what is no number clear", () => {
    expect(paint({})).toEqual([0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 255, 0, 0, 0, 0]);
    expect(paint({ low: -5, high: 15 }).filter((_, at) => at % 4 === 0)).toEqual([0, 64, 191, 0]);
  });

  it("doubles the light at each stop, and bends it by gamma", () => {
    const red = (tone: object) => paint({ low: -10, high: 30, ...tone })[4];
    expect(red({})).toBe(64);
    expect(red({ exposure: 1 })).toBe(128);
    expect(red({ gamma: 2 })).toBe(128);
  });

  it("colours by a map whose ends are its own", () => {
    expect(paint({ map: "viridis" }).slice(4, 12)).toEqual([0x44, 0x01, 0x54, 255, 0xfd, 0xe7, 0x25, 255]);
  });
});
