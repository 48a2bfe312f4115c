import { describe, expect, it } from "vitest";
import { placesOf } from "@/state/media/sample";
import { sampleOf } from "@/state/media/tile";

describe("samples", () => {
  it("are found wherever they lie in a list", () => {
    const items = [{ kind: "image", sample_id: "b" }, 3, null, { kind: "image", sample_id: "a" }, { kind: "text", sample_id: "b" }];
    expect(placesOf(items, "b")).toEqual([0, 4]);
    expect(placesOf(items, "c")).toEqual([]);
    expect([sampleOf(items[0]), sampleOf(3), sampleOf({ sample_id: 5 })]).toEqual(["b", null, null]);
  });
});
