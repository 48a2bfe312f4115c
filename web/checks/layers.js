// Arrows point down: the layers of src/, and the ESLint rule that keeps them.

import path from "node:path";
import { placeOf } from "./imports.js";

/**
 * Orders from bottom to top, each checked by itself. A file imports what is in its own layer and in the layers below;
 * layers of one line do not import one another. A layer is a folder, or a file without its ending.
 * @type {readonly (readonly (readonly string[])[])[]}
 */
export const ORDERS = [
  [
    ["api/schema"], // types that the server's generator writes
    ["lib"], // pure: no signals, no requests
    ["api"], // requests
    ["state", "parts"], // signals | elements that know nothing of the app
    ["charts", "media"],
    ["panels"],
    ["pages"],
    ["app"],
    ["main", "frames", "proofs"], // the entries: the page | the pages in sandboxed frames | pages of the tests
  ],
  [
    ["state/page"], // the window: address bar, theme, layout, commands
    ["state/server"], // the server as the page's source, signing in, the live stream, the projects
    ["state/contents"], // blobs, by their hash
    ["state/runs"], // runs, their keys, what else belongs to a run
    ["state/metrics"], // curves
    ["state/clock"], // the step that is shown
    ["state/charts", "state/media"],
    ["state/overlays", "state/tables"],
    ["state/scope"], // all of them together, for a part of the page
  ],
];

/**
 * The layer of a place: the longest that names it.
 * @param {readonly (readonly string[])[]} order
 * @param {string} place
 * @returns {{ name: string, height: number } | null}
 */
function layerOf(order, place) {
  const bare = place.replace(/\.tsx?$/, "");
  const all = order.flatMap((names, height) => names.map((name) => ({ name, height })));
  const found = all.filter(({ name }) => bare === name || bare.startsWith(`${name}/`));
  return found.sort((a, b) => b.name.length - a.name.length)[0] ?? null;
}

/**
 * Why `from` must not import `to`; null when it may.
 * @param {readonly (readonly (readonly string[])[])[]} orders
 * @param {string} from
 * @param {string} to
 * @returns {string | null}
 */
function whyForbidden(orders, from, to) {
  for (const order of orders) {
    const [own, other] = [layerOf(order, from), layerOf(order, to)];
    if (!own || !other || own.name === other.name || other.height < own.height) continue;
    const place = other.height > own.height ? "lies above" : "stands beside";
    const drawn = order.map((names) => names.join(" | ")).join(" < ");
    return `Layers: "${own.name}" must not import "${to}": "${other.name}" ${place} it. The order is ${drawn} (checks/layers.js).`;
  }
  return null;
}

/** @type {import("eslint").Rule.RuleModule} */
export const layersRule = {
  meta: {
    type: "problem",
    docs: { description: "Imports point down the layers of src/." },
    schema: [
      {
        type: "object",
        properties: { root: { type: "string" }, orders: { type: "array" } },
        required: ["root", "orders"],
        additionalProperties: false,
      },
    ],
  },
  create(context) {
    const { root, orders } = context.options[0];
    const file = path.relative(root, context.filename).replaceAll(path.sep, "/");
    if (file.startsWith("..")) return {};
    /** @param {any} source */
    const check = (source) => {
      const name = source?.type === "TSLiteralType" ? source.literal.value : source?.value;
      const place = typeof name === "string" ? placeOf(root, file, name) : null;
      const why = place === null ? null : whyForbidden(orders, file, place);
      if (why !== null) context.report({ node: source, message: why });
    };
    return {
      Program(node) {
        if (layerOf(orders[0], file) === null) {
          context.report({ node, message: `Layers: "${file}" is in no layer. Name its folder in checks/layers.js.` });
        }
      },
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      /** @param {any} node */
      TSImportType: (node) => check(node.source ?? node.argument),
    };
  },
};
