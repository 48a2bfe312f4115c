import { describe, expect, it } from "vitest";
import { CannedSource } from "@/api/canned";
import type { ApiError } from "@/api/errors";

describe("CannedSource", () => {
  it("gives the answer whose name says most of what was asked", async () => {
    const source = new CannedSource({
      "GET api/keys": { keys: ["any"] },
      "GET api/keys?runs=1": { keys: ["of 1"] },
      'POST api/media {"wanted":[]}': { cells: ["none"] },
      "POST api/media": { cells: ["any"] },
    });
    expect(await source.getJson("api/keys?runs=1")).toEqual({ keys: ["of 1"] });
    expect(await source.getJson("api/keys?runs=2")).toEqual({ keys: ["any"] });
    expect(await source.postJson("api/media", { wanted: [] })).toEqual({ cells: ["none"] });
    expect(await source.postJson("api/media", { wanted: [1] })).toEqual({ cells: ["any"] });
  });

  it("says like a server what it does not have, and that somebody no longer waits", async () => {
    const source = new CannedSource({ "POST api/series": () => new Promise(() => undefined) });
    await expect(source.getJson("api/keys")).rejects.toMatchObject({ code: "not_found", status: 404 } satisfies Partial<ApiError>);
    const abort = new AbortController();
    const answer = source.postJson("api/series", {}, { signal: abort.signal });
    abort.abort();
    await expect(answer).rejects.toMatchObject({ isAborted: true });
  });

  it("gives columns and blobs as bytes, and elements their address", async () => {
    const bytes = new Uint8Array([2, 0, 0, 0, 123, 125, 32, 32]);
    const source = new CannedSource({ "POST api/series": bytes, "GET api/blobs/abc": new Uint8Array([104, 105]) });
    expect((await source.postColumns("api/series", {})).head).toEqual({});
    expect(await (await source.request("GET", "api/blobs/abc", undefined, {})).text()).toBe("hi");
    expect(source.blobUrl("abc")).toBe("data:application/octet-stream;base64,aGk=");
    expect(source.blobUrl("gone")).toBe("about:blank");
  });
});
