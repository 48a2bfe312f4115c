import { describe, expect, it } from "vitest";
import { csvText } from "@/media/table/csv";

describe("a table as CSV", () => {
  it("keeps every digit, quotes, and gives no formulas to spreadsheets", () => {
    const columns = [{ column: { name: "a,b", type: "number" }, at: 1 }, { column: { name: "text", type: "string" }, at: 0 }];
    const rows = [
      { cells: ["=cmd()", 0.1 + 0.2], number: 0 },
      { cells: ['say "so"\nthen', { _number: "NaN" }], number: 1 },
      { cells: [null, -5], number: 2 },
      { cells: [{ a: [1] }, { _number: "9007199254740993" }], number: 3 },
    ];
    expect(csvText(columns, rows)).toBe(
      '"a,b",text\r\n0.30000000000000004,\'=cmd()\r\nNaN,"say ""so""\nthen"\r\n-5,\r\n9007199254740993,"{""a"":[1]}"\r\n',
    );
  });
});
