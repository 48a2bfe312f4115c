import { describe, expect, it } from "vitest";
import type { ImageRecord } from "@/api/schema";
import { indexOverlays, passingCount } from "@/state/overlayIndex";
import { DEFAULT_OVERLAYS, withScores } from "@/state/overlayState";

const blob = { sha256: "0".repeat(64), size_bytes: 1, mime: "image/png" };
const labels = { "0": "Sky", "2": "Car" };
const record = (areas: Record<string, number>, scores: number[]): ImageRecord => ({
  kind: "image", blob, width: 10, height: 10,
  masks: {
    ground_truth: { blob, width: 10, height: 10, class_labels: labels, areas: { "0": 100 } },
    prediction: { blob, width: 10, height: 10, class_labels: labels, areas },
  },
  boxes: { found: { class_labels: { "7": "Car", "9": "Dog" }, boxes: scores.map((acc) => ({ form: "corners", position: [0, 1, 0, 1], class_id: 9, scores: { acc } })) } },
});

describe("indexOverlays", () => {
  const a = record({ "0": 75, "2": 25 }, [0.2, 0.8]);
  const b = record({ "2": 50, "5": 50 }, [0.9]);

  it("lists each layer and each class once, predictions first", () => {
    const index = indexOverlays([a, b], [a, b]);
    expect(index.maskLayers).toEqual(["prediction", "ground_truth"]);
    expect(index.classes.map(({ name, id }) => [name, id])).toEqual([["Sky", 0], ["Car", 2], ["class_5", 5], ["Dog", 9]]);
  });

  it("measures areas and boxes over the tile that is looked at", () => {
    const byName = new Map(indexOverlays([a, b], [a]).classes.map((entry) => [entry.name, entry]));
    expect(byName.get("Car")?.shares.get("prediction")).toBe(0.25);
    expect(byName.get("class_5")?.shares.get("prediction")).toBe(0);
    expect(byName.get("Dog")?.shapeCount).toBe(2);
    const all = new Map(indexOverlays([a, b], [a, b]).classes.map((entry) => [entry.name, entry]));
    expect(all.get("Car")?.shares.get("prediction")).toBe(0.375);
    expect(all.get("Sky")?.shares.get("ground_truth")).toBe(1);
  });

  it("counts the boxes that pass", () => {
    const [layer] = indexOverlays([a, b], []).shapeLayers;
    if (!layer) throw new Error("the layer is missing");
    expect(passingCount(layer, DEFAULT_OVERLAYS)).toBe(3);
    expect(passingCount(layer, withScores(DEFAULT_OVERLAYS, "found", "acc", [0.5, null]))).toBe(2);
  });
});
