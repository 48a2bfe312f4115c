// Fails when files import one another in a circle; imports of types and late imports count. `node checks/circles.js [folder]`

import path from "node:path";
import { fileURLToPath } from "node:url";
import { importsBelow } from "./imports.js";

/**
 * The shortest circle of each knot of files that import one another; the first file comes again at the end.
 * @param {string} root
 * @returns {string[][]}
 */
export function findCircles(root) {
  const imports = importsBelow(root);
  /** @type {Set<string>} */
  const told = new Set();
  const circles = [];
  for (const file of imports.keys()) {
    if (told.has(file)) continue;
    const circle = wayBack(imports, file);
    if (!circle) continue;
    for (const one of knotOf(imports, file)) told.add(one);
    circles.push(circle);
  }
  return circles;
}

/**
 * The shortest way along imports from a file to itself.
 * @param {Map<string, string[]>} imports
 * @param {string} file
 * @returns {string[] | null}
 */
function wayBack(imports, file) {
  /** @type {Map<string, string>} */
  const cameFrom = new Map();
  const waiting = [file];
  for (const here of waiting) {
    for (const next of imports.get(here) ?? []) {
      if (next === file) {
        const way = [file];
        for (let at = here; at !== file; at = cameFrom.get(at) ?? file) way.unshift(at);
        return [file, ...way];
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, here);
      waiting.push(next);
    }
  }
  return null;
}

/**
 * The files that a file reaches and that reach it.
 * @param {Map<string, string[]>} imports
 * @param {string} file
 */
function knotOf(imports, file) {
  return [...reachedFrom(imports, file)].filter((other) => reachedFrom(imports, other).has(file));
}

/**
 * @param {Map<string, string[]>} imports
 * @param {string} file
 */
function reachedFrom(imports, file) {
  const found = new Set([file]);
  for (const here of found) for (const next of imports.get(here) ?? []) found.add(next);
  return found;
}

/** @param {string[]} circle */
export function tellCircle(circle) {
  return `Import circle (imports of types and late imports count): ${circle.join(" → ")}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = process.argv[2] ?? path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "src");
  const circles = findCircles(root);
  for (const circle of circles) console.error(tellCircle(circle));
  process.exitCode = circles.length > 0 ? 1 : 0;
}
