import { effect } from "@preact/signals";
import { expect, it, vi } from "vitest";
import type { BlobRef } from "@/api/schema";
import { blobBytes } from "@/state/contents/blobs";
import { source } from "@/state/server/source";

it("asks once for blobs that are needed together and have no room together", async () => {
  const asked: string[] = [];
  vi.spyOn(source, "request").mockImplementation(async (_, path) => {
    asked.push(path);
    await new Promise((resolve) => setTimeout(resolve, asked.length));
    return new Response("bytes");
  });
  const blobs = ["a", "b", "c"].map((sha256): BlobRef => ({ sha256, size_bytes: 60e6, mime: "a/b" }));
  let states: string[] = [];
  // As a component does, which is drawn again whenever one of them has come.
  const stop = effect(() => {
    states = blobs.map((blob) => blobBytes(blob).value.is);
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  stop();
  expect(states).toEqual(["ready", "ready", "ready"]);
  expect(asked).toEqual(["api/blobs/a", "api/blobs/b", "api/blobs/c"]);
});
