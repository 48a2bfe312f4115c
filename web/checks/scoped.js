// What belongs to a scope lives in its objects, never in a module: two scopes on one page would share it.

import path from "node:path";
import { placeOf } from "./imports.js";

/** Folders whose state is made for each scope, by `makeScope` in src/state/scope.ts or by a `scopePart`. */
export const SCOPED = [
  "state/runs",
  "state/metrics",
  "state/clock",
  "state/charts",
  "state/media",
  "state/overlays",
  "state/tables",
  "charts",
  "panels",
  "pages",
];

/** Which page the window shows: a scope may be of another project, and says so itself (`scope.route`). */
const WINDOW_ROUTE = { place: "state/page/route", name: "route" };
/** The frame of the window, which is no part of any scope. */
const OF_THE_WINDOW = new Set(["panels/TopBar.tsx", "panels/frameCommands.ts"]);

const SIGNALS = new Set(["signal", "computed", "effect", "urlSignal"]);
const STORES = new Set(["Map", "Set", "WeakMap", "WeakSet"]);

/** @type {import("eslint").Rule.RuleModule} */
export const scopedRule = {
  meta: {
    type: "problem",
    docs: { description: "No state in the modules of what is made for each scope." },
    schema: [
      {
        type: "object",
        properties: { root: { type: "string" }, folders: { type: "array", items: { type: "string" } } },
        required: ["root", "folders"],
        additionalProperties: false,
      },
    ],
  },
  create(context) {
    const { root, folders } = context.options[0];
    const file = path.relative(root, context.filename).replaceAll(path.sep, "/");
    const folder = folders.find((/** @type {string} */ name) => file.startsWith(`${name}/`));
    if (folder === undefined || /\.test\.tsx?$/.test(file)) return {};
    const isState = folder.startsWith("state/");
    /**
     * @param {any} node
     * @param {string} what
     */
    const report = (node, what) => {
      const message = `Scopes: ${what} of the module "${file}" would be shared by all scopes of the page. `
        + "Make it in a function that makeScope calls (src/state/scope.ts), or in a scopePart.";
      context.report({ node, message });
    };
    /** Whether the node is evaluated with the module: no function is around it. */
    const isOfModule = (/** @type {any} */ node) =>
      context.sourceCode.getAncestors(node).every(({ type }) => !/Function|^PropertyDefinition$/.test(type));
    return {
      ImportDeclaration(node) {
        const place = placeOf(root, file, String(node.source.value))?.replace(/\.tsx?$/, "");
        if (OF_THE_WINDOW.has(file) || place !== WINDOW_ROUTE.place) return;
        for (const specifier of node.specifiers) {
          const isNamed = specifier.type === "ImportSpecifier";
          if (isNamed && !(specifier.imported.type === "Identifier" && specifier.imported.name === WINDOW_ROUTE.name)) continue;
          const message = `Scopes: "${file}" takes the window's route, but a scope may be of another project: \`useScope().route\`.`;
          context.report({ node: specifier, message });
        }
      },
      CallExpression(node) {
        if (node.callee.type === "Identifier" && SIGNALS.has(node.callee.name) && isOfModule(node)) report(node, `the ${node.callee.name}`);
      },
      NewExpression(node) {
        if (!isState || node.callee.type !== "Identifier" || !isOfModule(node)) return;
        const { name } = node.callee;
        if (name === "Recent" || (STORES.has(name) && node.arguments.length === 0)) report(node, `the ${name}`);
      },
      VariableDeclaration(node) {
        if (isState && node.kind === "let" && isOfModule(node)) report(node, "a variable");
      },
    };
  },
};
