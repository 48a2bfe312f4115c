/** Pictures and masks from their blobs: by workers, or here where a browser forbids workers. Errors are words for people. */
import { apiErrorFrom } from "@/api/errors";
import { source } from "@/state/server/source";
import type { BlobRef } from "@/api/schema";
import type { DecodeAnswer, DecodeJob } from "@/media/image/decode.worker";
import { type GreyImage, decodeGreyPng } from "@/media/image/maskPng";
import { type ValueGrid, decodeValues } from "@/media/image/values";

export async function decodePicture(blob: BlobRef): Promise<ImageBitmap> {
  const answer = await decodeAway("picture", blob);
  if (answer?.bitmap) return answer.bitmap;
  if (answer) throw new Error(problemOf(answer, `The browser can't decode this picture (${blob.mime}).`));
  const file = await (await fetchHere(blob)).blob();
  try {
    return await createImageBitmap(file, { colorSpaceConversion: "none" });
  } catch {
    throw new Error(`The browser can't decode this picture (${blob.mime}).`);
  }
}

export async function decodeMask(blob: BlobRef): Promise<GreyImage> {
  const answer = await decodeAway("mask", blob);
  if (answer?.image) return answer.image;
  if (answer) throw new Error(problemOf(answer, `The mask can't be decoded: ${answer.problem ?? "unknown"}.`));
  const bytes = new Uint8Array(await (await fetchHere(blob)).arrayBuffer());
  try {
    return await decodeGreyPng(bytes);
  } catch (thrown) {
    throw new Error(`The mask can't be decoded: ${thrown instanceof Error ? thrown.message : String(thrown)}.`);
  }
}

/** The numbers behind a picture, as they were logged. */
export async function decodeGrid(blob: BlobRef): Promise<ValueGrid> {
  const answer = await decodeAway("values", blob);
  if (answer?.grid) return answer.grid;
  if (answer) throw new Error(problemOf(answer, `The values can't be decoded: ${answer.problem ?? "unknown"}.`));
  const bytes = new Uint8Array(await (await fetchHere(blob)).arrayBuffer());
  try {
    return await decodeValues(bytes);
  } catch (thrown) {
    throw new Error(`The values can't be decoded: ${thrown instanceof Error ? thrown.message : String(thrown)}.`);
  }
}

function problemOf({ status }: DecodeAnswer, undecodable: string): string {
  if (status === undefined) return undecodable;
  // The worker has no part in signing in: let the client notice it in its own way.
  if (status === 401) void source.getJson("api/session").catch(() => undefined);
  return fetchWords(status, "");
}

function fetchWords(status: number, message: string): string {
  if (status === 404 || status === 410) return "The file is no longer in the store.";
  if (status === 401) return "Sign in again to see this.";
  return message || (status === 0 ? "The server does not answer." : `The server answered ${status}.`);
}

async function fetchHere({ sha256 }: BlobRef): Promise<Response> {
  try {
    return await source.request("GET", `api/blobs/${encodeURIComponent(sha256)}`, undefined, {});
  } catch (thrown) {
    const error = apiErrorFrom(thrown);
    throw new Error(fetchWords(error.status, error.message));
  }
}

// ---- workers ----

const WORKERS = 2;
let workers: Worker[] | null = null;
let isForbidden = false;
let lastJob = 0;
const waiting = new Map<number, (answer: DecodeAnswer | null) => void>();

/** Null where there are no workers. */
function decodeAway(what: DecodeJob["what"], blob: BlobRef): Promise<DecodeAnswer | null> {
  workers ??= startWorkers();
  const id = ++lastJob;
  const worker = workers[id % Math.max(1, workers.length)];
  if (!worker || isForbidden) return Promise.resolve(null);
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    worker.postMessage({ id, what, url: new URL(source.blobUrl(blob.sha256), location.href).href } satisfies DecodeJob);
  });
}

function startWorkers(): Worker[] {
  try {
    return Array.from({ length: WORKERS }, () => {
      const worker = new Worker(new URL("./decode.worker.ts", import.meta.url), { type: "module" });
      worker.onmessage = ({ data }: MessageEvent<DecodeAnswer>) => {
        waiting.get(data.id)?.(data);
        waiting.delete(data.id);
      };
      worker.onerror = giveUpWorkers; // it never came up
      return worker;
    });
  } catch {
    return [];
  }
}

function giveUpWorkers(): void {
  isForbidden = true;
  for (const resolve of waiting.values()) resolve(null);
  waiting.clear();
}
