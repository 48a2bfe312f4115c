import { describe, expect, it } from "vitest";
import { CLASS_COLORS, ColorRegistry, inkOn, rgbOf } from "@/lib/image/classColors";
import { colorTable, paintMask } from "@/media/image/maskPixels";

/** Machado, Oliveira and Fernandes 2009, severity 1, on linear light. */
const EYES = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  deuteranope: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  protanope: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
};
type Matrix = number[][];

const times = (matrix: Matrix, vector: number[]) => matrix.map((row) => row.reduce((sum, value, at) => sum + value * (vector[at] ?? 0), 0));

function oklab(color: string, eye: Matrix): number[] {
  const linear = rgbOf(color).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  const seen = times(eye, linear).map((value) => Math.min(1, Math.max(0, value)));
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    seen,
  ).map(Math.cbrt);
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones,
  );
}

describe("class colours", () => {
  it.each(Object.entries(EYES))("stay apart for %s eyes", (_, eye) => {
    const points = CLASS_COLORS.map((color) => oklab(color, eye));
    let nearest = Infinity;
    for (const [at, a] of points.entries()) {
      for (const b of points.slice(at + 1)) nearest = Math.min(nearest, Math.hypot(...a.map((value, i) => value - (b[i] ?? 0))));
    }
    expect(CLASS_COLORS.length).toBeGreaterThanOrEqual(24);
    expect(nearest).toBeGreaterThan(0.06); // 0.02 is about what an eye can just tell apart side by side
  });

  const list = (count: number, prefix: string) => Object.fromEntries(Array.from({ length: count }, (_, id) => [id, `${prefix} ${id}`]));
  const colorsOf = (registry: ColorRegistry, labels: Record<string, string>) =>
    Object.entries(labels).map(([id, name]) => registry.colorOf(name, Number(id)));

  it("differ inside a list, and are dealt again: paler, then darker, when it is long", () => {
    const registry = new ColorRegistry();
    const labels = list(3 * CLASS_COLORS.length, "class");
    registry.deal(labels);
    const colors = colorsOf(registry, labels);
    expect(new Set(colors).size).toBe(colors.length);
    expect(colors.slice(0, CLASS_COLORS.length)).toEqual(CLASS_COLORS);
    for (const color of colors) expect(color).toMatch(/^#[0-9a-f]{6}$/);
  });

  it("belong to the name: the same in every list, whatever its id there", () => {
    const registry = new ColorRegistry();
    registry.deal({ 0: "Sky", 1: "Car" });
    const car = registry.colorOf("Car", 1);
    const other = { 0: "Dog", 1: "Cat", 2: "Car", 3: "Bird" };
    registry.deal(other);
    expect(registry.colorOf("Car", 2)).toBe(car);
    expect(new Set(colorsOf(registry, other)).size).toBe(4);
  });

  it("are those that classes were logged with, wherever their name is met", () => {
    const registry = new ColorRegistry();
    registry.deal({ 0: "road", 1: "car", 2: "background" }, { 1: "#ff0010", 2: "#00ff00", 3: "red;}" });
    expect(registry.colorOf("car", 7)).toBe("#ff0010");
    expect(registry.colorOf("background", 2)).toBe("#00ff00");
    registry.deal({ 5: "car" }, { 5: "#0000ff" });
    expect(registry.colorOf("car", 5)).toBe("#ff0010");
    expect(registry.colorOf("class_3", 3)).toMatch(/^#[0-9a-f]{6}$/);
  });

  it("do not depend on other lists", () => {
    const [alone, together] = [new ColorRegistry(), new ColorRegistry()];
    together.deal(list(40, "box"));
    for (const registry of [alone, together]) registry.deal(list(12, "mask"));
    expect(colorsOf(together, list(12, "mask"))).toEqual(colorsOf(alone, list(12, "mask")));
  });

  it("of classes without a name are their id's", () => {
    const registry = new ColorRegistry();
    registry.colorOf("Car", 3);
    expect(registry.colorOf("class_3", 3)).toBe(CLASS_COLORS[3]);
    expect(registry.colorOf("class_40000", 40000)).toMatch(/^#[0-9a-f]{6}$/);
  });

  it("carry readable ink", () => {
    expect(inkOn("#f0e13c")).toBe("#000000");
    expect(inkOn("#1e3cb4")).toBe("#ffffff");
  });
});

describe("paintMask", () => {
  const ids = { width: 3, height: 2, values: new Uint8Array([0, 1, 1, 2, 2, 9]) };
  const colors = colorTable(3, (id) => [null, "#ff0000", "#0000ff"][id] ?? null);
  const alphaAt = (out: Uint8ClampedArray, width: number, x: number, y: number) => out[(y * width + x) * 4 + 3];

  it("colours each mask pixel as a square, exactly; hidden and unknown ids stay clear", () => {
    const scale = 10;
    const out = new Uint8ClampedArray(30 * 20 * 4);
    paintMask(out, 30, 20, { ids, colors, opacity: 0.5, outline: null }, { scale, x: 0, y: 0 }, { scale, x: 0, y: 0 });
    for (let y = 0; y < 20; y++) {
      for (let x = 0; x < 30; x++) {
        const id = ids.values[Math.floor(y / scale) * 3 + Math.floor(x / scale)] ?? 0;
        const expected = id === 1 ? [255, 0, 0, 128] : id === 2 ? [0, 0, 255, 128] : [0, 0, 0, 0];
        expect([...out.slice((y * 30 + x) * 4, (y * 30 + x) * 4 + 4)]).toEqual(expected);
      }
    }
  });

  it("leaves what lies beside the mask clear", () => {
    const out = new Uint8ClampedArray(20 * 20 * 4);
    paintMask(out, 20, 20, { ids, colors, opacity: 1, outline: null }, { scale: 4, x: 4, y: 0 }, { scale: 4, x: 0, y: 6 });
    expect([alphaAt(out, 20, 3, 11), alphaAt(out, 20, 4, 11), alphaAt(out, 20, 8, 5), alphaAt(out, 20, 8, 6)]).toEqual([0, 255, 0, 255]);
  });

  it("draws only the rim of a class as an outline, as wide as asked", () => {
    const side = 40;
    const values = new Uint8Array(side * side);
    for (let y = 10; y < 30; y++) values.fill(1, y * side + 10, y * side + 30);
    const out = new Uint8ClampedArray(side * side * 4);
    const paint = {
      ids: { width: side, height: side, values },
      colors: colorTable(2, (id) => (id ? "#ffffff" : null)),
      opacity: 1,
      outline: 2,
    };
    paintMask(out, side, side, paint, { scale: 1, x: 0, y: 0 }, { scale: 1, x: 0, y: 0 });
    const row = Array.from({ length: side }, (_, x) => alphaAt(out, side, x, 20));
    expect(row.flatMap((alpha, x) => (alpha ? [x] : []))).toEqual([10, 11, 28, 29]);
  });

  it("averages when many mask pixels share a screen pixel", () => {
    const stripes = { width: 4, height: 4, values: new Uint8Array([1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]) };
    const out = new Uint8ClampedArray(2 * 2 * 4);
    paintMask(out, 2, 2, { ids: stripes, colors, opacity: 1, outline: null }, { scale: 0.5, x: 0, y: 0 }, { scale: 0.5, x: 0, y: 0 });
    expect([...out].filter((_, at) => at % 4 === 3)).toEqual([128, 128, 128, 128]);
  });
});
