import { describe, expect, it } from "vitest";
import type { ImageRecord } from "@/api/schema";
import { DEFAULT_OVERLAYS, withScores } from "@/lib/image/overlayState";
import { hit, outlineOf, textOfShape, turnedCorners } from "@/lib/image/shapes";
import { shownShapes } from "@/media/image/paintShapes";

const blob = { sha256: "0".repeat(64), size_bytes: 1, mime: "image/png" };
const record: ImageRecord = {
  kind: "image",
  blob,
  width: 100,
  height: 50,
  boxes: { found: { boxes: [{ form: "middle", position: [50, 25, 40, 10], domain: "pixel", angle: 90, class_id: 1 }] } },
  polygons: {
    parts: {
      class_labels: { 1: "constructor" },
      polygons: [
        {
          rings: [
            [0, 0, 1, 0, 1, 1, 0, 1],
            [0.25, 0.25, 0.75, 0.25, 0.75, 0.75, 0.25, 0.75],
          ],
          class_id: 1,
          scores: { sure: 0.4 },
        },
        { rings: [[0, 0, 1, 0, NaN, 1]], class_id: 1 },
      ],
    },
  },
  keypoints: {
    pose: {
      names: ["nose", "ear", "eye"],
      skeleton: [[0, 1]],
      keypoints: [
        { points: [10, 10, 20, 10, 90, 40], visibility: [2, 1, 0], domain: "pixel", caption: "ann", point_scores: [0.9, 0.5, 0] },
      ],
    },
  },
};

describe("shapes", () => {
  it("turn clockwise on the screen", () => {
    const corners = turnedCorners({ x: 30, y: 20, width: 40, height: 10 }, 90).map(({ x, y }) => [Math.round(x), Math.round(y)]);
    expect(corners).toEqual([[55, 5], [55, 45], [45, 45], [45, 5]]);
  });

  it("are all there, polygons first, without those that can't be drawn", () => {
    expect(shownShapes(record, DEFAULT_OVERLAYS).map(({ kind }) => kind)).toEqual(["polygon", "box", "keypoint"]);
    expect(shownShapes(record, { ...DEFAULT_OVERLAYS, polygonsVisible: false, keypointsVisible: false })).toHaveLength(1);
    expect(shownShapes(record, withScores(DEFAULT_OVERLAYS, "parts", "sure", [0.5, null], "polygon"))).toHaveLength(2);
  });

  it("have class names that are words of the language", () => {
    expect(shownShapes(record, DEFAULT_OVERLAYS)[0]).toMatchObject({
      className: "constructor",
      color: expect.stringMatching(/^#[0-9a-f]{6}$/),
    });
  });

  it("are hit inside, not in holes, and at joints that are there", () => {
    const [polygon, box, pose] = shownShapes(record, DEFAULT_OVERLAYS).map(({ outline }) => outline);
    if (!polygon || !box || !pose) throw new Error("a shape is missing");
    expect([hit(polygon, { x: 5, y: 5 }, 0), hit(polygon, { x: 50, y: 25 }, 0)]).toEqual([true, false]);
    expect([hit(box, { x: 50, y: 8 }, 0), hit(box, { x: 35, y: 25 }, 0)]).toEqual([true, false]);
    expect([hit(pose, { x: 18, y: 11 }, 4), hit(pose, { x: 90, y: 40 }, 4), hit(pose, { x: 10, y: 10 }, 4)]).toEqual([1, false, 0]);
  });

  it("are called by class, caption and joint", () => {
    const shape = record.keypoints?.pose?.keypoints?.[0];
    if (!shape) throw new Error("the pose is missing");
    const outline = outlineOf("keypoint", shape, record, "pose");
    if (!outline) throw new Error("the outline is missing");
    expect(textOfShape(shape, null, outline, 1)).toBe("ann · ear (hidden) 0.50");
    expect(outline.rect).toEqual({ x: 10, y: 10, width: 10, height: 0 });
  });
});
