import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findCircles, tellCircle } from "./circles.js";

let root = "";

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "circles-"));
});

afterEach(() => rmSync(root, { recursive: true }));

function tree(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
}

it("finds nothing where all arrows point down, however often they meet", () => {
  tree({
    "main.ts": 'import { a } from "@/lib/a"; import { b } from "./lib/b"; import "@/main.css"; void [a, b];',
    "lib/a.ts": 'export { b as a } from "./b";',
    "lib/b.ts": 'import { computed } from "@preact/signals"; export const b = computed;',
  });
  expect(findCircles(root)).toEqual([]);
});

it.each([
  ["a value", 'import { b } from "@/b"; export const a = b;', 'import { a } from "@/a"; export const b = a;'],
  ["a type", 'import type { B } from "@/b"; export type A = B;', 'import type { A } from "./a"; export type B = A;'],
  ["a type by import()", 'export type A = import("./b").B;', 'import type { A } from "./a"; export type B = A;'],
  ["a late import", 'export const a = () => import("@/b");', 'export * from "@/a";'],
  ["a worker", 'new Worker(new URL("./b.ts", import.meta.url));', 'import type { A } from "@/a"; export type B = A;'],
])("finds two files that hold each other by %s", (_, a, b) => {
  tree({ "a.ts": a, "b.ts": b, "c.ts": 'import { a } from "./a"; void a;' });
  expect(findCircles(root)).toEqual([["a.ts", "b.ts", "a.ts"]]);
});

it("names the files of a long circle in their order, once, and goes through index files", () => {
  tree({
    "kinds/index.tsx": 'import { card } from "./card"; export const kind = card;',
    "kinds/card.tsx": 'import { all } from "@/all"; export const card = all;',
    "all.ts": 'import { kind } from "@/kinds"; export const all = kind;',
    "user.ts": 'import { all } from "@/all"; void all;',
  });
  const circles = findCircles(root);
  expect(circles.map(tellCircle)).toEqual([
    "Import circle (imports of types and late imports count): all.ts → kinds/index.tsx → kinds/card.tsx → all.ts",
  ]);
});

it("finds each of two circles", () => {
  tree({
    "a.ts": 'import "./b";',
    "b.ts": 'import "./a";',
    "c.ts": 'import "./d";',
    "d.ts": 'import "./c"; import "./a";',
  });
  expect(findCircles(root).map((circle) => circle.join(" "))).toEqual(["a.ts b.ts a.ts", "c.ts d.ts c.ts"]);
});
