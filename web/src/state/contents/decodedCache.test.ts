import { describe, expect, it } from "vitest";
import { noteDown, noteUp } from "@/api/recovery";
import type { BlobRef } from "@/api/schema";
import { DecodedCache } from "@/state/contents/decodedCache";

const blob = (name: string): BlobRef => ({ sha256: name, size_bytes: 1, mime: "image/png" });

/** A cache whose loads end when the test says so. */
function cacheOf(options: { limitBytes?: number; width?: number } = {}) {
  const begun: string[] = [];
  const gone: string[] = [];
  const ends = new Map<string, { done: (value: string) => void; fail: (reason: Error) => void }>();
  const cache = new DecodedCache<string>({
    load: ({ sha256 }) => {
      begun.push(sha256);
      return new Promise((done, fail) => ends.set(sha256, { done, fail }));
    },
    sizeBytes: () => 10,
    dispose: (value) => gone.push(value),
    limitBytes: options.limitBytes ?? 1000,
    width: options.width ?? 2,
  });
  const finish = async (name: string): Promise<void> => {
    ends.get(name)?.done(name);
    await Promise.resolve();
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { cache, begun, gone, ends, finish };
}

describe("DecodedCache", () => {
  it("loads a thing once, however many want it", async () => {
    const { cache, begun, finish } = cacheOf();
    const both = [cache.load(blob("a")), cache.load(blob("a"))];
    expect(begun).toEqual(["a"]);
    await finish("a");
    expect(await Promise.all(both.map(({ ready }) => ready))).toEqual(["a", "a"]);
    expect(cache.get("a")).toBe("a");
  });

  it("loads what is looked at before what is only near, and never more than its lanes", async () => {
    const { cache, begun, finish } = cacheOf();
    for (const name of ["near1", "near2", "near3"]) cache.load(blob(name), false);
    cache.load(blob("seen"));
    expect(begun).toEqual(["near1", "seen"]); // one lane is kept free of prefetching
    await finish("seen");
    await finish("near1");
    expect(begun).toEqual(["near1", "seen", "near2"]);
  });

  it("gives up what nobody waits for any more, unless it has begun", async () => {
    const { cache, begun } = cacheOf({ width: 1 });
    cache.load(blob("a"));
    const second = cache.load(blob("b"));
    second.drop();
    await expect(second.ready).rejects.toThrow("no longer needed");
    expect(begun).toEqual(["a"]);
  });

  it("keeps what is held, however full it is, and disposes the least recently used", async () => {
    const { cache, gone, finish } = cacheOf({ limitBytes: 20 });
    const release = cache.hold("a");
    for (const name of ["a", "b", "c"]) {
      void cache.load(blob(name)).ready;
      await finish(name);
    }
    expect(gone).toEqual(["b"]);
    expect(cache.sizeBytes).toBe(20);
    release();
    void cache.load(blob("d")).ready;
    await finish("d");
    expect(gone).toEqual(["b", "a"]);
  });

  it("does not hammer on a failure, but tries again when the server answers again", async () => {
    const { cache, begun, ends } = cacheOf();
    const first = cache.load(blob("a"));
    ends.get("a")?.fail(new Error("no answer"));
    await expect(first.ready).rejects.toThrow("no answer");
    await expect(cache.load(blob("a")).ready).rejects.toThrow("no answer");
    expect(begun).toEqual(["a"]);
    noteDown();
    noteUp();
    void cache.load(blob("a"));
    expect(begun).toEqual(["a", "a"]);
  });
});
