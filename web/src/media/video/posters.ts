/** Posters that are decoded before a tile shows them, so that going from step to step does not flash. */
import { source } from "@/state/server/source";
import type { VideoRecord } from "@/api/schema";
import type { Preparation } from "@/lib/preparation";
import { Recent } from "@/lib/recent";

const KEPT = 300;
/** The elements keep the decoded pictures alive. */
const posters = new Recent<string, { image: HTMLImageElement; decoded: Promise<void>; isDecoded: boolean }>({ limit: KEPT });

export function preparePoster(record: VideoRecord): Preparation {
  const sha256 = record.poster?.sha256;
  const found = sha256 ? posters.get(sha256) : undefined;
  if (!sha256 || found?.isDecoded) return { isReady: true, ready: Promise.resolve(), release: () => undefined };
  return { isReady: false, ready: found?.decoded ?? load(sha256), release: () => undefined };
}

function load(sha256: string): Promise<void> {
  const image = new Image();
  image.src = source.blobUrl(sha256);
  const done = (): void => void (poster.isDecoded = true); // failed too: the card says that the poster is missing
  const poster = { image, decoded: image.decode().then(done, done), isDecoded: false };
  posters.set(sha256, poster);
  return poster.decoded;
}
