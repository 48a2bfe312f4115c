import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CannedSource } from "@/api/canned";
import type { TablePage, TableRequest } from "@/api/schema";
import type { RequestOptions } from "@/api/source";
import { PAGE_ROWS, TablePages, makeTablePages } from "@/state/tables/pages";

const TOTAL = 1050;
let asked: { offset: number; aborted: () => boolean; answer: () => void }[] = [];

function pageOf({ offset = 0, limit = 100 }: TableRequest): TablePage {
  const numbers = Array.from({ length: Math.max(0, Math.min(limit, TOTAL - offset)) }, (_, at) => offset + at);
  return {
    columns: [{ name: "n", type: "integer" }],
    total: TOTAL,
    matched: TOTAL,
    offset,
    rows: numbers.map((number) => [number]),
    numbers,
  };
}

const source = new CannedSource({
  "POST api/tables/page": (body: TableRequest, _path: string, { signal }: RequestOptions) =>
    new Promise((resolve) => {
      asked.push({
        offset: body.offset ?? 0,
        aborted: () => signal?.aborted ?? false,
        answer: () => resolve(pageOf(body)),
      });
    }),
});
const { allRows } = makeTablePages({ source });

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
});

afterEach(() => {
  vi.useRealTimers();
});

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(100);
}

async function answerAll(): Promise<void> {
  for (const one of asked.splice(0)) if (!one.aborted()) one.answer();
  await settle();
}

describe("the pages of a table", () => {
  it("asks for what is looked at first, then for its neighbours", async () => {
    const pages = new TablePages(source, { tables: ["a"] }, {});
    pages.ensure(0, 30);
    expect(asked.map((one) => one.offset)).toEqual([0]);
    expect(pages.has(0, 30)).toBe(false);
    await answerAll();
    expect(pages.head.value).toMatchObject({ total: TOTAL, matched: TOTAL });
    expect(pages.row(7)).toEqual({ cells: [7], number: 7 });
    expect(asked.map((one) => one.offset)).toEqual([PAGE_ROWS]);
    expect(pages.has(0, 30)).toBe(true);
    expect(pages.has(0, 130)).toBe(false);
  });

  it("begins where the table before it stood, even when there are fewer rows", async () => {
    const pages = new TablePages(source, { tables: ["b"] }, {});
    pages.ensure(5000, 5030);
    expect(asked.map((one) => one.offset)).toEqual([5000]);
    await answerAll();
    expect(pages.head.value?.matched).toBe(TOTAL);
    expect(pages.has(5000, 5030)).toBe(false);
    pages.ensure(5000, 5030);
    await settle();
    await answerAll();
    expect(pages.has(5000, 5030)).toBe(true);
  });

  it("does not wait for what was scrolled by", async () => {
    const pages = new TablePages(source, { tables: ["a"] }, {});
    pages.ensure(0, 30);
    await answerAll();
    pages.ensure(400, 430);
    pages.ensure(500, 530);
    pages.ensure(900, 930);
    await settle();
    const offsets = asked.filter((one) => !one.aborted()).map((one) => one.offset);
    expect(offsets).toContain(900);
    expect(offsets).not.toContain(400);
    expect(asked.find((one) => one.offset === PAGE_ROWS)?.aborted()).toBe(true);
    await answerAll();
    expect(pages.row(910)?.number).toBe(910);
    pages.ensure(1040, 2000);
    await settle();
    await answerAll();
    expect(pages.has(1040, 2000)).toBe(true);
    expect(pages.row(1050)).toBeUndefined();
  });

  it("reads every row for a file, and stops when told", async () => {
    let count = 0;
    const all = allRows({ tables: ["a"] }, {}, (rows) => {
      count = rows;
      return true;
    });
    await answerAll();
    await answerAll();
    expect((await all)?.map((row) => row.number)).toHaveLength(TOTAL);
    expect(count).toBe(TOTAL);
    const none = allRows({ tables: ["a"] }, {}, () => false);
    await answerAll();
    expect(await none).toBeNull();
  });
});
