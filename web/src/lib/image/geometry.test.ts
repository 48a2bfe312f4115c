import { describe, expect, it } from "vitest";
import type { BoxRecord } from "@/api/schema";
import { captionOfBox, passesScores, placeLabels, rectOfBox, scoreStats } from "@/lib/image/boxes";
import { WHOLE, clampView, isPixelated, panBy, pictureFromTile, pixelAt, placementOf, zoomAt } from "@/lib/image/transform";

const picture = { width: 480, height: 360 };
const tile = { width: 240, height: 240 };

describe("the view of a picture", () => {
  it("fits the whole picture into the middle of the tile", () => {
    expect(placementOf(WHOLE, picture, tile)).toEqual({ scale: 0.5, x: 0, y: 30 });
  });

  it("keeps what is under the cursor there while zooming", () => {
    const at = { x: 60, y: 50 };
    const same = { width: 240, height: 180 };
    const before = pictureFromTile(at, placementOf(WHOLE, picture, same));
    let view = WHOLE;
    for (let i = 0; i < 7; i++) {
      view = zoomAt(view, 1.3, at, picture, same);
      const after = pictureFromTile(at, placementOf(view, picture, same));
      expect(after.x).toBeCloseTo(before.x, 6);
      expect(after.y).toBeCloseTo(before.y, 6);
    }
    expect(view.zoom).toBeCloseTo(1.3 ** 7, 9);
  });

  it("never leaves the picture, and zooms out to the whole", () => {
    const zoomed = zoomAt(WHOLE, 4, { x: 120, y: 120 }, picture, tile);
    const far = placementOf(panBy(zoomed, 1e6, 1e6, picture, tile), picture, tile);
    expect([far.x, far.y]).toEqual([0, 0]);
    expect(zoomAt(zoomed, 1e-9, { x: 3, y: 9 }, picture, tile)).toEqual(WHOLE);
  });

  it("stops where one pixel is 64 wide", () => {
    const view = zoomAt(WHOLE, 1e9, { x: 120, y: 120 }, picture, tile);
    expect(placementOf(view, picture, tile).scale).toBe(64);
  });

  it("shows a picture that is smaller than its tile at its own size, and no smaller", () => {
    const small = { width: 28, height: 14 };
    const scale = placementOf(WHOLE, small, tile).scale;
    const view = zoomAt(WHOLE, 1 / scale, { x: 120, y: 120 }, small, tile);
    expect(placementOf(view, small, tile)).toEqual({ scale: 1, x: 106, y: 113 });
    expect(placementOf(zoomAt(view, 0.5, { x: 3, y: 9 }, small, tile), small, tile)).toEqual({ scale: 1, x: 106, y: 113 });
    expect(placementOf(view, picture, tile).scale).toBe(0.5);
  });

  it("pans by what was dragged", () => {
    const view = zoomAt(WHOLE, 8, { x: 120, y: 120 }, picture, tile);
    const [before, after] = [placementOf(view, picture, tile), placementOf(panBy(view, 11, -7, picture, tile), picture, tile)];
    expect([after.x - before.x, after.y - before.y].map((d) => Math.round(d * 1e6) / 1e6)).toEqual([11, -7]);
  });

  it("means the same spot for pictures of another size", () => {
    const view = clampView({ zoom: 6, cx: 0.25, cy: 0.75 }, picture, tile);
    const small = { width: 48, height: 36 };
    const spot = pictureFromTile({ x: 120, y: 120 }, placementOf(view, small, tile));
    expect([spot.x / 48, spot.y / 36]).toEqual([0.25, 0.75]);
  });

  it("finds the pixel under the cursor and nothing beside the picture", () => {
    const placement = placementOf(WHOLE, picture, tile);
    expect(pixelAt({ x: 0, y: 30 }, placement, picture)).toEqual({ x: 0, y: 0 });
    expect(pixelAt({ x: 239.9, y: 209.9 }, placement, picture)).toEqual({ x: 479, y: 359 });
    expect(pixelAt({ x: 10, y: 29 }, placement, picture)).toBeNull();
  });

  it("shows squares when magnified or tiny, or when told to", () => {
    expect(isPixelated("auto", 1.9, picture)).toBe(false);
    expect(isPixelated("auto", 2.1, picture)).toBe(true);
    expect(isPixelated("auto", 1.5, { width: 28, height: 28 })).toBe(true);
    expect(isPixelated("smooth", 9, picture)).toBe(false);
    expect(isPixelated("pixelated", 0.5, picture)).toBe(true);
  });
});

describe("boxes", () => {
  const forms: [string, BoxRecord][] = [
    ["corners, fraction", { form: "corners", position: [0.25, 0.75, 0.1, 0.6] }],
    ["corners, pixel", { form: "corners", position: [120, 360, 36, 216], domain: "pixel" }],
    ["middle, fraction", { form: "middle", position: [0.5, 0.35, 0.5, 0.5] }],
    ["middle, pixel", { form: "middle", position: [240, 126, 240, 180], domain: "pixel" }],
    ["corners the wrong way round", { form: "corners", position: [0.75, 0.25, 0.6, 0.1], domain: "fraction" }],
  ];
  it.each(forms)("%s land on the same pixels", (_, box) => {
    const rect = rectOfBox(box, picture);
    expect(Object.values(rect).map((value) => Math.round(value * 1e9) / 1e9)).toEqual([120, 36, 240, 180]);
  });

  it("are filtered by every score that they have, and only by those", () => {
    const box: BoxRecord = { form: "corners", position: [0, 1, 0, 1], scores: { acc: 0.6, loss: 3 } };
    expect(passesScores(box, { acc: [0.5, null] })).toBe(true);
    expect(passesScores(box, { acc: [0.5, null], loss: [null, 2] })).toBe(false);
    expect(passesScores(box, { other: [0.9, null] })).toBe(true);
    expect(passesScores({ form: "corners", position: [0, 1, 0, 1] }, { acc: [0.5, null] })).toBe(true);
  });

  it("give a histogram per score name, over 0 to 1 for shares", () => {
    const boxes = [0.05, 0.5, 0.99].map((acc): BoxRecord => ({ form: "corners", position: [0, 1, 0, 1], scores: { acc, loss: acc * 10 } }));
    const [acc, loss] = scoreStats(boxes);
    expect([acc?.name, acc?.min, acc?.max, acc?.count]).toEqual(["acc", 0, 1, 3]);
    expect(acc?.bins.flatMap((count, at) => (count ? [at] : []))).toEqual([2, 20, 39]);
    expect([loss?.min, loss?.max]).toEqual([0.5, 9.9]);
    expect(loss?.bins.reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  it("are named by their caption, else by class and first score", () => {
    expect(captionOfBox({ form: "corners", position: [0, 1, 0, 1], caption: "mine" }, "Car")).toBe("mine");
    expect(captionOfBox({ form: "corners", position: [0, 1, 0, 1], scores: { acc: 0.853 } }, "Car")).toBe("Car 0.85");
    expect(captionOfBox({ form: "corners", position: [0, 1, 0, 1] }, null)).toBe("");
  });

  it("have labels that never overlap and never leave the tile", () => {
    const label = { width: 60, height: 14 };
    const box = { x: 20, y: 30, width: 50, height: 40 };
    const places = placeLabels([box, box, box, box].map((one) => ({ box: one, label })), { width: 100, height: 100 });
    expect(places).toEqual([{ x: 20, y: 16 }, { x: 20, y: 30 }, { x: 20, y: 70 }, null]);
    expect(placeLabels([{ box, label }], { width: 100, height: 100 }, [{ x: 0, y: 0, width: 30, height: 25 }])).toEqual([{ x: 20, y: 30 }]);
    expect(placeLabels([{ box: { x: 90, y: 2, width: 8, height: 90 }, label }], { width: 100, height: 100 })).toEqual([{ x: 40, y: 2 }]);
  });
});
