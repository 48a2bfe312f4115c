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
  "media",
  "panels",
  "pages",
];

/**
 * What modules of `media` hold for the whole window, by file: caches of what is the same for all scopes, things that a
 * browser has few of, and one permission. What a person chooses is never here: it belongs to a scope.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const OF_THE_WINDOW = {
  "media/chart/rows.ts": ["held"], // rows by the hash of their file
  "media/figure/stills.ts": ["kept", "frames", "queues"], // pictures of figures by their key, and the frames that draw them
  "media/html/HtmlCard.tsx": ["allowed"], // pages that may load from outside, by hash, until the window is closed
  "media/image/pictures.ts": ["gridStatus"], // what became of files, by hash
  "media/image/paint.ts": ["tables"], // colours of a mask, by the mask itself
  "media/audio/voice.ts": ["voices"], // players
  "media/molecule/live.ts": ["liveOwner", "hoveredAtom"], // who has the one live viewer
  "media/molecule/stills.ts": ["kept"], // pictures by what they show
  "media/object3d/bytes.ts": ["kept"], // files by hash
  "media/object3d/contents.ts": ["entries", "keys", "effect"], // scenes by hash, as long as the engine lives
  "media/object3d/engine.ts": ["contextAge", "askers"], // the one engine
  "media/object3d/load.ts": ["viewer", "viewerFailure"], // the viewer's code
  "media/object3d/stage.ts": ["dirty"], // what the engine draws next
  "media/plugin/installed.ts": ["listed", "codes"], // what the server has, modules by hash
  "media/registry.ts": ["views"], // the kinds
  "media/table/LazyTable.tsx": ["view", "failure"], // the view's code
  "media/text/markdown.ts": ["waiting"], // the worker's jobs
  "media/image/decode.ts": ["waiting"], // the workers' jobs
  "media/tiles.ts": ["tiles"], // all tiles, of whichever scope, to draw them again
  "media/video/posters.ts": ["posters"], // pictures by hash
};

/** Which page the window shows: a scope may be of another project, and says so itself (`scope.route`). */
const WINDOW_ROUTE = { place: "state/page/route", name: "route" };
/** The frame of the window, which is no part of any scope. */
const WINDOW_FRAME = new Set(["panels/TopBar.tsx", "panels/frameCommands.ts"]);

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
    const allowed = OF_THE_WINDOW[file] ?? [];
    /**
     * @param {any} node
     * @param {string} what
     */
    const report = (node, what) => {
      /** @type {any[]} */
      const around = context.sourceCode.getAncestors(node);
      const owner = around.find(({ type }) => type === "VariableDeclarator")?.id.name ?? node.callee?.name;
      if (allowed.includes(owner)) return;
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
        if (WINDOW_FRAME.has(file) || place !== WINDOW_ROUTE.place) return;
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
        if (!(isState || folder === "media") || node.callee.type !== "Identifier" || !isOfModule(node)) return;
        const { name } = node.callee;
        if (name === "Recent" || (STORES.has(name) && node.arguments.length === 0)) report(node, `the ${name}`);
      },
      VariableDeclaration(node) {
        if (isState && node.kind === "let" && isOfModule(node)) report(node, "a variable");
      },
    };
  },
};
