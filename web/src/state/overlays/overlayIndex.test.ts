import { signal } from "@preact/signals";
import { describe, expect, it, vi } from "vitest";
import type { ImageRecord, MediaCell } from "@/api/schema";
import { DEFAULT_OVERLAYS, withScores } from "@/lib/image/overlayState";
import type { PageImages } from "@/state/media/pageImages";
import { makeSelection } from "@/state/media/selection";
import { type ClassEntry, indexOverlays, makeOverlayIndex, passingCount } from "@/state/overlays/overlayIndex";
import { urlSignal } from "@/state/page/url";

const blob = { sha256: "0".repeat(64), size_bytes: 1, mime: "image/png" };
const labels = { "0": "Sky", "2": "Car" };
const record = (areas: Record<string, number>, scores: number[]): ImageRecord => ({
  kind: "image", blob, width: 10, height: 10,
  masks: {
    ground_truth: { blob, width: 10, height: 10, class_labels: labels, areas: { "0": 100 } },
    prediction: { blob, width: 10, height: 10, class_labels: labels, areas },
  },
  boxes: { found: {
    class_labels: { "7": "Car", "9": "Dog" },
    boxes: scores.map((acc) => ({ form: "corners", position: [0, 1, 0, 1], class_id: 9, scores: { acc } })),
  } },
});

describe("indexOverlays", () => {
  const a = record({ "0": 75, "2": 25 }, [0.2, 0.8]);
  const b = record({ "2": 50, "5": 50 }, [0.9]);

  it("lists each layer once, predictions first, each with its own classes", () => {
    const index = indexOverlays([a, b], [a, b]);
    expect(index.maskLayers.map(({ name }) => name)).toEqual(["prediction", "ground_truth"]);
    expect(index.maskLayers[0]?.classes.map(({ name, id }) => [name, id])).toEqual([["Sky", 0], ["Car", 2], ["class_5", 5]]);
    expect(index.shapeLayers[0]?.classes.map(({ name, id }) => [name, id])).toEqual([["Car", 7], ["Dog", 9]]);
  });

  it("measures layers and classes over the same pictures", () => {
    const amounts = (classes: readonly ClassEntry[] | undefined) =>
      Object.fromEntries((classes ?? []).map(({ name, amount }) => [name, amount]));
    const one = indexOverlays([a, b], [a]);
    expect(amounts(one.maskLayers[0]?.classes)).toEqual({ Sky: 0.75, Car: 0.25, class_5: 0 });
    expect(amounts(one.shapeLayers[0]?.classes)).toEqual({ Car: 0, Dog: 2 });
    expect(one.shapeLayers[0]?.shapes).toHaveLength(2);
    const all = indexOverlays([a, b], [a, b]);
    expect(amounts(all.maskLayers[0]?.classes)["Car"]).toBe(0.375);
    expect(amounts(all.maskLayers[1]?.classes)["Sky"]).toBe(1);
    expect(amounts(all.shapeLayers[0]?.classes)["Dog"]).toBe(3);
    expect(all.shapeLayers[0]?.shapes).toHaveLength(3);
  });

  it("keeps the scores of the whole page, whatever is measured", () => {
    expect(indexOverlays([a, b], [a]).shapeLayers[0]?.scores).toEqual(indexOverlays([a, b], [a, b]).shapeLayers[0]?.scores);
  });

  it("counts the boxes that pass", () => {
    const [layer] = indexOverlays([a, b], [a, b]).shapeLayers;
    if (!layer) throw new Error("the layer is missing");
    expect(passingCount(layer, DEFAULT_OVERLAYS)).toBe(3);
    expect(passingCount(layer, withScores(DEFAULT_OVERLAYS, "found", "acc", [0.5, null]))).toBe(2);
  });
});

describe("the words beside the numbers", () => {
  const pageImages = signal<PageImages>({ records: [], isPartial: false });
  const selection = makeSelection({ urlSignal });
  const { hasPictures, overlayIndex, overlayScope } = makeOverlayIndex({ pageImages: { pageImages, stop: () => undefined }, selection });
  const [one, other] = [record({ "0": 100 }, [0.5]), record({ "2": 100 }, [])];
  const boxesCounted = () => overlayIndex.value.shapeLayers[0]?.shapes.length;

  it("say how many pictures of the page are counted", () => {
    expect([hasPictures.value, overlayScope.value]).toEqual([false, "0 pictures"]);
    pageImages.value = { records: [one], isPartial: false };
    expect([hasPictures.value, overlayScope.value]).toEqual([true, "1 picture"]);
    pageImages.value = { records: Array.from({ length: 1200 }, () => record({}, [0.5])), isPartial: false };
    expect([overlayScope.value, boxesCounted()]).toEqual(["1,200 pictures", 1200]);
  });

  it("say so where more pictures than those may be there", () => {
    pageImages.value = { records: [one, other], isPartial: true };
    expect(overlayScope.value).toBe("at least 2 pictures");
  });

  it("say that it is one picture where one is selected, or nothing but one is open", async () => {
    pageImages.value = { records: [one, one, other], isPartial: false };
    const tile = { run: 1, key: "val/scenes", index: 0 };
    const cell: MediaCell = { run: 1, key: tile.key, step: 0, state: "ok", time: 0, items: [other], is_list: false, attempts: 1 };
    selection.selected.value = tile;
    selection.reportShown(tile, { ...tile, item: other, cell, askedAt: null, isOtherStep: false });
    await vi.waitFor(() => expect(overlayScope.value).toBe("in this picture"));
    expect(boxesCounted()).toBe(0);
    selection.selected.value = null;
    expect(overlayScope.value).toBe("3 pictures");
    pageImages.value = { records: [], isPartial: false };
    expect([hasPictures.value, overlayScope.value]).toEqual([true, "1 picture"]);
  });
});
