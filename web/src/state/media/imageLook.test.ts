import { describe, expect, it } from "vitest";
import type { ImageRecord } from "@/api/schema";
import { DEFAULT_LOOK, type ImageLook, formatLook, parseLook, toneOf } from "@/state/media/imageLook";

const record = (rest: Partial<ImageRecord>): ImageRecord => ({
  kind: "image",
  blob: { sha256: "a", size_bytes: 1, mime: "image/png" },
  width: 1,
  height: 1,
  ...rest,
});
const original = { form: "npy" as const, dtype: "<f4", shape: [1, 1], low: -3, high: 8, low_percentile: -1, high_percentile: 2 };

describe("the look of deep pictures", () => {
  it("comes back from the URL as it was", () => {
    const looks: ImageLook[] = [
      DEFAULT_LOOK,
      { range: [-0.5, 1e-7], exposure: -1.5, gamma: 2.2, map: "turbo" },
      { ...DEFAULT_LOOK, range: "middle", map: "viridis" },
    ];
    for (const look of looks) expect(parseLook(formatLook(look))).toEqual(look);
    expect(parseLook("nonsense")).toBeUndefined();
    expect(parseLook("full*e99*g0*plaid")).toEqual({ range: "full", exposure: 10, gamma: 0.2, map: "grey" });
  });

  it("is the picture itself until something is chosen", () => {
    expect(toneOf(record({ original }), DEFAULT_LOOK)).toBeNull();
    expect(toneOf(record({ original }), { ...DEFAULT_LOOK, range: "full" })).toMatchObject({ low: -3, high: 8 });
    expect(toneOf(record({ original }), { ...DEFAULT_LOOK, range: "middle" })).toMatchObject({ low: -1, high: 2 });
  });

  it.each([
    [{ normalized: "unit" }, 0, 1],
    [{ normalized: "signed" }, -1, 1],
    [{ normalized: "clip" }, 0, 255],
    [{ normalized: "minmax", shown_range: [2, 5] as [number, number] }, 2, 5],
    [{ mode: "I;16" }, 0, 65_535],
  ])("keeps the range of the picture when only its light is changed: %o", (rest, low, high) => {
    expect(toneOf(record({ original, ...rest }), { ...DEFAULT_LOOK, exposure: 1 })).toMatchObject({ low, high, exposure: 1 });
  });
});
