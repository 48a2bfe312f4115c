// The imports between our own files, as text: `import`, `export … from`, `import type`, `import("…")` (also in types)
// and the files of workers.

import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const ENDINGS = ["", ".ts", ".tsx", "/index.ts", "/index.tsx"];
const WORKER = /new URL\(\s*"([^"]+\.tsx?)"\s*,\s*import\.meta\.url\s*\)/g;

/**
 * The place below `root` that an import names, without asking whether there is a file; null for packages, styles and assets.
 * @param {string} root
 * @param {string} file below root
 * @param {string} name as it stands in the import
 * @returns {string | null}
 */
export function placeOf(root, file, name) {
  if (/[?]|\.css$/.test(name)) return null;
  if (name.startsWith("@/")) return name.slice(2);
  if (!name.startsWith(".")) return null;
  const place = path.relative(root, path.resolve(root, path.dirname(file), name));
  return place.startsWith("..") ? null : place.replaceAll(path.sep, "/");
}

/**
 * All TypeScript files below `root`, each with the files that it imports.
 * @param {string} root
 * @returns {Map<string, string[]>}
 */
export function importsBelow(root) {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll(path.sep, "/"))
    .filter((file) => /\.tsx?$/.test(file))
    .sort();
  return new Map(files.map((file) => [file, importsOf(root, file)]));
}

/**
 * @param {string} root
 * @param {string} file
 * @returns {string[]}
 */
function importsOf(root, file) {
  const text = readFileSync(path.join(root, file), "utf8");
  const names = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  names.push(...[...text.matchAll(WORKER)].map((match) => match[1] ?? ""));
  const found = names.flatMap((name) => {
    const place = placeOf(root, file, name);
    const ending = ENDINGS.find((one) => place !== null && isFile(path.join(root, place + one)));
    return place === null || ending === undefined ? [] : [place + ending];
  });
  return [...new Set(found)];
}

/** @param {string} name */
function isFile(name) {
  return existsSync(name) && statSync(name).isFile();
}
