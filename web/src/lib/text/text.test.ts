import { describe, expect, it } from "vitest";
import { ansiSpans, plainText } from "@/lib/text/ansi";
import { exactText, formatBytes, formatDuration, formatNumber, formatValue } from "@/lib/text/format";
import { fuzzyMatch } from "@/lib/text/fuzzy";

describe("ansi", () => {
  it("colours, resets, and understands the long forms", () => {
    expect(ansiSpans("a\u001b[1;31mb\u001b[0mc")).toEqual([{ text: "a" }, { text: "b", isBold: true, fg: 1 }, { text: "c" }]);
    expect(ansiSpans("\u001b[38;5;196mx\u001b[39my")).toEqual([{ text: "x", fgColor: "#ff0000" }, { text: "y" }]);
    expect(ansiSpans("\u001b[48;2;1;2;3mx")).toEqual([{ text: "x", bgColor: "#010203" }]);
    expect(ansiSpans("\u001b[97mx\u001b[22m")).toEqual([{ text: "x", fg: 15 }]);
  });

  it("drops every other sequence and leaves markup as text", () => {
    const hostile = "\u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007\u001b[2J\u001b[10;10H<img src=x>\u001b]0;title\u001b\\!";
    expect(plainText(hostile)).toBe("link<img src=x>!");
    expect(ansiSpans(hostile).map((span) => span.text).join("")).toBe("link<img src=x>!");
    expect(plainText("cut \u001b[3")).toBe("cut 3");
    expect(plainText("tab\tand \u0000\u0008bell\u0007")).toBe("tab\tand bell");
  });

  it("clamps colours that are out of range", () => {
    expect(ansiSpans("\u001b[38;2;999;0;0mx")).toEqual([{ text: "x", fgColor: "#ff0000" }]);
  });
});

describe("format", () => {
  it("keeps integers whole and rounds the rest to what can be read", () => {
    expect([0, 12400, 0.21431, 3e-4, -2.5, 1234.56, 1.5e9].map((value) => formatNumber(value)))
      .toEqual(["0", "12,400", "0.2143", "3e-4", "−2.5", "1,234.6", "1,500,000,000"]);
    expect([NaN, Infinity, -Infinity, -0].map((value) => formatNumber(value))).toEqual(["NaN", "∞", "−∞", "−0"]);
    expect([{ _number: "NaN" }, { _number: "-Infinity" }, ["a"]].map((value) => formatValue(value))).toEqual(["NaN", "−∞", '["a"]']);
    expect(exactText(0.30000000000000004)).toBe("0.30000000000000004");
  });

  it("writes durations and sizes", () => {
    expect([0.25, 7.34, 75, 3_700, 90_061].map(formatDuration)).toEqual(["250 ms", "7.3 s", "1m 15s", "1h 1m", "1d 1h"]);
    expect([12, 1_500, 256_000, 3_400_000_000].map(formatBytes)).toEqual(["12 B", "1.5 kB", "256 kB", "3.4 GB"]);
  });
});

describe("fuzzyMatch", () => {
  const rank = (wanted: string, ...texts: string[]): string[] =>
    texts
      .flatMap((text) => {
        const match = fuzzyMatch(wanted, text);
        return match ? [{ text, score: match.score }] : [];
      })
      .sort((a, b) => b.score - a.score)
      .map((one) => one.text);

  it("prefers starts of words, then pieces, then scattered letters", () => {
    expect(rank("loss", "glossary", "train/loss", "l-o-s-s", "acc")).toEqual(["train/loss", "glossary", "l-o-s-s"]);
    expect(rank("dark theme", "Change theme: light, dark", "Dark theme")[0]).toBe("Dark theme");
    expect(rank("gt", "Go to table", "light")[0]).toBe("Go to table");
  });

  it("takes words in any order and says where they are", () => {
    expect(fuzzyMatch("dark theme", "Theme: dark")?.at).toEqual([0, 1, 2, 3, 4, 7, 8, 9, 10]);
    expect(fuzzyMatch("zz", "theme")).toBeNull();
  });
});
