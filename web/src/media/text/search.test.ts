import { describe, expect, it } from "vitest";
import { blocksOf, findMatches, firstWords, piecesOf } from "@/media/text/search";

describe("findMatches", () => {
  it("finds words whatever their case, and takes signs literally", () => {
    expect(findMatches("A cat. a CAT.", "cat.")).toEqual([{ start: 2, end: 6 }, { start: 9, end: 13 }]);
    expect(findMatches("a+b", "+")).toEqual([{ start: 1, end: 2 }]);
    expect(findMatches("abc", "")).toEqual([]);
    expect(findMatches("x", "\\")).toEqual([]);
  });
  it("does not find for ever", () => {
    expect(findMatches("a".repeat(20_000), "a")).toHaveLength(5_000);
  });
});

describe("blocksOf", () => {
  const texts = [
    "",
    "one",
    "one\ntwo\n",
    "\n\n\n",
    "line\n".repeat(350),
    "x".repeat(100_000),
    `${"y".repeat(30_000)}\nz\n`,
    "😀".repeat(20_001),
  ];
  it.each(texts.map((text) => [text]))("cuts without losing anything", (text) => {
    expect(blocksOf(text).map((block) => block.text).join("")).toBe(text);
    for (const block of blocksOf(text)) expect(text.slice(block.start, block.start + block.text.length)).toBe(block.text);
  });
  it("knows the number of each block's first line", () => {
    expect(blocksOf("line\n".repeat(350)).map((block) => block.line)).toEqual([0, 100, 200, 300]);
    expect(blocksOf(`${"y".repeat(30_000)}\nz\n`).map((block) => block.line)).toEqual([0, 0]);
    expect(blocksOf(`${"y".repeat(30_000)}\nz\n`).map((block) => block.isContinued)).toEqual([false, true]);
  });
  it("never splits a character in two", () => {
    for (const { text } of blocksOf(`a${"😀".repeat(30_000)}`)) expect(text).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
  });
});

describe("piecesOf", () => {
  it("marks what was found, also over the edge of a block", () => {
    const text = `${"a".repeat(19_999)}needle${"b".repeat(100)}`;
    const matches = findMatches(text, "needle");
    const pieces = blocksOf(text).flatMap((block) => piecesOf(block, matches));
    expect(pieces.map((piece) => piece.text).join("")).toBe(text);
    expect(pieces.filter((piece) => piece.match === 0).map((piece) => piece.text).join("")).toBe("needle");
  });
});

it("firstWords is one line", () => {
  expect(firstWords("  a\n\n b\tc ")).toBe("a b c");
  expect(firstWords("x".repeat(10_000))).toHaveLength(240);
});
