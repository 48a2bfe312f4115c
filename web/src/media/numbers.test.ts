import { expect, it } from "vitest";
import { RangeMark, rangeText } from "@/media/numbers";

const textOf = (range: Parameters<typeof RangeMark>[0]["range"]): unknown => RangeMark({ range })?.props["children"];

it("says from where to where numbers were stretched, on a tile in fewer digits", () => {
  expect(rangeText([-2.1179039, 2.64])).toBe("−2.1179 to 2.64");
  expect(textOf([-2.1179039, 2.64])).toBe("−2.12 to 2.64");
});

it("says integers in full: the ends of 16 bits are no round numbers", () => {
  expect(textOf([0, 65535])).toBe("0 to 65535");
  expect(textOf([0, 4294967295])).toBe("0 to 4290000000");
});

it("numbers that JSON has no digits for are said as well", () => {
  expect(textOf([{ _number: "-Infinity" }, 1])).toBe("−Infinity to 1");
});

it("says nothing where the rule says it", () => {
  expect([rangeText(undefined), rangeText(null), RangeMark({ range: null })]).toEqual([undefined, undefined, null]);
});
