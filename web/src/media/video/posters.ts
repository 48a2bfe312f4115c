/** Posters that are decoded before a tile shows them, so that going from step to step does not flash. */
import { blobUrl } from "@/api/client";
import type { VideoRecord } from "@/api/schema";
import type { Preparation } from "@/media/view";

const KEPT = 300;
const ready = new Map<string, Promise<void> | true>();
/** The elements keep the decoded pictures alive. */
const elements = new Map<string, HTMLImageElement>();

export function preparePoster(record: VideoRecord): Preparation {
  const sha256 = record.poster?.sha256;
  const found = sha256 ? ready.get(sha256) : true;
  if (!sha256 || found === true) return { isReady: true, ready: Promise.resolve(), release: () => undefined };
  return { isReady: false, ready: found ?? load(sha256), release: () => undefined };
}

function load(sha256: string): Promise<void> {
  const image = new Image();
  image.src = blobUrl(sha256);
  elements.set(sha256, image);
  const done = image.decode().then(
    () => void ready.set(sha256, true),
    () => void ready.set(sha256, true), // the card says that the poster is missing
  );
  ready.set(sha256, done);
  for (const old of ready.keys()) {
    if (ready.size <= KEPT) break;
    ready.delete(old);
    elements.delete(old);
  }
  return done;
}
