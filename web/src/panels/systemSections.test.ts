import { expect, it } from "vitest";
import type { KeyView } from "@/api/schema";
import { systemSections } from "@/panels/systemSections";

const view = (key: string): KeyView => ({ key, kind: "system", runs: [], step_key: null, is_hidden: false });

it("gathers the machine's metrics in the sections that people look for, and loses none", () => {
  const keys = [
    "system/cpu",
    "system/cpu.0",
    "system/memory_percent",
    "system/process.cpu",
    "system/gpu.0.percent",
    "system/network.sent_mb",
    "system/fan",
  ];
  const sections = systemSections(keys.map(view));
  expect(sections.map(({ title, keys: members }) => [title, members.map((one) => one.key)])).toEqual([
    ["GPU", ["system/gpu.0.percent"]],
    ["CPU", ["system/cpu", "system/cpu.0"]],
    ["Memory", ["system/memory_percent"]],
    ["Process", ["system/process.cpu"]],
    ["Network", ["system/network.sent_mb"]],
    ["Other", ["system/fan"]],
  ]);
  expect(systemSections([])).toEqual([]);
});
