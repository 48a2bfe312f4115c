import { describe, expect, it } from "vitest";
import type { TableColumn } from "@/api/schema";
import { cellExact, cellText, cellTitle, isCut, isSortable, lookOf, recordsIn } from "@/media/table/cells";

const column = (type: string, more: Partial<TableColumn> = {}): TableColumn => ({ name: "c", type, ...more });

describe("the cells of a table", () => {
  it("keep nothing, NaN, infinity, zero and empty text apart", () => {
    const number = column("number");
    const cells = [null, { _number: "NaN" }, { _number: "inf" }, { _number: "-inf" }, 0, -0];
    expect(cells.map((cell) => cellText(cell, number))).toEqual(["null", "NaN", "∞", "−∞", "0", "−0"]);
    expect(cells.map((cell) => lookOf(cell, number))).toEqual(["null", "special", "special", "special", "number", "number"]);
    expect(lookOf("", column("string"))).toBe("empty");
    expect(lookOf("null", column("string"))).toBe("text");
  });

  it("say every digit of what was rounded", () => {
    expect(cellText(0.123456789, column("number"))).toBe("0.123457");
    expect(cellTitle(0.123456789, column("number"))).toBe("0.123456789");
    expect(cellText({ _number: "12345678901234567890" }, column("integer"))).toBe("12,345,678,901,234,567,890");
    expect(cellExact({ _number: "12345678901234567890" })).toBe("12345678901234567890");
    expect(cellText(2024, column("integer"))).toBe("2024");
    expect(cellText(-123456, column("integer"))).toBe("−123,456");
  });

  it("draw times, arrays and trees on one line", () => {
    expect(cellText("2024-02-03T04:05:06Z", column("timestamp"))).toBe("2024-02-03 04:05:06");
    expect(cellText(0.5, column("timestamp"))).toBe("1970-01-01 00:00:00.500");
    expect(cellText("2024-02-03", column("date"))).toBe("2024-02-03");
    expect(cellText([[1, 2, 3], [4, 5, 6]], column("array", { shape: [2, 3], dtype: "<f4" }))).toBe("2 × 3 [1, 2, 3, 4, 5, …]");
    expect(cellText({ a: [1, { _number: "NaN" }] }, column("dict"))).toBe('{"a":[1,"NaN"]}');
    expect(lookOf({ a: 1 }, column("dict"))).toBe("tree");
  });

  it("say how large what was cut is", () => {
    expect(cellText({ _text: "begin", char_count: 50_000 }, column("string"))).toBe("begin");
    expect(isCut({ _text: "begin", char_count: 50_000 })).toBe(true);
    const bytes = { _bytes: btoa("\x00\xffAB"), size_bytes: 4 };
    expect(cellText(bytes, column("bytes"))).toBe("4 bytes 00 ff 41 42");
    expect(isCut(bytes)).toBe(false);
    expect(isCut({ ...bytes, size_bytes: 4000 })).toBe(true);
    expect(cellText({ _array: [1, 2, 3, 4, 5, 6], shape: [3, 32], dtype: "float32" }, column("array", { shape: [3, 32] }))).toBe(
      "3 × 32 [1, 2, 3, 4, 5, …]",
    );
  });

  it("tell media from dicts that a person logged", () => {
    const image = { kind: "image", width: 1 };
    expect(recordsIn(image, column("image"))).toEqual([image]);
    expect(recordsIn(image, column("dict"))).toEqual([]);
    expect(recordsIn([image, image], column("any"))).toHaveLength(2);
    expect(recordsIn([image, 3], column("any"))).toEqual([]);
    expect(recordsIn([image, null], column("list"))).toEqual([image]);
    expect(recordsIn({ before: image, after: image }, column("dict"))).toHaveLength(2);
    expect(recordsIn([null], column("list"))).toEqual([]);
    expect(isSortable(column("array"))).toBe(false);
    expect(isSortable(column("string"))).toBe(true);
  });
});
