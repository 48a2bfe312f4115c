/** Bytes of blobs for 3D, kept for a while: neighbours of a step are fetched before they are drawn. */
import { source } from "@/state/server/source";
import type { BlobRef } from "@/api/schema";
import { Recent } from "@/lib/recent";

const KEPT_BYTES = 192 * 1024 * 1024;
const kept = new Recent<string, { bytes: Promise<ArrayBuffer>; size: number }>({ limit: KEPT_BYTES, size: ({ size }) => size });

/** A blob, or bytes `start` to `end` of it. */
export function bytesOf(blob: BlobRef, start = 0, end = blob.size_bytes): Promise<ArrayBuffer> {
  const id = `${blob.sha256} ${start} ${end}`;
  const found = kept.get(id);
  if (found) return found.bytes;
  const size = Math.max(0, end - start);
  const bytes = size === 0 ? Promise.resolve(new ArrayBuffer(0)) : fetchBytes(blob, start, end);
  const entry = { bytes, size };
  kept.set(id, entry);
  bytes.catch(() => {
    if (kept.peek(id) === entry) kept.delete(id); // a failure is not an answer that stays
  });
  return bytes;
}

async function fetchBytes(blob: BlobRef, start: number, end: number): Promise<ArrayBuffer> {
  const isPart = start > 0 || end < blob.size_bytes;
  const path = `api/blobs/${encodeURIComponent(blob.sha256)}`;
  const response = await source.request("GET", path, undefined, isPart ? { headers: { Range: `bytes=${start}-${end - 1}` } } : {});
  const bytes = await response.arrayBuffer();
  // Something between us and the server may not know ranges.
  return isPart && response.status === 200 ? bytes.slice(start, end) : bytes;
}

