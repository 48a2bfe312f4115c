import { describe, expect, it } from "vitest";
import type { TableColumn } from "@/api/schema";
import { filterFrom, opsOf } from "@/media/table/filterForm";

const column = (type: string): TableColumn => ({ name: "c", type });

describe("the filter form", () => {
  it("asks of each type what can be asked of it", () => {
    expect(opsOf(column("number"))).toContain("<");
    expect(opsOf(column("string"))[0]).toBe("contains");
    expect(opsOf(column("image"))).toEqual(["contains", "is_null", "is_not_null"]);
    expect(opsOf(column("array"))).toEqual(["is_null", "is_not_null"]);
  });

  it("makes numbers of numbers, and says when there are none", () => {
    expect(filterFrom(column("number"), "<", " −1,000.5 ")).toEqual({ column: "c", op: "<", value: -1000.5 });
    expect(filterFrom(column("integer"), "==", "9007199254740993")).toEqual({ column: "c", op: "==", value: "9007199254740993" });
    expect(filterFrom(column("number"), "==", "NaN")).toEqual({ column: "c", op: "==", value: "NaN" });
    expect(filterFrom(column("number"), "<", "many")).toBe("This column has numbers.");
    expect(filterFrom(column("string"), "==", "")).toEqual({ column: "c", op: "==", value: "" });
    expect(filterFrom(column("boolean"), "==", "false")).toEqual({ column: "c", op: "==", value: false });
    expect(filterFrom(column("image"), "is_null", "x")).toEqual({ column: "c", op: "is_null" });
  });
});
