import { expect, it, vi } from "vitest";

vi.mock("@/media/file/FileCard", () => ({ DownloadLink: () => null }));
const { failureText, isFailed, keptFiles } = await import("@/media/failed/FailedCard");

const blob = (letter: string) => ({ sha256: letter.repeat(64), size_bytes: 3, mime: "application/octet-stream" });
const record = { kind: "failed", of: "image", reason: "ValueError: no", buffers: [blob("a"), null, blob("b")], header: blob("c") };

it("offers every file that a failed record names, and nothing for what was damaged", () => {
  expect(keptFiles(record).map((file) => [file.path, file.blob.sha256.charAt(0)])).toEqual([
    ["image.0.bin", "a"],
    ["image.2.bin", "b"],
    ["image.header.msgpack", "c"],
  ]);
});

it("says what failed and why", () => {
  expect([isFailed(record), isFailed({ kind: "image" }), isFailed(null)]).toEqual([true, false, false]);
  expect(failureText(record)).toBe("image: could not be encoded; its bytes are kept: ValueError: no");
});
