import { describe, expect, it } from "vitest";
import {
  DEFAULT_OVERLAYS,
  type OverlayState,
  formatOverlays,
  isClassVisible,
  layerOf,
  parseOverlays,
  withClasses,
  withColor,
  withLayer,
  withScores,
  withSolo,
} from "@/lib/image/overlayState";

describe("overlay state", () => {
  it("fills a prediction and outlines the truth beside it", () => {
    expect(layerOf(DEFAULT_OVERLAYS, "mask", "prediction", ["prediction", "ground_truth"]).style).toBe("fill");
    expect(layerOf(DEFAULT_OVERLAYS, "mask", "ground_truth", ["prediction", "ground_truth"]).style).toBe("outline");
    expect(layerOf(DEFAULT_OVERLAYS, "mask", "ground_truth", ["ground_truth"]).style).toBe("fill");
  });

  it("hides background by default only, and a touched eye wins", () => {
    expect(isClassVisible(DEFAULT_OVERLAYS, "Car")).toBe(true);
    expect(isClassVisible(DEFAULT_OVERLAYS, "Unlabelled")).toBe(false);
    const shown = withClasses(DEFAULT_OVERLAYS, ["Unlabelled"], true);
    expect(isClassVisible(shown, "Unlabelled")).toBe(true);
    expect(withClasses(shown, ["Unlabelled"], false)).toEqual(DEFAULT_OVERLAYS);
  });

  it("solo shows one class, the same again shows all, and the eyes stay as they were", () => {
    const hidden = withClasses(DEFAULT_OVERLAYS, ["Sky"], false);
    const solo = withSolo(hidden, "Car");
    expect(["Car", "Sky", "Road"].map((name) => isClassVisible(solo, name))).toEqual([true, false, false]);
    expect(withSolo(solo, "Road", true).solo).toEqual(["Car", "Road"]);
    expect(withSolo(solo, "Road").solo).toEqual(["Road"]);
    expect(withSolo(solo, "Car")).toEqual(hidden);
  });

  it("one eye for all masks and one for all boxes leave the layers' own eyes alone", () => {
    const state = { ...withLayer(DEFAULT_OVERLAYS, "mask", "a", { isVisible: false }), boxesVisible: false };
    expect(layerOf(state, "box", "b").isVisible).toBe(false);
    expect(layerOf({ ...state, boxesVisible: true }, "box", "b").isVisible).toBe(true);
    expect(layerOf({ ...state, boxesVisible: true }, "mask", "a").isVisible).toBe(false);
  });
});

describe("overlays in the URL", () => {
  it("say nothing for the default", () => {
    expect(formatOverlays(DEFAULT_OVERLAYS)).toBe("");
    expect(parseOverlays("")).toEqual(DEFAULT_OVERLAYS);
  });

  it("come back as they were, with any name", () => {
    const awkward = ["Car", "road_marking", "a.b*c~d", "사람 👀", "_20_", "__", "%2F&=?#", ""];
    let state: OverlayState = { ...DEFAULT_OVERLAYS, masksVisible: false, captions: "off" };
    for (const name of awkward.slice(0, -1)) {
      state = withLayer(state, "mask", name, { opacity: 0.35, style: "outline" });
      state = withLayer(state, "box", name, { isVisible: false });
      state = withScores(state, name, "acc", [0.45, null]);
      state = withScores(state, name, name, [-1.5e-7, 3]);
      state = withColor(state, name, "#12ab0f");
    }
    state = withClasses(state, awkward.filter((_, at) => at % 2 === 0), false);
    state = { ...state, solo: awkward.slice(1, 4) };
    const text = formatOverlays(state);
    expect(text).toMatch(/^[A-Za-z0-9*._-]*$/); // nothing that a query string would escape
    expect(parseOverlays(text)).toEqual(state);
  });

  it("are short", () => {
    const state = withScores(withSolo(withLayer(DEFAULT_OVERLAYS, "mask", "prediction", { opacity: 0.7 }), "Car"), "detections", "acc", [
      0.45,
      null,
    ]);
    expect(formatOverlays(state).length).toBeLessThan(80);
  });

  it("survive nonsense", () => {
    expect(parseOverlays("zzz*l*l..*c.Car.red*C.maybe*s")).toEqual({ ...DEFAULT_OVERLAYS, solo: [""] });
    expect(parseOverlays("l.mask_3a_p.o999.s.acc.x.").layers["mask:p"]).toEqual({ opacity: 1, scores: { acc: [null, null] } });
    expect(parseOverlays("h._ffffffff_")).toBeTruthy();
  });

  it("forget a threshold that is open on both sides and a colour that was given back", () => {
    const state = withScores(DEFAULT_OVERLAYS, "d", "acc", [0.5, null]);
    expect(formatOverlays(withScores(state, "d", "acc", [null, null]))).toBe("");
    expect(withColor(withColor(DEFAULT_OVERLAYS, "Car", "#000000"), "Car", null)).toEqual(DEFAULT_OVERLAYS);
  });
});
