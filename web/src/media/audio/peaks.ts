/** The outlines of sounds, loaded once. */
import { apiErrorFrom } from "@/api/errors";
import { source } from "@/state/server/source";
import type { AudioRecord } from "@/api/schema";
import type { Preparation } from "@/lib/preparation";
import { type Lane, lanesOf } from "@/media/audio/outline";
import type { Need } from "@/media/view";
import { DecodedCache } from "@/state/contents/decodedCache";

const LIMIT_BYTES = 32 * 1024 * 1024;

const peaks = new DecodedCache<ArrayBuffer>({
  load: async (blob) => {
    try {
      return await (await source.request("GET", `api/blobs/${blob.sha256}`, undefined, {})).arrayBuffer();
    } catch (thrown) {
      throw new Error(`The outline of the sound can't be loaded: ${apiErrorFrom(thrown).message}`);
    }
  },
  sizeBytes: (bytes) => bytes.byteLength,
  limitBytes: LIMIT_BYTES,
});

export function preparePeaks(record: AudioRecord, need: Need): Preparation {
  if (!record.peaks) return { isReady: true, ready: Promise.resolve(), release: () => undefined };
  const letGo = peaks.hold(record.peaks.sha256);
  const isReady = peaks.get(record.peaks.sha256) !== undefined;
  const loading = peaks.load(record.peaks, need.isUrgent);
  const ready = loading.ready.then(() => undefined, () => undefined); // without it the sound can still be played
  return {
    isReady,
    ready,
    release: () => {
      loading.drop();
      letGo();
    },
  };
}

/** The outline when it is loaded; else asks for it and calls `onLoad`. */
export function lanesFor(record: AudioRecord, onLoad: () => void): Lane[] | null {
  if (!record.peaks || !record.peak_count) return null;
  const found = peaks.get(record.peaks.sha256);
  if (found) return lanesOf(found, record.peak_count, record.channels ?? 1);
  peaks.load(record.peaks).ready.then(onLoad, () => undefined);
  return null;
}
