import { readFileSync } from "node:fs";
import { Linter } from "eslint";
import tseslint from "typescript-eslint";
import { expect, it } from "vitest";
import { OF_THE_WINDOW, SCOPED, scopedRule } from "./scoped.js";

/** What the rule says of a file with this text. */
function problems(file: string, code: string): string[] {
  const linter = new Linter({ cwd: "/web" });
  const found = linter.verify(
    code,
    [
      {
        files: ["**/*.ts", "**/*.tsx"],
        languageOptions: { parser: tseslint.parser as Linter.Parser },
        plugins: { diorama: { rules: { scoped: scopedRule } } },
        rules: { "diorama/scoped": ["error", { root: "/web/src", folders: SCOPED }] },
      },
    ],
    { filename: `/web/src/${file}` },
  );
  return found.map(({ message }) => message);
}

it.each([
  ["export const axis = signal(0);", "the signal"],
  ["export const now = computed(() => 1);", "the computed"],
  ['const kept = { q: urlSignal("q", "") };', "the urlSignal"],
  ["effect(() => undefined);", "the effect"],
  ["const known = new Map<string, number>();", "the Map"],
  ["const kept = new Recent<string, number>({ limit: 3 });", "the Recent"],
  ["let timer = 0;", "a variable"],
])("refuses %s", (code, what) => {
  const [message, ...more] = problems("state/clock/a.ts", code);
  expect(message).toContain(`Scopes: ${what} of the module "state/clock/a.ts" would be shared`);
  expect(more).toEqual([]);
});

it("lets functions make what they like, and modules hold what never changes", () => {
  const code = `
    const RANK = new Map([["metric", 0]]);
    export function makeClock() {
      let timer = 0;
      const known = new Map();
      return { axis: signal(0), known, timer };
    }
    export const lookOf = scopePart(() => ({ look: signal(0) }));
    class A { readonly shown = signal(0); }`;
  expect(problems("state/clock/a.ts", code)).toEqual([]);
});

it("leaves alone what is of the window", () => {
  expect(problems("state/page/theme.ts", "export const theme = signal(0);")).toEqual([]);
  expect(problems("panels/a.tsx", "const covers = new Map();")).toEqual([]);
  expect(problems("panels/a.tsx", "const view = signal(0);")).toHaveLength(1);
});

it.each(["panels/A.tsx", "pages/A.tsx", "charts/a.ts", "state/runs/a.ts"])("refuses the window's route in %s", (file) => {
  const from = 'from "@/state/page/route";';
  const [message, ...more] = problems(file, `import { navigate, route } ${from}\nimport * as all ${from}`);
  expect(message).toContain(`Scopes: "${file}" takes the window's route`);
  expect(more).toHaveLength(1);
});

it("lets the window's own frame have its route, and everybody what is beside it", () => {
  expect(problems("panels/TopBar.tsx", 'import { route } from "@/state/page/route";')).toEqual([]);
  expect(problems("panels/A.tsx", 'import { type Route, navigate } from "@/state/page/route";')).toEqual([]);
});

it("lets a module of media hold only what it is known to hold", () => {
  const code = "const kept = new Recent<string, number>({ limit: 3 });\nconst look = signal(0);\nconst widths = new Map();";
  expect(problems("media/object3d/bytes.ts", code)).toHaveLength(2);
  expect(problems("media/other/bytes.ts", code)).toHaveLength(3);
});

it.each(Object.entries(OF_THE_WINDOW))("knows nothing that is no longer there: %s", (file, names) => {
  const text = readFileSync(new URL(`../src/${file}`, import.meta.url), "utf8");
  for (const name of names) expect(text).toMatch(new RegExp(`^(export )?(const )?${name}\\b`, "m"));
});
