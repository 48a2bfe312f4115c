// Checks the types of what has changed: `node checks/types.js [folder]`
//
// `tsc --build` goes by the times of files. So what it notes down bears the time at which it began, not that at which
// it ended: a file that is saved meanwhile is newer. The times of installed packages say nothing: after an
// installation, everything is checked.

import { spawnSync } from "node:child_process";
import { existsSync, rmSync, statSync, utimesSync } from "node:fs";
import path from "node:path";

const folder = process.argv[2] ?? ".";
const notes = path.join(folder, "node_modules/.cache/tsbuildinfo");
const installed = path.join(folder, "node_modules/.package-lock.json");

/** @param {string} file */
const changedAt = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

const began = new Date();
if (changedAt(installed) >= changedAt(notes)) rmSync(notes, { force: true });
const { status } = spawnSync("node_modules/.bin/tsc", ["--build", folder], { stdio: "inherit" });
if (existsSync(notes)) utimesSync(notes, began, began);
process.exitCode = status ?? 1;
