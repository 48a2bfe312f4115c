/** Bytes of blobs for 3D, kept for a while: neighbours of a step are fetched before they are drawn. */
import { request } from "@/api/client";
import type { BlobRef } from "@/api/schema";

const KEPT_BYTES = 192 * 1024 * 1024;
const kept = new Map<string, { bytes: Promise<ArrayBuffer>; size: number }>(); // least recently used first
let used = 0;

/** A blob, or bytes `start` to `end` of it. */
export function bytesOf(blob: BlobRef, start = 0, end = blob.size_bytes): Promise<ArrayBuffer> {
  const id = `${blob.sha256} ${start} ${end}`;
  const found = kept.get(id);
  if (found) {
    kept.delete(id);
    kept.set(id, found);
    return found.bytes;
  }
  const size = Math.max(0, end - start);
  const bytes = size === 0 ? Promise.resolve(new ArrayBuffer(0)) : fetchBytes(blob, start, end);
  kept.set(id, { bytes, size });
  used += size;
  bytes.catch(() => forget(id)); // a failure is not an answer that stays
  for (const old of kept.keys()) {
    if (used <= KEPT_BYTES || old === id) break;
    forget(old);
  }
  return bytes;
}

function forget(id: string): void {
  const entry = kept.get(id);
  if (!entry) return;
  kept.delete(id);
  used -= entry.size;
}

async function fetchBytes(blob: BlobRef, start: number, end: number): Promise<ArrayBuffer> {
  const isPart = start > 0 || end < blob.size_bytes;
  const path = `api/blobs/${encodeURIComponent(blob.sha256)}`;
  const response = await request("GET", path, undefined, isPart ? { headers: { Range: `bytes=${start}-${end - 1}` } } : {});
  const bytes = await response.arrayBuffer();
  // Something between us and the server may not know ranges.
  return isPart && response.status === 200 ? bytes.slice(start, end) : bytes;
}

