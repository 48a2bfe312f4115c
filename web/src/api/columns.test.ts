import { describe, expect, it } from "vitest";
import { type ColumnRange, decodeColumns } from "@/api/columns";

function encode(head: object, columns: number[][], pad = true): ArrayBuffer {
  let text = JSON.stringify(head);
  while (pad && (4 + text.length) % 8 !== 0) text += " ";
  const numbers = columns.flat();
  const buffer = new ArrayBuffer(4 + text.length + numbers.length * 8);
  const view = new DataView(buffer);
  view.setUint32(0, text.length, true);
  new Uint8Array(buffer, 4).set(new TextEncoder().encode(text));
  numbers.forEach((value, i) => {
    view.setFloat64(4 + text.length + i * 8, value, true);
  });
  return buffer;
}

interface Head {
  x: ColumnRange;
  last: ColumnRange;
}
const head: Head = { x: [0, 2], last: [16, 2] };

describe("decodeColumns", () => {
  it("reads head and columns, bit-exact", () => {
    const { head: read, column } = decodeColumns<Head>(encode(head, [[0, 1], [NaN, -0]]));
    expect(read).toEqual(head);
    expect([...column(read.x)]).toEqual([0, 1]);
    expect([...column(read.last)]).toEqual([NaN, -0]);
  });

  it("reads a body that is not aligned", () => {
    const odd = { ...head, note: "" };
    while ((4 + JSON.stringify(odd).length) % 8 === 0) odd.note += "x";
    const { head: read, column } = decodeColumns<Head>(encode(odd, [[3, 4], [5, Infinity]], false));
    expect([...column(read.last)]).toEqual([5, Infinity]);
  });

  it("says when the body is cut", () => {
    const whole = encode(head, [[0, 1], [2, 3]]);
    const { head: read, column } = decodeColumns<Head>(whole.slice(0, whole.byteLength - 8));
    expect(() => column(read.last)).toThrow(/is cut/);
    expect(() => decodeColumns(whole.slice(0, 10))).toThrow(/is cut/);
    expect(() => decodeColumns(new ArrayBuffer(2))).toThrow(/no head/);
  });
});
