/** Which view draws a logged item. Adding a kind to the union without a view does not compile. */
import type { MediaRecord } from "@/api/schema";
import { FILE_VIEW } from "@/media/file/FileCard";
import { HISTOGRAM_VIEW } from "@/media/histogram";
import { IMAGE_VIEW } from "@/media/image";
import type { UnknownRecord } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export type RecordOf<K extends MediaRecord["kind"]> = Extract<MediaRecord, { kind: K }>;

export const VIEWS: { readonly [K in MediaRecord["kind"]]: View<RecordOf<K>> } = {
  image: IMAGE_VIEW,
  histogram: HISTOGRAM_VIEW,
  file: FILE_VIEW,
};

/** Whether a logged item is a record of some kind, known or not; else it is a plain value. */
export function isRecord(item: unknown): item is UnknownRecord {
  return typeof item === "object" && item !== null && "kind" in item && typeof item.kind === "string";
}

export function isKnown(item: unknown): item is MediaRecord {
  return isRecord(item) && Object.hasOwn(VIEWS, item.kind);
}

/** The view of a record. The one place where a record and its view are brought together by their tag. */
export function viewOfRecord(record: MediaRecord): View {
  return VIEWS[record.kind] as unknown as View; // the mapped type above guarantees that the tags agree
}
