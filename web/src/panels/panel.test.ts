import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";
import type { KeyView } from "@/api/schema";
import type { PanelKinds } from "@/panels/panel";
import { automaticPanels, leastHeightOf, registerPanels } from "@/panels/registry";

const WEB = fileURLToPath(new URL("../..", import.meta.url));
const TOY = `${WEB}src/panels/toy.ts`;

/** What the compiler says of a file beside the panels. */
function problems(...texts: string[]): string[] {
  const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(`${WEB}tsconfig.json`, ts.sys.readFile).config, ts.sys, WEB);
  const parsed = new Map<string, ts.SourceFile | undefined>();
  return texts.map((text) => {
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists, readFile } = host;
    host.getSourceFile = (name, ...rest) => {
      if (name === TOY) return ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
      if (!parsed.has(name)) parsed.set(name, getSourceFile.call(host, name, ...rest));
      return parsed.get(name);
    };
    host.fileExists = (name) => name === TOY || fileExists.call(host, name);
    host.readFile = (name) => (name === TOY ? text : readFile.call(host, name));
    const program = ts.createProgram([TOY], { ...options, types: [] }, host);
    const found = program.getSemanticDiagnostics(program.getSourceFile(TOY));
    return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")).join("\n");
  });
}

const HEAD = `
  import type { PanelKind, PanelKinds } from "@/panels/panel";
  declare module "@/panels/panel" { interface PanelSettings { toy: { size: number } } }
  declare const others: Omit<PanelKinds, "toy">;`;
const PARTS: Readonly<Record<string, string>> = {
  defaults: "() => null",
  View: "({ panel }) => { const size: number = panel.settings.size; throw new Error(String(size)); }",
  Form: "null",
  leastHeight: "() => 100",
  span: "() => ({ wish: 1, most: 1 })",
};

function toyWithout(part: string | null): string {
  const parts = Object.entries(PARTS).filter(([name]) => name !== part);
  const kind = parts.map(([name, text]) => `${name}: ${text}`).join(",\n");
  return `${HEAD}\nconst toy: PanelKind<"toy"> = { ${kind} };\nexport const PANELS: PanelKinds = { ...others, toy };`;
}

it("a new type of panel compiles with all its parts, and without one of them the compiler names it", { timeout: 120_000 }, () => {
  const without = Object.keys(PARTS);
  const unregistered = `${HEAD}\nexport const PANELS: PanelKinds = { ...others };`;
  const [whole, forgotten, ...missing] = problems(toyWithout(null), unregistered, ...without.map((part) => toyWithout(part)));
  expect(whole).toBe("");
  expect(forgotten).toContain("Property 'toy' is missing");
  without.forEach((part, at) => expect(missing[at]).toContain(`Property '${part}' is missing`));
});

it("keys call for their panels by themselves, each for one", () => {
  const key = (name: string, kind: string): KeyView => ({ key: name, kind, runs: [], step_key: null, is_hidden: false });
  const kindOf = (type: string, wanted: string) => ({
    defaults: ({ key: name, kind }: KeyView) =>
      kind === wanted ? { id: name, type, title: name, keys: [{ kind, key: name }], query: { runs: "shown" }, settings: {} } : null,
    leastHeight: () => 7,
  });
  registerPanels({ chart: kindOf("chart", "metric"), media: kindOf("media", "image") } as unknown as PanelKinds);
  const panels = automaticPanels([key("loss", "metric"), key("picture", "image"), key("odd", "odd")]);
  expect(panels.map(({ id, type }) => [id, type])).toEqual([["loss", "chart"], ["picture", "media"]]);
  expect(JSON.parse(JSON.stringify(panels))).toEqual(panels);
  expect(panels.map((panel) => leastHeightOf(panel, true))).toEqual([7, 7]);
  expect(() => leastHeightOf({ ...panels[0], type: "gone" } as never, true)).toThrow('no kind of panel is registered for "gone"');
});
