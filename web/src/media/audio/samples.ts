/** The samples of a sound: read from a plain WAV as they are, else decoded by the browser. */
import { apiErrorFrom } from "@/api/errors";
import { source } from "@/state/server/source";
import type { AudioRecord } from "@/api/schema";

export interface Samples {
  channels: Float32Array[];
  rate: number;
}

const LIMIT_BYTES = 512 * 1024 * 1024;
const WEB_AUDIO_RATES = [3000, 384_000] as const;

/** Rejects with words for people. */
export async function loadSamples(record: AudioRecord, signal: AbortSignal): Promise<Samples> {
  if ((record.frame_count ?? 0) * (record.channels ?? 1) * 4 > LIMIT_BYTES) {
    throw new Error("This sound is too long to be looked at from near.");
  }
  let data = await fetchBytes(record.blob.sha256, signal);
  const plain = samplesOfWav(data);
  if (plain) return plain;
  if (record.preview) data = await fetchBytes(record.preview.sha256, signal);
  const rate = Math.min(WEB_AUDIO_RATES[1], Math.max(WEB_AUDIO_RATES[0], record.sample_rate ?? 48_000));
  try {
    const decoded = await new OfflineAudioContext(1, 1, rate).decodeAudioData(data);
    return { channels: Array.from({ length: decoded.numberOfChannels }, (_, at) => decoded.getChannelData(at)), rate: decoded.sampleRate };
  } catch {
    throw new Error(`This browser can't decode this ${record.format}.`);
  }
}

async function fetchBytes(sha256: string, signal: AbortSignal): Promise<ArrayBuffer> {
  try {
    return await (await source.request("GET", `api/blobs/${sha256}`, undefined, { signal })).arrayBuffer();
  } catch (thrown) {
    throw new Error(`The sound can't be loaded: ${apiErrorFrom(thrown).message}`);
  }
}

/** The samples of a WAV of plain integers or floats; null for any other file. NaN and infinities become silence. */
export function samplesOfWav(data: ArrayBuffer): Samples | null {
  const view = new DataView(data);
  const tag = (at: number): string => (at + 4 <= data.byteLength ? String.fromCharCode(...new Uint8Array(data, at, 4)) : "");
  if (tag(0) !== "RIFF" || tag(8) !== "WAVE") return null;
  let form: { kind: number; channels: number; rate: number; bits: number } | null = null;
  for (let at = 12; at + 8 <= data.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    if (tag(at) === "fmt " && at + 24 <= data.byteLength) {
      form = {
        kind: view.getUint16(at + 8, true),
        channels: view.getUint16(at + 10, true),
        rate: view.getUint32(at + 12, true),
        bits: view.getUint16(at + 22, true),
      };
    }
    if (tag(at) === "data") return form && readData(view, at + 8, Math.min(size, data.byteLength - at - 8), form);
    at += 8 + size + (size % 2);
  }
  return null;
}

function readData(
  view: DataView,
  start: number,
  size: number,
  form: { kind: number; channels: number; rate: number; bits: number },
): Samples | null {
  const { kind, channels, rate, bits } = form;
  const readers: Readonly<Record<string, (at: number) => number>> = {
    "1/8": (at) => (view.getUint8(at) - 128) / 128,
    "1/16": (at) => view.getInt16(at, true) / 2 ** 15,
    "1/32": (at) => view.getInt32(at, true) / 2 ** 31,
    "3/32": (at) => view.getFloat32(at, true),
    "3/64": (at) => view.getFloat64(at, true),
  };
  const read = readers[`${kind}/${bits}`];
  if (!read || channels < 1 || rate < 1) return null;
  const width = bits / 8;
  const count = Math.floor(size / (width * channels));
  const found = Array.from({ length: channels }, () => new Float32Array(count));
  for (const [channel, samples] of found.entries()) {
    for (let at = 0; at < count; at++) {
      const value = read(start + (at * channels + channel) * width);
      samples[at] = Number.isFinite(value) ? value : 0;
    }
  }
  return { channels: found, rate };
}
