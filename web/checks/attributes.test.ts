import { Linter } from "eslint";
import tseslint from "typescript-eslint";
import { expect, it } from "vitest";
import { attributesRule } from "./attributes.js";

function problems(code: string): number[] {
  const found = new Linter({ cwd: "/web" }).verify(
    code,
    [
      {
        files: ["**/*.tsx"],
        languageOptions: { parser: tseslint.parser as Linter.Parser },
        plugins: { diorama: { rules: { attributes: attributesRule } } },
        rules: { "diorama/attributes": "error" },
      },
    ],
    { filename: "/web/a.tsx" },
  );
  return found.map(({ line }) => line);
}

it.each([
  ["all on the tag's line", 'const a = <A b="1" c="2" />;'],
  ["the last of them longer", "const a = <A b onClick={() => {\n  act();\n}} />;"],
  ["a line for each", "const a = (\n  <A\n    b\n    c={1}\n    {...d}\n  />\n);"],
])("lets be: %s", (_, code) => {
  expect(problems(code)).toEqual([]);
});

it.each([
  ["two on a line", "const a = (\n  <A\n    b\n    c={1} d={2}\n  />\n);", 4],
  ["the first beside the name", "const a = (\n  <A b\n    c={1}\n  />\n);", 2],
])("finds: %s", (_, code, line) => {
  expect(problems(code)).toEqual([line]);
});
