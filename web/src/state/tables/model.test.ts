import { expect, it } from "vitest";
import { makeWaiting } from "@/state/clock/waiting";
import { urlSignal } from "@/state/page/url";
import { formatCellAddress, makeTables, parseCellAddress } from "@/state/tables/model";

const { awaitedCell, closeCell, openAwaited, openCell, showCell, tableModel } = makeTables({ urlSignal, waiting: makeWaiting() });

it("keeps the model of a place, and a new one begins where its like stands", () => {
  const model = tableModel("cell 1:0:table");
  model.top = 120;
  model.focus.value = { row: 3, column: 1 };
  expect(tableModel("cell 1:0:table")).toBe(model);
  const full = tableModel("full 1:0:table", "cell 1:0:table");
  expect([full.top, full.focus.value]).toEqual([120, { row: 3, column: 1 }]);
  for (let at = 0; at < 120; at += 1) tableModel(`cell ${at}:0:other`);
  expect(tableModel("cell 1:0:table")).not.toBe(model);
});

it("closing a cell leads back to the one that it was opened from", () => {
  showCell({ record: 1, title: "outer" });
  showCell({ record: 2, title: "inner" });
  closeCell();
  expect(openCell.value).toMatchObject({ title: "outer" });
  closeCell();
  expect(openCell.value).toBeNull();
});

it.each([
  { tile: { run: 7, key: "val/a:b|c", index: 2 }, row: 12, column: "a:b / ä" },
  { tile: { run: 1, key: "t", index: 0 }, row: 0, column: "" },
])("writes the open cell into the address and reads it back", (address) => {
  expect(parseCellAddress(formatCellAddress(address))).toEqual(address);
});

it("refuses an address that names no cell", () => {
  for (const text of ["", "x", "1:a", "a:b:1:0:k", "1:b:nothing"]) expect(parseCellAddress(text)).toBeUndefined();
});

it("opens the cell that a link names when its table is there, by the name of its column", () => {
  const tile = { run: 4, key: "table", index: 0 };
  const model = tableModel("cell 4:0:table");
  model.columns = ["a", "b"].map((name, at) => ({ column: { name, type: "any" as const }, at }));
  awaitedCell.value = { tile, row: 5, column: "b" };
  openAwaited(model, { ...tile, run: 5 });
  expect(openCell.value).toBeNull();
  openAwaited(model, tile);
  expect(openCell.value).toMatchObject({ row: 5, column: 1 });
  expect(awaitedCell.value).toBeNull();
  closeCell();
});
