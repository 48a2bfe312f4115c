import { expect, it } from "vitest";
import { shortenMiddle, tailLength } from "@/lib/text/middleText";

it("a long name gives way in its middle and keeps its length, start and telling end", () => {
  const name = `${"validation/".repeat(20)}loss`;
  const short = shortenMiddle(name, 40);
  expect(short).toHaveLength(40);
  expect([short.startsWith("validation/"), short.endsWith("/loss"), short.includes("…")]).toEqual([true, true, true]);
  expect(shortenMiddle("loss", 40)).toBe("loss");
});

it("cuts no character in two at its end", () => {
  const short = shortenMiddle(`${"a".repeat(30)}😀1234567`, 20);
  expect(short.slice(short.indexOf("…") + 1)).toBe("😀1234567");
});

it.each([
  ["unet-resnet50-lr3e-4", "-lr3e-4"],
  ["unet-resnet50-lr3e-4 (7cvrn131)", " (7cvrn131)"],
  ["validation/detections/f1_score", "_score"],
  ["chart/confusion", "nfusion"],
  ["averylongnamewithoutanymark", "tanymark"],
])("of %s the end that tells is kept, and never more than half", (text, tail) => {
  expect(text.slice(-tailLength(text))).toBe(tail);
});
