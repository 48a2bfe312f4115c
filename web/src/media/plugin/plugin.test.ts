import { effect } from "@preact/signals";
import { expect, test, vi } from "vitest";
import type { PluginRecord, PluginView } from "@/api/schema";
import { findView, viewCode } from "@/media/plugin/installed";
import { isPluginMessage } from "@/media/plugin/protocol";

const { asked } = vi.hoisted(() => ({ asked: [] as string[] }));
vi.mock("@/state/server/source", () => ({
  source: {
    request: (_method: string, path: string) => {
      asked.push(path);
      return Promise.resolve(new Response("x".repeat(8 * 1024 * 1024)));
    },
  },
}));

const record: PluginRecord = { kind: "plugin", plugin: "palette:swatches", package: "diorama-palette" };
const palette: PluginView = {
  name: "palette",
  package: "diorama-palette",
  version: "1.0",
  trouble: "",
  kinds: [{ name: "swatches", title: "colour palette", view: "ab" }],
};

test("the view of a record is found by plugin and kind", () => {
  expect(findView(record, [palette])).toEqual({ is: "there", title: "colour palette", view: "ab" });
});

test.each([
  [[], "Install diorama-palette where the server runs to see it."],
  [[{ ...palette, trouble: "it has no view" }], "The plugin “palette” (diorama-palette) can't be used: it has no view"],
  [[{ ...palette, kinds: [] }], "diorama-palette 1.0 has no kind “swatches”."],
])("what is missing is said in words", (plugins, reason) => {
  expect(findView(record, plugins)).toEqual({ is: "missing", reason });
});

test("a package that nobody knows is named by its plugin", () => {
  const found = findView({ kind: "plugin", plugin: "palette:swatches" }, []);
  expect(found).toMatchObject({ reason: "Install the plugin “palette” where the server runs to see it." });
});

test("a frame draws whole messages only", () => {
  const message = { type: "plugin", key: "a", view: "b", code: "c", content: {} };
  expect(isPluginMessage(message)).toBe(true);
  expect(isPluginMessage({ ...message, content: null })).toBe(false);
  expect(isPluginMessage({ ...message, type: "figure" })).toBe(false);
  expect(isPluginMessage(null)).toBe(false);
});

test("modules that no tile shows are given up when there are many, those on show stay", async () => {
  const stop = effect(() => void viewCode("shown").value);
  for (const name of ["a", "b", "c", "d", "e"]) {
    const code = viewCode(name);
    await vi.waitFor(() => expect(code.value.is).toBe("ready"));
  }
  stop();
  asked.length = 0;
  for (const name of ["shown", "e", "a"]) viewCode(name);
  expect(asked).toEqual(["api/plugins/views/a"]);
});
