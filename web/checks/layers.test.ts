import { Linter } from "eslint";
import tseslint from "typescript-eslint";
import { expect, it } from "vitest";
import { layersRule } from "./layers.js";

const ORDERS = [
  [["api/schema"], ["lib"], ["api"], ["state", "parts"], ["panels"]],
  [["state/page"], ["state/runs"]],
];

/** What the rule says of a file with these imports. */
function problems(file: string, code: string): string[] {
  const linter = new Linter({ cwd: "/web" });
  const found = linter.verify(
    code,
    [
      {
        files: ["**/*.ts", "**/*.tsx"],
        languageOptions: { parser: tseslint.parser as Linter.Parser },
        plugins: { diorama: { rules: { layers: layersRule } } },
        rules: { "diorama/layers": ["error", { root: "/web/src", orders: ORDERS }] },
      },
    ],
    { filename: `/web/src/${file}` },
  );
  return found.map(({ message }) => message);
}

it("lets a file import its own layer, those below, packages and styles", () => {
  const code = `
    import { signal } from "@preact/signals";
    import type { Run } from "@/api/schema";
    import { get } from "@/api/server";
    import { a } from "./a";
    import "@/panels/panels.css";
    export const late = () => import("@/lib/b");`;
  expect(problems("state/page/c.ts", code)).toEqual([]);
});

it.each([
  ["a value", 'import { Panel } from "@/panels/Panel";'],
  ["a type", 'import type { Panel } from "@/panels/Panel";'],
  ["a neighbour's path", 'import { Panel } from "../../panels/Panel";'],
  ["a late import", 'const late = () => import("@/panels/Panel");'],
  ["a type by import()", 'type A = import("@/panels/Panel").A;'],
  ["what is handed on", 'export * from "@/panels/Panel"; '],
])("names the layers when %s is taken from above", (_, code) => {
  expect(problems("state/page/c.ts", code)).toEqual([
    'Layers: "state" must not import "panels/Panel": "panels" lies above it. ' +
      "The order is api/schema < lib < api < state | parts < panels (checks/layers.js).",
  ]);
});

it("keeps layers of one line apart", () => {
  expect(problems("parts/A.tsx", 'import { b } from "@/state/page/b";')).toEqual([expect.stringContaining('"state" stands beside it')]);
});

it("knows a layer inside a layer", () => {
  expect(problems("lib/a.ts", 'import type { Run } from "@/api/schema";')).toEqual([]);
  expect(problems("lib/a.ts", 'import { get } from "@/api/server";')).toEqual([expect.stringContaining('"api" lies above it')]);
});

it("keeps each order by itself", () => {
  const problem = expect.stringContaining('"state/runs" lies above it');
  expect(problems("state/page/a.ts", 'import { b } from "@/state/runs/b";')).toEqual([problem]);
  expect(problems("panels/a.ts", 'import { b } from "@/state/runs/b";')).toEqual([]);
});

it("wants every folder to have its layer", () => {
  expect(problems("misc/a.ts", "export {};")).toEqual([expect.stringContaining('"misc/a.ts" is in no layer')]);
});
