import { expect, it } from "vitest";
import { shortenMiddle } from "./MiddleText";

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
