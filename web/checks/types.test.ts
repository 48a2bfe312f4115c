import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(path.join(os.tmpdir(), "types-"));
afterAll(() => rmSync(folder, { recursive: true }));

const within = (name: string): string => path.join(folder, name);
const write = (name: string, text: string, time: Date): void => {
  writeFileSync(within(name), text);
  utimesSync(within(name), time, time);
};
const check = (): { status: number | null; stdout: string } =>
  spawnSync("node", ["checks/types.js", folder], { encoding: "utf8" });

test("types are checked again in what was saved during a check, and after an installation", () => {
  const longAgo = new Date(2000, 0);
  const tsBuildInfoFile = "node_modules/.cache/tsbuildinfo";
  const compilerOptions = { noEmit: true, incremental: true, types: [], lib: ["ES5"], skipLibCheck: true, tsBuildInfoFile };
  mkdirSync(within("node_modules/some"), { recursive: true });
  write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }), longAgo);
  write("node_modules/.package-lock.json", "{}", longAgo);
  write("node_modules/some/index.d.ts", "export const some: number;", longAgo);
  write("own.ts", 'import { some } from "some"; export const own: number = some;', longAgo);
  const began = Date.now();
  expect(check().status).toBe(0);
  // What is saved from then on is newer.
  const notes = statSync(within(tsBuildInfoFile));
  expect(notes.mtimeMs).toBeGreaterThanOrEqual(began);
  expect(notes.mtimeMs).toBeLessThan(notes.ctimeMs - 50);

  write("node_modules/some/index.d.ts", "export const some: string;", longAgo);
  write("node_modules/.package-lock.json", "{ }", new Date());
  const again = check();
  expect(again.status).not.toBe(0);
  expect(again.stdout).toContain("TS2322");
}, 60_000);
