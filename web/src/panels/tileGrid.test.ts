import { describe, expect, it } from "vitest";
import {
  cellOf,
  cellsIn,
  filledSpans,
  foldedRows,
  framedSize,
  gridShape,
  mostPanelColumns,
  packedWidth,
  panelColumns,
  pictureHeight,
  shownCount,
  tileAt,
} from "@/panels/tileGrid";

const grid = gridShape({ layout: "grid", runs: 3, items: 5000, tileWidth: 100, tileHeight: 80, room: 500 });
const wrap = gridShape({ layout: "wrap", runs: 2, items: 7, tileWidth: 100, tileHeight: 80, room: 431 });

describe("the tile grid", () => {
  it("has a row per run, or wraps to the room", () => {
    expect([grid.columns, grid.rows, grid.width, grid.height]).toEqual([5000, 3, 5000 * 108 - 8, 3 * 88 - 8]);
    expect([wrap.columns, wrap.rows]).toEqual([4, 4]);
    expect(gridShape({ layout: "wrap", runs: 1, items: 2, tileWidth: 300, tileHeight: 80, room: 120 }).columns).toBe(1);
  });

  it("mounts only what is in sight, however many there are", () => {
    const cells = cellsIn(grid, { left: 1080, right: 1500, top: 0, bottom: 200 });
    expect(cells).toEqual({ firstColumn: 10, lastColumn: 13, firstRow: 0, lastRow: 2 });
    const none = cellsIn(grid, { left: 0, right: 500, top: 900, bottom: 1000 });
    expect(none.lastRow < none.firstRow).toBe(true);
  });

  it("knows the item of every cell and the cell of every item", () => {
    for (const [shape, runs, items] of [[wrap, 2, 7], [grid, 3, 40]] as const) {
      for (let run = 0; run < runs; run++) {
        for (let item = 0; item < items; item++) {
          const { row, column } = cellOf(shape, run, item, items);
          expect(tileAt(shape, row, column, runs, items)).toEqual({ run, item });
        }
      }
    }
    expect(tileAt(wrap, 3, 2, 2, 7)).toBeNull();
  });

  it("counts as shown what a person sees", () => {
    expect(shownCount(wrap, { left: 0, right: 424, top: 0, bottom: 168 }, 2, 7)).toBe(8);
    expect(shownCount(wrap, { left: 0, right: 424, top: 0, bottom: 1000 }, 2, 7)).toBe(14);
    expect(shownCount(wrap, { left: 0, right: 424, top: 0, bottom: 100 }, 2, 7)).toBe(4);
  });

  it("gives wide kinds a row or a size of their own, never wider than the panel", () => {
    const shape = { width: 360, height: 240 };
    expect(framedSize({
      shape: "fill",
      fillHeight: 400,
      tileWidth: 72,
      room: 900,
      layout: "wrap",
      tiles: 1,
      isAlone: true,
    })).toEqual({ width: 900, height: 400 });
    expect(framedSize({
      shape,
      fillHeight: 0,
      tileWidth: 180,
      room: 900,
      layout: "grid",
      tiles: 3,
      isAlone: false,
    })).toEqual({ width: 360, height: 240 });
    expect(framedSize({
      shape,
      fillHeight: 0,
      tileWidth: 180,
      room: 900,
      layout: "wrap",
      tiles: 4,
      isAlone: false,
    })).toEqual({ width: 446, height: 240 });
    expect(framedSize({
      shape,
      fillHeight: 0,
      tileWidth: 180,
      room: 700,
      layout: "wrap",
      tiles: 3,
      isAlone: false,
    })).toEqual({ width: 346, height: 231 });
    expect(framedSize({
      shape,
      fillHeight: 0,
      tileWidth: 360,
      room: 500,
      layout: "wrap",
      tiles: 3,
      isAlone: false,
    })).toEqual({ width: 500, height: 480 });
    expect(framedSize({
      shape,
      fillHeight: 0,
      tileWidth: 18,
      room: 20,
      layout: "grid",
      tiles: 3,
      isAlone: false,
    })).toEqual({ width: 120, height: 72 });
  });

  it("keeps banners and towers in bounds", () => {
    expect(pictureHeight(180, 4 / 3)).toBe(135);
    expect(pictureHeight(260, 100)).toBe(100);
    expect(pictureHeight(100, 0.01)).toBe(160);
  });
});

it("tiles that fill a row stand side by side where there is room", () => {
  const fill = { shape: "fill", fillHeight: 300, tileWidth: 180, layout: "wrap", isAlone: false } as const;
  expect(framedSize({ ...fill, room: 900, tiles: 4 }).width).toBe(446);
  expect(framedSize({ ...fill, room: 900, tiles: 1 }).width).toBe(900);
  expect(framedSize({ ...fill, room: 690, tiles: 2 }).width).toBe(341);
  expect(framedSize({ ...fill, room: 500, tiles: 4 }).width).toBe(500);
  expect(framedSize({ ...fill, room: 900, tiles: 4, isAlone: true }).width).toBe(900);
});

it("panels of one or two tiles take a few columns of the page, larger ones the row", () => {
  const picture = { shape: undefined, isTable: false, tileWidth: 180, columnWidth: 280 };
  expect(panelColumns({ ...picture, tiles: 1 })).toBe(1);
  expect(panelColumns({ ...picture, tiles: 2 })).toBe(1);
  expect(panelColumns({ ...picture, tiles: 2, tileWidth: 220 })).toBe(2);
  expect(panelColumns({ ...picture, tiles: 3 })).toBe(Infinity);
  expect(panelColumns({ ...picture, tiles: 1, tileWidth: 400 })).toBe(2);
  expect(panelColumns({ ...picture, tiles: 1, isTable: true })).toBe(Infinity);
  expect(panelColumns({ ...picture, tiles: 1, shape: "fill" })).toBe(2);
  // A tile that nearly fits is made narrower: a column more would stay half empty.
  expect(panelColumns({ ...picture, tiles: 1, shape: { width: 276, height: 88 } })).toBe(1);
  expect(panelColumns({ ...picture, tiles: 2, shape: { width: 276, height: 88 } })).toBe(2);
  expect(panelColumns({ ...picture, tiles: 1, shape: { width: 440, height: 88 } })).toBe(2);
  expect(packedWidth({ tiles: 1, tileWidth: 180, room: 256, aspect: 4 / 3, high: 150 })).toBe(200);
  expect(packedWidth({ tiles: 1, tileWidth: 180, room: 256, aspect: 3, high: 150 })).toBe(256);
  expect(packedWidth({ tiles: 2, tileWidth: 180, room: 300, aspect: 1, high: 150 })).toBe(146);
});

it("a folded panel shows whole rows", () => {
  expect(foldedRows(200, 520, 1)).toBe(2);
  expect(foldedRows(900, 520, 1)).toBe(1);
  expect(foldedRows(400, 520, 2)).toBe(2);
});

it("a panel that is alone in its row takes of it what it can use", () => {
  const any = [Infinity, Infinity, Infinity, Infinity];
  expect(filledSpans([2, 2, 1, 3], any, 3)).toEqual([3, 2, 1, 3]);
  expect(filledSpans([1, 1, 2, 2], [1, 1, Infinity, Infinity], 3)).toEqual([1, 1, 3, 3]);
  expect(filledSpans([1, 3, 1, 3], [2, 3, 2, 3], 3)).toEqual([2, 3, 2, 3]);
  expect(filledSpans([2, 2], [2, 2], 3)).toEqual([2, 2]);
  expect(filledSpans([1, 1, 3], any, 3)).toEqual([1, 1, 3]);
  expect(filledSpans([3, 1], any, 3)).toEqual([3, 3]);
  expect(filledSpans([], [], 3)).toEqual([]);
  const size = { isTable: false, tiles: 2, tileWidth: 180, columnWidth: 280 };
  expect(mostPanelColumns({ ...size, shape: undefined })).toBe(2);
  expect(mostPanelColumns({ ...size, shape: { width: 276, height: 88 } })).toBe(Infinity);
  expect(mostPanelColumns({ ...size, tiles: 1, shape: { width: 276, height: 88 } })).toBe(1);
});

it("few tiles of a shape share the room they have, but none is made much wider than it wants to be", () => {
  const sound = { shape: { width: 276, height: 88 }, fillHeight: 0, tileWidth: 180, layout: "wrap", isAlone: false } as const;
  expect(framedSize({ ...sound, room: 872, tiles: 2 }).width).toBe(432);
  expect(framedSize({ ...sound, room: 872, tiles: 6 }).width).toBe(285);
  expect(framedSize({ ...sound, room: 690, tiles: 3 }).width).toBe(224);
  expect(framedSize({ ...sound, room: 872, tiles: 1 }).width).toBe(432);
});
